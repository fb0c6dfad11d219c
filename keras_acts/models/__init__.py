"""Models elsewhere: where this package is not installed, in the runtimes of other formats, and on disk."""

from keras_acts.models._files import export, save
from keras_acts.models._portable import Portability, make_portable, portability
from keras_acts.models._report import LayerReport

__all__ = ["LayerReport", "Portability", "export", "make_portable", "portability", "save"]
