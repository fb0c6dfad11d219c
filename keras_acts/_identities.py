"""Activations that are one another: stated once, for the pages of the documentation, the command line and the tests.

Both sides are Python over `keras_acts.activations` and `keras.ops`. `SYNONYMS` give the same numbers to the last bit, the
others up to rounding.
"""

import re

from keras_acts._records import Record

SYNONYMS = (
    ("elu(x, alpha=0)", "relu(x)"),
    ("gelu(x, approximate=True)", "gelu_tanh(x)"),
    ("hard_shrink(x)", "shrink(x)"),
    ("leaky_relu(x, negative_slope=0)", "relu(x)"),
    ("prelu(x, alpha=0.25)", "leaky_relu(x, negative_slope=0.25)"),
    ("prelu(x, alpha=0.25)", "filter_response_tlu_affine(x, alpha=0.25, tau=0)"),
    ("relu(x)", "threshold(x, threshold=0, default_value=0)"),
    ("relu6(x)", "clipped_relu(x, max_value=6)"),
    ("relu6(x)", "hard_tanh(x, min_value=0, max_value=6)"),
    ("relu6(x)", "relu(x, max_value=6)"),
    ("snake(x)", "snake_beta(x, alpha=1, beta=1)"),
    ("soft_shrink(x)", "shrink(x, bias=0.5, threshold=0.5)"),
    ("thresholded_relu(x)", "threshold(x, threshold=1, default_value=0)"),
    ("tlu(x, tau=0.5)", "filter_response_tlu_affine(x, alpha=0, tau=0.5)"),
    ("tlu(x, tau=0.5)", "threshold(x, threshold=0.5, default_value=0.5)"),
)
IDENTITIES = (
    *SYNONYMS,
    ("celu(x)", "elu(x)"),
    ("exp(log_softmax(x))", "softmax(x)"),
    ("gelu(x)", "x * (1 + erf(x / 2**0.5)) / 2"),
    ("hard_silu(x)", "x * hard_sigmoid(x)"),
    ("lisht(x)", "x * tanh(x)"),
    ("log_sigmoid(x)", "-softplus(-x)"),
    ("mish(x)", "x * tanh(softplus(x))"),
    ("quick_gelu(x)", "swish_beta(x, beta=1.702)"),
    ("sigmoid(x)", "(1 + tanh(x / 2)) / 2"),
    ("silu(x)", "x * sigmoid(x)"),
    ("silu(x)", "swish_beta(x, beta=1)"),
    ("snake(x)", "x + sin(x) ** 2"),
    ("softmin(x)", "softmax(-x)"),
    ("softplus(x)", "x + softplus(-x)"),
    ("softplus.derivative(x)", "sigmoid(x)"),
    ("sparse_plus.derivative(x)", "sparse_sigmoid(x)"),
    ("sqrt_softplus(x)", "sqrt(softplus(x))"),
    ("squared_relu(x)", "relu(x) ** 2"),
    ("tanh(x)", "2 * sigmoid(2 * x) - 1"),
    ("tanh_shrink(x)", "x - tanh(x)"),
)


def identities_of(record: Record) -> list[str]:
    """The identities in which an activation occurs."""
    named = re.compile(rf"\b{record.name}\b(?=[.(])")
    return [f"{one} = {other}" for one, other in IDENTITIES if named.search(f"{one} {other}")]
