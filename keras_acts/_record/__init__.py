"""What is known about an activation: its record, the kinds of its parameters, the notation of its formula, the register."""
