"""One module for each framework, of which only that of Keras's own backend is imported: nothing else imports a framework.

Rules of these files:
- A backward pass keeps the inputs and nothing else; the derivative is computed from them.
- What a framework does better than the formula is data, in its `Engine`: kernels for values, kernels for backward passes, and
  the names whose automatic derivative is right and lean. The same tests hold them to the same contract.
"""
