"""Gated activations, of which one half of an axis gates the other, and activations that change the size of an axis.

A gated activation maps ``(..., 2n, ...)`` to ``(..., n, ...)`` and keeps the dtype. `axis` is the axis that it halves. `gate`
says which entries of that axis are the gates b; the others are the values a. A ValueError is raised if the axis does not exist
or if its size is odd.
"""

from keras_acts.activations._gated._parts import halves as halves
