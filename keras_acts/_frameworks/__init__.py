"""One module for each framework, of which only that of Keras's own backend is imported: nothing else imports a framework.

Rules of this folder:
- A backward pass keeps the inputs and nothing else; the derivative is computed from them.
- What a framework does better than the formula is a kernel. It is declared under the name of its activation, beside the
  backward pass, with the numbers and the dtypes that it is right for. The same tests hold it to the same contract.
- The catalogue stands above and is never imported from here. It gives its names and parameters to `door.check_kernels`, which
  refuses a kernel of nobody.
"""
