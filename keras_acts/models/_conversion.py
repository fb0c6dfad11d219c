"""The walk through a model that becomes portable: each layer and operation is replaced by what Keras alone can load."""

from collections.abc import Mapping
from typing import Any

import keras

from keras_acts._call.forms import ActivationOperation, Parameterised
from keras_acts._catalogue import describe
from keras_acts._record.record import ActivationFunction, Record
from keras_acts._record.register import PACKAGE
from keras_acts.models import _own as own, _steps as steps
from keras_acts.models._choice import in_keras, shown
from keras_acts.models._files import is_sequential
from keras_acts.models._report import Reports
from keras_acts.models._steps import Step

OURS = f"{PACKAGE}>"  # how names of this package begin in a file

# Their last step is their activation, so that it can follow them instead.
ACTIVATED_LAST = tuple(
    getattr(keras.layers, name)
    for name in (
        *("Activation", "Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D"),
        *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    )
)
# They apply theirs at each step, to a tensor of this rank: it becomes a model of operations in its place.
RECURRENT = {f"{kind}{cell}": 2 for kind in ("SimpleRNN", "GRU", "LSTM") for cell in ("", "Cell")}
RECURRENT |= {f"ConvLSTM{n}D{cell}": n + 2 for n in (1, 2, 3) for cell in ("", "Cell")}


