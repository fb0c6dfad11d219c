"""The conversion of models to what Keras alone can load: activations as its own functions or as operations of `keras.ops`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts import layers
from keras_acts._call.forms import ActivationOperation, Parameterised
from keras_acts._catalogue import describe
from keras_acts._record.record import ActivationFunction, Record
from keras_acts._record.register import PACKAGE
from keras_acts.layers._fixed import FixedActivation
from keras_acts.layers._learned import LearnedActivation
from keras_acts.layers._stochastic import StochasticActivation
from keras_acts.models import _steps as steps
from keras_acts.models._files import is_sequential
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
SAME_PARAMETERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "softmax": "Softmax"}  # as Keras's layers take
ROUNDING = {"float16": 2.0**-10, "bfloat16": 2.0**-7}  # the distance of numbers above 1


@dataclass(frozen=True)
class LayerReport:
    """What one layer, or one activation called by itself, means for loading the model elsewhere.

    Args:
        name: Its name; layers of a nested model come after its name and a slash.
        kind: Its class.
        needs: What must be installed or registered to load it as it is: "Keras", "keras_acts", or another package's name.
        becomes: What stands for it in a portable model, or "" if it stays.
        difference: The largest difference between it and what stands for it, relative to the value or to 1 if that is larger,
            seen at sample points; 0 if the same formula stands for it.
        problem: Why nothing can stand for it, or "".
        note: What else changes, or "".
    """

    name: str
    kind: str
    needs: str
    becomes: str = ""
    difference: float = 0.0
    problem: str = ""
    note: str = ""

    @property
    def exports(self) -> str:
        """Which formats `export` can write it to: "all" that the backend has, "as in Keras", or "not known"."""
        return {PACKAGE: "all", "Keras": "as in Keras"}.get(self.needs, "not known")


class Conversion:
    """The conversion of a model and those nested in it: each layer is replaced once, however often it is called."""

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.reports: list[LayerReport] = []
        self.path = ""
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
        before, self.path = self.path, f"{self.path}{place}/"
        try:
            return self.model(model)
        finally:
            self.path = before

    @staticmethod
    def call(step: Step, *args: Any, **kwargs: Any) -> Any:
        return step(*args, **kwargs)

    def report(self, owner: Any, **known: Any) -> None:
        self.reports.append(LayerReport(self.path + owner.name, type(owner).__name__, **known))

    def step(self, operation: Any) -> Any:
        """What takes the place of a layer or an operation of the graph."""
        if id(operation) not in self.steps:
            self.steps[id(operation)] = self.new_step(operation)
        return self.steps[id(operation)]

    def new_step(self, operation: Any) -> Any:
        if isinstance(operation, ActivationOperation):
            return self.activation(operation, operation.form)
        if not isinstance(operation, keras.layers.Layer):
            return operation  # of keras.ops
        if isinstance(operation, keras.Model):
            return self.nested(operation, operation.name)
        if type(operation).__module__.partition(".")[0] == PACKAGE:
            return steps.regularized(operation, self.own_layer(operation))
        return self.foreign_layer(operation)

    # ---- layers of this package

    def own_layer(self, layer: Any) -> Any:
        if isinstance(layer, FixedActivation):
            return self.activation(layer, layer.activation)
        if isinstance(layer, layers.PReLU) and layer.num_parameters is None:
            self.report(layer, needs=PACKAGE, becomes="keras.layers.PReLU")
            same = layer.get_config()
            del same["num_parameters"]
            return steps.weighted(keras.layers.PReLU.from_config(same), layer.get_weights())
        if isinstance(layer, LearnedActivation):
            self.report(layer, needs=PACKAGE, becomes=f"operations, with {_counted(layer.weights, 'weight')} in EinsumDense")
            return steps.learned(layer, self.masked(layer))
        if isinstance(layer, StochasticActivation):
            self.report(layer, needs=PACKAGE, becomes="operations", note="not random in training any more")
            return steps.called(layer.call, layer.compute_dtype, self.masked(layer))
        if isinstance(layer, layers.GatedDense):
            self.report(layer, needs=PACKAGE, becomes=f"Dense, then the gate {describe(layer.activation).name} as operations")
            return steps.gated(layer, layer.name, self.masked(layer))
        if isinstance(layer, layers.GatedFeedForward):
            self.report(layer, needs=PACKAGE, becomes="two Dense, with the gate as operations between them")
            first = steps.gated(layer.up, f"{layer.name}_up", self.masked(layer))
            second = steps.copied(layer.down, f"{layer.name}_down")
            drop = layer.drop and keras.layers.Dropout(layer.dropout, seed=layer.seed, dtype=layer.dtype_policy)
            return lambda x, **kwargs: second(drop(first(x)) if drop else first(x))
        raise ValueError(f"make_portable knows no {type(layer).__name__}.")

    def masked(self, layer: Any) -> Callable[[Any], None]:
        """Asks whether an input carries a mask of time steps, which operations would not pass on to the next layer."""
        reports, place = self.reports, len(self.reports) - 1

        def check(x: Any) -> None:
            if getattr(x, "_keras_mask", None) is not None:
                problem = "the mask that comes with its input would end at the operations"
                reports[place] = replace(reports[place], problem=problem)

        return check

    def activation(self, owner: Any, form: Any) -> Step:
        """An activation by itself: one of Keras's layers, or its operations."""
        dtype = getattr(owner, "compute_dtype", None)
        known, difference = self.in_keras(form, dtype or "float32")
        if known is not None:
            self.report(owner, needs=PACKAGE, becomes=f"keras.layers.{_shown(known)}", difference=difference)
            known.name = owner.name
            return lambda x, mask=None, **kwargs: known(x) if mask is None else known(x, mask=mask)
        step = steps.Operations(form, dtype)
        self.report(owner, needs=PACKAGE, becomes=f"{describe(form).name} as operations")
        masked = self.masked(owner)
        return lambda x, **kwargs: (masked(x), step(x, **kwargs))[1]

    def in_keras(self, form: Any, dtype: str) -> tuple[Any, float]:
        """The layer of Keras that computes the same, and how far it is off; None if there is none."""
        record, given = describe(form), dict(getattr(form, "parameters", {}))
        values = {parameter.name: given.get(parameter.name, parameter.default) for parameter in record.parameters}
        if record.name in SAME_PARAMETERS:
            layer = getattr(keras.layers, SAME_PARAMETERS[record.name])(**values, dtype=dtype)
        elif values == {parameter.name: parameter.default for parameter in record.parameters} and _keras_name(record):
            layer = keras.layers.Activation(_keras_name(record), dtype=dtype)
        else:
            return None, 0.0
        difference = _difference(layer, form, dtype)
        return (layer, difference) if difference <= max(self.tolerance, ROUNDING.get(dtype, 0.0)) else (None, difference)

    # ---- layers of Keras and of others

    def foreign_layer(self, layer: Any) -> Any:
        config = keras.saving.serialize_keras_object(layer)
        if OURS not in str(config):
            module = str(config.get("module") or "")
            outside = module.partition(".")[0] not in ("keras", "builtins")
            self.report(layer, needs=config.get("registered_name") or module if outside else "Keras")
            return steps.copied(layer)
        if isinstance(layer, keras.layers.TimeDistributed):
            return self.time_distributed(layer)
        after: Any = None
        activation = getattr(layer, "activation", None)
        if type(layer) is keras.layers.Activation and _is_ours(activation) and not isinstance(activation, keras.layers.Layer):
            return steps.regularized(layer, self.activation(layer, activation))
        if type(layer) in ACTIVATED_LAST and _is_ours(activation):
            after = self.after(layer, activation, config)
        replaced: dict[str, float] = {}
        config = self.renamed(config, layer.compute_dtype, replaced)
        if OURS in str(config["config"]):
            name = type(layer).__name__
            problem = f"{name} applies {_mentioned(config)} inside, where Keras has no function that computes the same"
            self.report(layer, needs=PACKAGE, problem=problem)
            return layer
        if after is None:
            becomes = f"{type(layer).__name__} with {' and '.join(replaced)}"
            self.report(layer, needs=PACKAGE, becomes=becomes, difference=max(replaced.values()))
            return steps.copied(layer, config=config)
        before = steps.copied(layer, config=config, without=getattr(activation, "weights", ()))
        return steps.regularized(layer, lambda *args, **kwargs: after(before(*args, **kwargs)))

    def after(self, layer: Any, activation: Any, config: dict[str, Any]) -> Any:
        """What follows the layer in place of its activation, which becomes linear; None if Keras's own will do inside."""
        kind = type(layer).__name__
        if isinstance(activation, keras.layers.Layer):
            step, what, difference = self.quiet(lambda: self.own_layer(activation)), type(activation).__name__, 0.0
            as_what = "operations"
        else:
            known, difference = self.in_keras(activation, layer.compute_dtype)
            if known is not None and isinstance(known, keras.layers.Activation):
                return None
            what = describe(activation).name
            if known is not None:
                step, as_what = known, f"keras.layers.{_shown(known)}"
            else:
                step, difference, as_what = steps.Operations(activation), 0.0, "operations"
        config["config"] = {**config["config"], "activation": "linear", "activity_regularizer": None}
        self.report(layer, needs=PACKAGE, becomes=f"{kind}, then {what} as {as_what}", difference=difference)
        if not isinstance(step, keras.layers.Layer):
            masked = self.masked(layer)
            return lambda x: (masked(x), step(x))[1]
        return step

    def quiet(self, make: Callable[[], Step]) -> Step:
        """What `make` gives, without a report of its own."""
        before, self.reports = self.reports, []
        try:
            return make()
        finally:
            self.reports = before

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
        known, difference = self.in_keras(form, dtype)
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


