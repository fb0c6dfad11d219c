"""Names outside the catalogue: Keras's own strings, other libraries' names, the files of TensorFlow Addons."""
