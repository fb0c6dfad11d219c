"""Normalizing activations: a row of scores becomes a distribution, its logarithm, or a vector of a given length.

A row is what lies along `axis`, or along several axes together. The result has the shape and the dtype of the input. `mask` is
a tensor of bools that broadcasts to `x`. An entry that the mask leaves out, or that is -inf, has no weight, and a row without
any weight becomes all 0 (of `log_softmax`: -inf). A ValueError is raised if an axis does not exist, or if the mask does not
broadcast.

Shifts and thresholds are constants to differentiation wherever the result does not depend on them.
"""
