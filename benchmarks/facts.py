"""The figures of the README's comparison, on the current backend: ``python -m benchmarks.facts``."""

import keras
import numpy as np
from keras import ops
from rich.console import Console
from rich.table import Table

import keras_acts
from benchmarks import engines

# activation, dtype, input, exact derivative there
SLOPES = [
    ("sigmoid", "bfloat16", 8.0, "3.35e-4"),
    ("tanh", "bfloat16", 4.0, "1.34e-3"),
    ("softsign", "bfloat16", 50.0, "3.84e-4"),
    ("softsign", "float32", 1e7, "1.00e-14"),
    ("elu", "float32", -20.0, "2.06e-9"),
    ("celu", "float32", 0.0, "1"),
]
# activation, input in float32, exact values
VALUES = [
    ("softsign", [np.inf], "1"),
    ("silu", [-np.inf], "0"),
    ("elu", [-1e-9], "-1e-09"),
    ("gelu", [-6.0], "-5.92e-09"),
    ("squareplus", [-1e4], "0.0001"),
    ("tanh_shrink", [1e-3], "3.33e-10"),
    ("softmax", [-np.inf, -np.inf], "0, 0 by definition"),
    ("sparsemax", [1.0, 0.9, 0.8, -5.0], "0.433, 0.333, 0.233, 0"),
]


def slope(f, x: float, dtype: str) -> str:
    """The gradient that training would use."""
    engine = engines.engine()
    point = engine.array(np.full((1,), x, "float32"), dtype)
    return f"{float(ops.convert_to_numpy(ops.cast(engine.gradient(f, point), 'float32'))[0]):.2e}"


def values(f, x: list[float]) -> str:
    """The values in float32."""
    return ", ".join(f"{y:.3g}" for y in ops.convert_to_numpy(f(ops.convert_to_tensor([x], dtype="float32")))[0])


def main() -> None:
    """Print the table."""
    table = Table("figure", "exact", "stock Keras", "keras_acts", title=f"{keras.backend.backend()}, Keras {keras.__version__}")
    for name, dtype, x, exact in SLOPES:
        stock, ours = getattr(keras.activations, name), keras_acts.get(name)
        table.add_row(f"{name}'({x:g}) in {dtype}", exact, slope(stock, x, dtype), slope(ours, x, dtype))
    for name, x, exact in VALUES:
        stock, ours = getattr(keras.activations, name), keras_acts.get(name)
        table.add_row(f"{name}({', '.join(f'{each:g}' for each in x)})", exact, values(stock, x), values(ours, x))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
