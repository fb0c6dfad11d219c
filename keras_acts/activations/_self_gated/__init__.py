"""Self-gated activations: the input times a gate, which is a function of the input."""
