"""What the layers give their activation, where a weight is kept in another form: by the name of the layer.

A layer without an entry gives its weights as they are. What is no weight is an argument of the layer.
"""

from keras_acts.conformance.oracle import exp, log1p


def SnakeBeta(alpha, beta, log_scale=True):  # noqa: N802
    return {"alpha": exp(alpha), "beta": exp(beta)} if log_scale else {"alpha": alpha, "beta": beta}


def XIELU(alpha_p, alpha_n, beta=0.5):  # noqa: N802
    return {"alpha_p": log1p(exp(alpha_p)), "alpha_n": beta + log1p(exp(alpha_n)), "beta": beta}
