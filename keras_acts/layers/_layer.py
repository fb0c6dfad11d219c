"""The base of the layers here: declared by their arguments, and wary of what a file says of them."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from keras_acts._declared import Declared, refuse_unknown
from keras_acts._record.parameters import shown
from keras_acts.layers._kinds import KerasObject, plain

# what every layer of this Keras takes; the two shapes are among its further keywords
OF_KERAS = frozenset(inspect.getfullargspec(keras.layers.Layer.__init__).kwonlyargs) | {"input_shape", "input_dim"}
COMPUTED_IN = ("float32", "float16", "bfloat16", "float64")
ACTIVITY_REGULARIZER = "activity_regularizer"


class Layer(Declared, keras.layers.Layer):
    """Base of the layers here: a mask passes through, and what a file says is looked through before Keras builds from it."""

    def _start(self, keras_arguments: dict[str, Any]) -> None:
        self._check_keras_arguments(keras_arguments)
        if ACTIVITY_REGULARIZER in keras_arguments:
            kind, value = KerasObject(keras.regularizers), keras_arguments[ACTIVITY_REGULARIZER]
            keras_arguments[ACTIVITY_REGULARIZER] = kind.check(type(self).__name__, ACTIVITY_REGULARIZER, value)
        super()._start(keras_arguments)
        self.supports_masking = True
        if self.compute_dtype not in COMPUTED_IN:
            raise ValueError(
                f"{type(self).__name__}: dtype must be one of {', '.join(COMPUTED_IN)}, or a policy that computes in one; got "
                f"{shown(keras_arguments.get('dtype'))}."
            )

    def _check_keras_arguments(self, given: Mapping[str, Any]) -> None:
        """Raise for what is no argument of any layer."""
        refuse_unknown(type(self), given, OF_KERAS)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Layer":
        """The reverse of `get_config`; refuses whatever is no configuration."""
        if not isinstance(config, Mapping) or not all(isinstance(key, str) for key in config):
            raise TypeError(f"{cls.__name__}: a configuration is a dictionary; got {shown(config, 200)}.")
        _check_dtype(cls.__name__, config.get("dtype"))
        for argument, kind in {"name": str, "trainable": bool}.items():
            if not isinstance(config.get(argument), kind | None):
                what = {"name": "a string", "trainable": "True or False"}[argument]
                raise TypeError(f"{cls.__name__}: {argument} must be {what}; got {shown(config[argument])}.")
        layer: Layer = super().from_config(dict(config))
        return layer


def _check_dtype(owner: str, dtype: Any) -> None:
    """Refuse what is neither a name nor the configuration of one of Keras's own policies."""
    if not _is_policy(dtype):
        raise ValueError(
            f"{owner}: dtype must be a name such as 'float32' or the configuration of one of Keras's own dtype policies; "
            f"got {shown(dtype, 200)}."
        )


def _is_policy(dtype: Any) -> bool:
    if dtype is None or isinstance(dtype, str):
        return True
    if not isinstance(dtype, Mapping) or dtype.get("module") not in ("keras", "keras.dtype_policies"):
        return False
    if dtype.get("registered_name") not in (None, dtype.get("class_name")):
        return False
    kind, config = getattr(keras.dtype_policies, str(dtype.get("class_name")), None), dtype.get("config")
    if kind is keras.dtype_policies.DTypePolicyMap and isinstance(config, Mapping):  # which holds policies by path
        paths = config.get("policy_map")
        inner = [config.get("default_policy"), *(paths.values() if isinstance(paths, Mapping) else [paths])]
        return set(config) <= {"default_policy", "policy_map"} and all(map(_is_policy, inner))
    return isinstance(kind, type) and plain(config)
