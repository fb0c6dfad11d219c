"""Measures speed and memory against stock Keras and each framework's own activations: ``python -m benchmarks``."""
