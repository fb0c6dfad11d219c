"""The mathematics that formulas may use. `ops` is the one door to operations: right in every dtype, backend and export."""
