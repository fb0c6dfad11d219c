"""Looks whether Keras finds the backend that it is set to, before anything else imports it."""

import importlib.util

PACKAGES = ("tensorflow", "jax", "torch")

try:
    import keras  # noqa: F401
except ImportError as error:
    missing = (error.name or "").partition(".")[0]
    found = [name for name in PACKAGES if importlib.util.find_spec(name)]
    if missing not in PACKAGES or missing in found:
        raise
    way_out = (
        f"Set KERAS_BACKEND={found[0]} before Python starts" if found else "Install one, as in pip install keras-acts[jax]"
    )
    raise ImportError(
        f"Keras is set to the backend {missing!r}, which is not installed. Installed: {', '.join(found) or 'none'}. {way_out}."
    ) from error
