"""The mathematics that formulas may use: `ops` is the one door, right in every dtype, on every backend, in every export."""
