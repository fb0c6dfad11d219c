"""JAX: a custom JVP inside a checkpoint, compiled so that an eager call costs little."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
from jax.experimental import jet
from jax.extend.core import Literal

from keras_acts._frameworks.engine import Engine, pushed
from keras_acts._frameworks.kernels import SHARED, Function, Guarded


def attach(name: str, value: Function, derivatives: Sequence[Function], pull: Function | Guarded | None) -> Function:
    function = jax.custom_jvp(value)

    @function.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return function(*primals), pushed(derivatives)(*tangents, *primals)

    # checkpoint: keep the inputs only. jit: without it an eager call of a checkpointed function takes 120 µs and more.
    compiled: Function = jax.jit(jax.checkpoint(function), inline=True)
    return compiled


def clip(x: Any, low: Any, high: Any) -> Any:
    # not jax.numpy.clip, whose rule in `jax.experimental.jet` fails
    return jax.numpy.where(x < low, low, jax.numpy.where(x > high, high, x))


def fixed_point(step: Function, start: Any, most: int) -> Any:
    def moves(state: Any) -> Any:
        count, before, after = state
        return (count < most) & jax.numpy.any((before != after) & (after == after))  # not if after is NaN

    return jax.lax.while_loop(moves, lambda state: (state[0] + 1, state[2], step(state[2])), (1, start, step(start)))[2]


def taylor_of_checkpoint(primals: Any, series: Any, *, jaxpr: Any, **settings: Any) -> Any:
    """What `jax.experimental.jet` does to a checkpoint, which it does not know: the series of what is inside."""
    return TAYLOR(lambda *inputs: without_derivatives(jaxpr, (), inputs), primals, series)


def without_derivatives(jaxpr: Any, constants: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    """The results of a program, its functions with a derivative of their own written out: `jet` fails at these."""
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *inputs), strict=True))

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else values[variable]

    for equation in jaxpr.eqns:
        given = [read(variable) for variable in equation.invars]
        primitive = equation.primitive
        if primitive.name in CALLS:
            inner = equation.params[CALLS[primitive.name]]
            results = without_derivatives(inner.jaxpr, inner.consts, given)
        else:
            found = primitive.bind(*given, **equation.params)
            results = found if primitive.multiple_results else [found]
        values.update(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in jaxpr.outvars]


CALLS = {"custom_jvp_call": "call_jaxpr", "jit": "jaxpr", "pjit": "jaxpr"}
TAYLOR = getattr(jet, "jet2", jet.jet)  # which does not scale the terms
(CHECKPOINT,) = (equation.primitive for equation in jax.make_jaxpr(jax.checkpoint(lambda x: x))(0.0).eqns)
jet.jet_rules.setdefault(CHECKPOINT, taylor_of_checkpoint)  # type: ignore[arg-type]

ENGINE = Engine(
    attach,
    (jax.Array,),
    kernels=SHARED,
    compile=functools.partial(jax.jit, inline=True),
    fixed_point=fixed_point,
    formats=("tf_saved_model", "onnx"),
    clip=clip,
    sin=jax.numpy.sin,
    cos=jax.numpy.cos,
    tanh=jax.numpy.tanh,
    arctan=jax.numpy.arctan,
    arcsinh=jax.numpy.arcsinh,
)