class Conversion:
    """The conversion of a model and those nested in it: each layer is replaced once, however often it is called."""

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.reports = Reports()
        self.models: dict[int, keras.Model] = {}
        self.steps: dict[int, Step] = {}  # of layers, which may be shared with a nested model

    def model(self, model: keras.Model) -> keras.Model:
        if id(model) not in self.models:
            if not is_sequential(model) and not hasattr(model, "operations"):
                raise ValueError(
                    f"make_portable: {model.name!r} is a subclassed model ({type(model).__name__}), whose code Keras does "
                    f"not have. Only functional and sequential models can be made portable."
                )
            if not model.built or not getattr(model, "inputs", None):
                raise ValueError(
                    f"make_portable: {model.name!r} has no input shapes yet. Give it a keras.Input, or call it once."
                )
            ends = (model.inputs, model.outputs) if is_sequential(model) else (model.input, model.output)
            ends = tuple(end[0] if isinstance(end, list) and len(end) == 1 else end for end in ends)
            plain = keras.Model(*ends, name=model.name)  # not compiled: its loss may be one of ours
            self.models[id(model)] = keras.models.clone_model(plain, clone_function=self.step, call_function=self.call)
        return self.models[id(model)]

    def nested(self, model: keras.Model, place: str) -> keras.Model:
        before, self.reports.path = self.reports.path, f"{self.reports.path}{place}/"
        try:
            return self.model(model)
        finally:
            self.reports.path = before

    @staticmethod
    def call(step: Step, *args: Any, **kwargs: Any) -> Any:
        return step(*args, **kwargs)

    def step(self, operation: Any) -> Any:
        """What takes the place of a layer or an operation of the graph."""
        if id(operation) not in self.steps:
            self.steps[id(operation)] = self.new_step(operation)
        return self.steps[id(operation)]

    def new_step(self, operation: Any) -> Any:
        if isinstance(operation, ActivationOperation):
            return own.activation(operation, operation.form, self.tolerance, self.reports)
        if not isinstance(operation, keras.layers.Layer):
            return operation  # of keras.ops
        if isinstance(operation, keras.Model):
            return self.nested(operation, operation.name)
        if type(operation).__module__.partition(".")[0] == PACKAGE:
            return steps.regularized(operation, own.layer(operation, self.tolerance, self.reports))
        return self.foreign_layer(operation)

    def foreign_layer(self, layer: Any) -> Any:
        config = keras.saving.serialize_keras_object(layer)
        if OURS not in str(config):
            module = str(config.get("module") or "")
            outside = module.partition(".")[0] not in ("keras", "builtins")
            self.reports.add(layer, needs=config.get("registered_name") or module if outside else "Keras")
            return steps.copied(layer)
        if isinstance(layer, keras.layers.TimeDistributed):
            return self.time_distributed(layer)
        after: Any = None
        activation = getattr(layer, "activation", None)
        if type(layer) is keras.layers.Activation and _is_ours(activation) and not isinstance(activation, keras.layers.Layer):
            return steps.regularized(layer, own.activation(layer, activation, self.tolerance, self.reports))
        if type(layer) in ACTIVATED_LAST and _is_ours(activation):
            after = self.after(layer, activation, config)
        replaced: dict[str, float] = {}
        config = self.renamed(config, layer.compute_dtype, replaced)
        if OURS in str(config["config"]):
            name = type(layer).__name__
            problem = f"{name} applies {_mentioned(config)} inside, where Keras has no function that computes the same"
            self.reports.add(layer, needs=PACKAGE, problem=problem)
            return layer
        if after is None:
            becomes = f"{type(layer).__name__} with {' and '.join(replaced)}"
            self.reports.add(layer, needs=PACKAGE, becomes=becomes, difference=max(replaced.values()))
            return steps.copied(layer, config=config)
        before = steps.copied(layer, config=config, without=getattr(activation, "weights", ()))
        return steps.regularized(layer, lambda *args, **kwargs: after(before(*args, **kwargs)))

    def after(self, layer: Any, activation: Any, config: dict[str, Any]) -> Any:
        """What follows the layer in place of its activation, which becomes linear; None if Keras's own will do inside."""
        kind = type(layer).__name__
        if isinstance(activation, keras.layers.Layer):
            unread = Reports()  # the layer around it is reported
            step, what, difference = own.layer(activation, self.tolerance, unread), type(activation).__name__, 0.0
            as_what = "operations"
        else:
            known, difference = in_keras(activation, layer.compute_dtype, self.tolerance)
            if known is not None and isinstance(known, keras.layers.Activation):
                return None
            what = describe(activation).name
            if known is not None:
                step, as_what = known, f"keras.layers.{shown(known)}"
            else:
                step, difference, as_what = steps.Operations(activation), 0.0, "operations"
        config["config"] = {**config["config"], "activation": "linear", "activity_regularizer": None}
        entry = self.reports.add(layer, needs=PACKAGE, becomes=f"{kind}, then {what} as {as_what}", difference=difference)
        return step if isinstance(step, keras.layers.Layer) else steps.checked(entry.check_mask, step)

    def time_distributed(self, layer: Any) -> Any:
        """A nested model at each time step."""
        x = keras.Input(batch_shape=(layer.input.shape[0], *layer.input.shape[2:]), dtype=layer.input.dtype)
        inner = self.nested(keras.Model(x, layer.layer(x), name=layer.layer.name), layer.name)
        return keras.layers.TimeDistributed(inner, name=layer.name, dtype=layer.dtype_policy)

    def renamed(self, config: Any, dtype: str, replaced: dict[str, float], rank: int | None = None) -> Any:
        """A configuration without activations of this package, where Keras computes the same or has a place for operations.

        `rank` is that of what a recurrent layer applies its activation to at each step, None in other layers.
        """
        if isinstance(config, Mapping):
            form = _form_of(config)
            if form is not None:
                return self.inside(form, config, dtype, replaced, rank)
            if "class_name" in config:
                rank = RECURRENT.get(config["class_name"]) if str(config.get("module")).startswith("keras.") else None
            return {key: self.renamed(value, dtype, replaced, rank) for key, value in config.items()}
        if isinstance(config, list | tuple):
            return type(config)(self.renamed(value, dtype, replaced, rank) for value in config)
        return config

    def inside(self, form: Any, config: Any, dtype: str, replaced: dict[str, float], rank: int | None) -> Any:
        """What takes the place of an activation in a configuration; the same if nothing can."""
        known, difference = in_keras(form, dtype, self.tolerance)
        if isinstance(known, keras.layers.Activation):
            name = known.activation.__name__
            replaced[f"Keras's own {name}"] = difference
            return name
        if rank is None:
            return config
        name = describe(form).name
        replaced[f"{name} as operations"] = 0.0
        x = keras.Input((None,) * (rank - 1), dtype=dtype)
        return keras.saving.serialize_keras_object(keras.Model(x, steps.Operations(form)(x), name=name))


def _is_ours(activation: Any) -> bool:
    if isinstance(activation, keras.layers.Layer):
        return type(activation).__module__.partition(".")[0] == PACKAGE
    return isinstance(activation, Parameterised) or isinstance(getattr(activation, "record", None), Record)


def _form_of(config: Mapping[str, Any]) -> ActivationFunction[...] | Parameterised | None:
    """The activation that a configuration stands for, if it is one of this package's."""
    registered = str(config.get("registered_name"))
    if config.get("class_name") == "function" and str(config.get("config")).startswith(OURS):
        return describe(config["config"]).function
    if registered == f"{OURS}{Parameterised.__name__}":
        return Parameterised.from_config(config["config"])
    return None


def _mentioned(config: Any) -> str:
    """The first activation or layer of this package in a configuration."""
    if isinstance(config, Mapping):
        form = _form_of(config)
        if form is not None:
            return repr(describe(form).name)
        registered = str(config.get("registered_name"))
        if registered.startswith(OURS):
            return repr(registered.removeprefix(OURS))
    values = config.values() if isinstance(config, Mapping) else config if isinstance(config, list | tuple) else ()
    return next((found for found in map(_mentioned, values) if found), "")
