"""The switch for fused kernels: whether a compiler makes one of the operations of an activation where nobody asked for it."""

import os
from types import TracebackType
from typing import Self

MODES = ("auto", "on", "off")
VARIABLE = "KERAS_ACTS_FUSION"


def _checked(mode: object, owner: str) -> str:
    if mode not in MODES:
        raise ValueError(f"{owner} must be one of {', '.join(map(repr, MODES))}; got {mode!r}.")
    return str(mode)


class fusion:  # noqa: N801 (it is called as a function, like `torch.no_grad`)
    """Switches fused kernels, for good or inside a ``with`` block.

    A formula of ten operations goes over memory ten times, unless a compiler makes one kernel of it. Where a whole program is
    compiled, as `fit` does on JAX and with ``jit_compile=True``, that is done already and this switch changes nothing.
    Elsewhere a fused kernel does it for the activation alone, value and gradient each, within the same bounds.

    - ``"auto"``, the default: on TensorFlow, in training steps that run as graphs on a CPU, as those of `fit` do. XLA compiles
      a kernel for an activation in less than a second, for a few sizes between which tensors are padded.
    - ``"on"``: on TensorFlow in every graph and eager call on a CPU. On PyTorch in every eager call: `torch.compile` makes
      the kernels at the first call, which takes a C++ compiler on a CPU and many seconds.
    - ``"off"``: nowhere.

    Small tensors are not worth a kernel. A graph keeps what was in force when it was traced: what TensorFlow exports under
    ``"on"`` holds kernels and needs XLA where it is served. The environment variable ``KERAS_ACTS_FUSION`` sets the mode of a
    process from its start; `keras_acts.fusion_mode` tells it.

    Args:
        mode: ``"auto"``, ``"on"`` or ``"off"``.

    Raises:
        ValueError: If there is no such mode.

    >>> import keras_acts
    >>> with keras_acts.fusion("off"):
    ...     keras_acts.fusion_mode()
    'off'
    """

    mode = _checked(os.environ.get(VARIABLE, "auto"), f"the environment variable {VARIABLE}")

    def __init__(self, mode: str) -> None:
        self._before = fusion.mode
        fusion.mode = _checked(mode, "fusion: mode")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        fusion.mode = self._before


def fusion_mode() -> str:
    """The mode of fused kernels that is in force: ``"auto"``, ``"on"`` or ``"off"``. `keras_acts.fusion` sets it."""
    return fusion.mode
