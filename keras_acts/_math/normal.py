"""The tails of the normal distribution, right to a few roundings even where they are products of huge and tiny factors."""

from typing import Any

from keras_acts._math.ops import is_double
from keras_acts._math.series import polynomial

# (1 + 2x) · exp(x²) · erfc(x) in powers of t = (x - 2) / (x + 2), the highest first. It is the Chebyshev series in t on
# [-1, 1], computed with mpmath from its values at 60 Chebyshev nodes and cut off after 25 terms: 2e-16 is left.
SCALED_ERFC = (
    *(-1.4276847782986204e-08, -2.4630020041347383e-08, 9.110270309406622e-08, 2.3191445148773556e-07, -1.283145001602249e-07),
    *(-9.42043006762512e-07, -8.486280593803529e-07, 1.5863413025348713e-06, 5.3380619799498e-06, 3.666977126641099e-06),
    *(-1.3550461660621755e-05, -3.640725735279041e-05, -1.4901062178327189e-06, 0.00015103514399068322, 0.00020636268647766627),
    *(-0.0004543401657863993, -0.0014568132813392836, 0.0012713388980090158, 0.008722653817412258, -0.008034015078553464),
    *(-0.05422000098938379, 0.16405128003334057, -0.16603039761533683, -0.09276382658574522, 1.2769783815525289),
)

# The Mills ratio (1 - Φ(a)) / φ(a) is 1 / (a + v(a)), with v = V / W, lowest power first. Both are minimax fits of the relative
# error of the ratio: 3.7e-8 for a up to 12 and 4.2e-18 for a up to 40. The error of W cancels except for its share in v, which
# falls as 1 / a².
V32 = (0.7978845321835033, 0.39295826256351485, 0.10074011863220425, 0.01119605369799911)
W32 = (1.0, 0.9479274663435999, 0.4213745963321298, 0.1003346496248168, 0.011207694856737687)
V64 = (
    *(0.7978845608028654, 0.9892860283963254, 0.6271050241953179, 0.25804859360245047, 0.07486582104138724),
    *(0.01576391117750264, 0.002402618135881137, 0.0002559135687950767, 1.7381577710648093e-05, 5.804521274342459e-07),
)
W64 = (
    *(1.0, 1.695315741750452, 1.4214367503586325, 0.7631405900634305, 0.28806598481958107, 0.07956673382337437),
    *(0.01627225691504555, 0.0024373812544169673, 0.00025707447375483987, 1.738157770253331e-05, 5.804521274763398e-07),
)


def scaled_erfc(x: Any) -> Any:
    """``exp(x²) · erfc(x)`` for 0 <= x <= 1e30."""
    return polynomial((x - 2.0) / (x + 2.0), SCALED_ERFC) / (1.0 + 2.0 * x)


def mills_ratio(a: Any) -> Any:
    """``(1 - Φ(a)) / φ(a)`` of the normal distribution, for a from 0 to 40."""
    v, w = (V64, W64) if is_double(a) else (V32, W32)
    divisor = polynomial(a, w[::-1])
    return divisor / (a * divisor + polynomial(a, v[::-1]))
