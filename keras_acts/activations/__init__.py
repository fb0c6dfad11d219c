"""Every activation of the catalogue as a function: ``keras_acts.activations.NAME(x, **parameters)``.

An element-wise activation takes a tensor of any shape and returns a tensor of the same shape and dtype. Integers and bools
become `keras.config.floatx()`. A parameter is a number in the range that is given for it. Instead of a real number it may be a
tensor that broadcasts to `x`, such as one number for each channel, which can then be learned. The exact derivative with respect
to `x` is ``NAME.derivative(x, **parameters)``.

A call raises a TypeError if `x` does not hold real numbers, or if a parameter is unknown, missing or of the wrong type. It
raises a ValueError if a parameter is out of its range or does not broadcast to `x`.
"""

from keras_acts._catalogue import names as _names
from keras_acts.activations._exponential._exp import (
    exponential as exponential,
    sinh as sinh,
)
from keras_acts.activations._exponential._softplus import (
    log_sigmoid as log_sigmoid,
    softplus as softplus,
    sqrt_softplus as sqrt_softplus,
    squareplus as squareplus,
)
from keras_acts.activations._exponential._units import (
    celu as celu,
    elu as elu,
    selu as selu,
    xielu as xielu,
)
from keras_acts.activations._gated._pieces import (
    crelu as crelu,
    maxout as maxout,
)
from keras_acts.activations._gated._products import (
    bilinear as bilinear,
    geglu as geglu,
    glu as glu,
    reglu as reglu,
    softcapped_swiglu as softcapped_swiglu,
    swiglu as swiglu,
    swiglu_oai as swiglu_oai,
)
from keras_acts.activations._normalising._scaled import (
    lp_normalize as lp_normalize,
    standardize as standardize,
)
from keras_acts.activations._normalising._softmax import (
    hardmax as hardmax,
    log_softmax as log_softmax,
    softmax as softmax,
    softmax2d as softmax2d,
    softmin as softmin,
)
from keras_acts.activations._normalising._sparse import (
    entmax15 as entmax15,
    sparsemax as sparsemax,
)
from keras_acts.activations._periodic import (
    cos as cos,
    sin as sin,
    sinc as sinc,
    snake as snake,
    snake_beta as snake_beta,
)
from keras_acts.activations._piecewise import (
    abs as abs,
    hard_sigmoid as hard_sigmoid,
    hard_sigmoid_02 as hard_sigmoid_02,
    hard_tanh as hard_tanh,
    linear as linear,
    sign as sign,
    sparse_plus as sparse_plus,
    sparse_sigmoid as sparse_sigmoid,
)
from keras_acts.activations._rectified._clipped import (
    clipped_relu as clipped_relu,
    relu as relu,
    relu6 as relu6,
    squared_relu as squared_relu,
)
from keras_acts.activations._rectified._leaky import (
    filter_response_tlu_affine as filter_response_tlu_affine,
    leaky_relu as leaky_relu,
    prelu as prelu,
)
from keras_acts.activations._rectified._thresholded import (
    threshold as threshold,
    thresholded_relu as thresholded_relu,
    tlu as tlu,
)
from keras_acts.activations._self_gated._hard import (
    hard_mish as hard_mish,
    hard_silu as hard_silu,
)
from keras_acts.activations._self_gated._normal import (
    clipped_gelu as clipped_gelu,
    gelu as gelu,
)
from keras_acts.activations._self_gated._sigmoid import (
    gelu_tanh as gelu_tanh,
    quick_gelu as quick_gelu,
    silu as silu,
    swish_beta as swish_beta,
)
from keras_acts.activations._self_gated._tanh import (
    lisht as lisht,
    mish as mish,
)
from keras_acts.activations._shrinkage import (
    hard_shrink as hard_shrink,
    shrink as shrink,
    soft_shrink as soft_shrink,
    tanh_shrink as tanh_shrink,
)
from keras_acts.activations._sigmoidal import (
    asinh as asinh,
    atan as atan,
    erf as erf,
    laplace as laplace,
    logit_softcap as logit_softcap,
    sigmoid as sigmoid,
    softsign as softsign,
    tanh as tanh,
)

__all__ = _names()  # pyright: ignore[reportUnsupportedDunderAll]

if _missing := sorted(set(__all__) - set(globals())):
    raise ImportError(f"activations/__init__.py must import {_missing[0]!r}")
if _others := sorted(name for name in set(globals()) - set(__all__) if not name.startswith("_")):
    raise ImportError(f"activations/__init__.py must not import {_others[0]!r}, which is not in the catalogue")