def _keras_name(record: Record) -> str:
    """The name under which Keras has a function for an activation, or ""."""
    return next((name for name in (record.name, *record.aliases) if callable(getattr(keras.activations, name, None))), "")


def _difference(layer: Any, form: Any, dtype: str) -> float:
    """The largest difference at sample points, relative to the value or to 1."""
    if describe(form).elementwise:
        near = np.linspace(-30.0, 30.0, 4001)
        x = np.concatenate([near, near / 300, -np.logspace(-6, 4, 500), np.logspace(-6, 4, 500)])
    else:
        x = np.random.default_rng(0).normal(0, 3, (6, 6, 6, 6))
    tensor = ops.convert_to_tensor(x.astype("float32"))
    theirs, ours = (np.asarray(ops.convert_to_numpy(ops.cast(f(ops.cast(tensor, dtype)), "float32"))) for f in (layer, form))
    if theirs.shape != ours.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        error = np.abs(theirs - ours) / np.maximum(np.abs(ours), 1.0)
    return float(np.where(theirs == ours, 0.0, np.nan_to_num(error, nan=np.inf)).max())


def _counted(items: Any, noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _shown(layer: Any) -> str:
    return f"Activation({layer.activation.__name__!r})" if isinstance(layer, keras.layers.Activation) else type(layer).__name__
