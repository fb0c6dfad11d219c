"""Activations made of exponentials, most of them linear on one side, and `squareplus`, which has their shape."""
