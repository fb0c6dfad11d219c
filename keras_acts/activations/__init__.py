"""Every activation of the catalogue as a function: ``keras_acts.activations.NAME(x, **parameters)``."""

from keras_acts._catalogue import names as _names
from keras_acts.activations._exponential import *  # noqa: F403
from keras_acts.activations._gated import *  # noqa: F403
from keras_acts.activations._normalising import *  # noqa: F403
from keras_acts.activations._periodic import *  # noqa: F403
from keras_acts.activations._piecewise import *  # noqa: F403
from keras_acts.activations._rectified import *  # noqa: F403
from keras_acts.activations._self_gated import *  # noqa: F403
from keras_acts.activations._shrinkage import *  # noqa: F403
from keras_acts.activations._sigmoidal import *  # noqa: F403

__all__ = _names()  # pyright: ignore[reportUnsupportedDunderAll]

# A family file imports more than it declares; what is no activation does not belong here.
for _name in [name for name in globals() if not name.startswith("_") and name not in __all__]:
    del globals()[_name]
