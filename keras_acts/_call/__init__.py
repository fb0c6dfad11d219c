"""What happens when an activation is called: on a tensor, in a functional model, or as an object with its parameters set."""
