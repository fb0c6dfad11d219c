"""The conformance run: every activation against exact references, on the backend and device at hand."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from keras_acts.conformance.tolerances import DTYPES

if TYPE_CHECKING:
    from keras_acts.conformance.report import Report

__all__ = ["DTYPES", "check"]


def check(
    names: Sequence[str] | None = None,
    dtypes: Sequence[str] = DTYPES,
    compiled: bool = False,
    progress: Callable[[int, int, str], object] | None = None,
) -> "Report":
    """Measure how far activations are from the exact results, and stock Keras's of the same names beside them.

    Values and gradients are compared at every bit pattern in float16 and bfloat16, else on a grid of about 20,000 points. Needs
    mpmath: ``pip install "keras-acts[check]"``.

    Args:
        names: Names or aliases; all activations if left out.
        dtypes: Some of ``"float16"``, ``"bfloat16"``, ``"float32"`` and ``"float64"``.
        compiled: Whether to compile what is measured: by XLA, or on torch by `torch.compile`.
        progress: Called with the number of activations done, that of all, and the name of the next.

    Returns:
        A `keras_acts.conformance.report.Report`: its `breaches` are empty if the contract is kept.

    Raises:
        ValueError: For an unknown name or dtype.
        ImportError: If mpmath is missing.
    """
    try:
        import mpmath  # noqa: F401
    except ImportError as error:
        raise ImportError('the check needs mpmath: pip install "keras-acts[check]"') from error
    from keras_acts.conformance import run

    return run.check(names, dtypes, compiled, progress)
