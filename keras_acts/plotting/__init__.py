"""Pictures of activations and their derivatives. Needs matplotlib: ``pip install "keras-acts[plot]"``.

Figures are made as objects, without pyplot: no display, no global state. Nothing here changes matplotlib's settings.
"""

from keras_acts.plotting._drawing import Curve, curve, plot, sensible_range, sketch, strip

__all__ = ["Curve", "curve", "plot", "sensible_range", "sketch", "strip"]
