"""sparsemax and entmax15 against bisection, which shares nothing with them, and against what defines them."""

import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends, tolerances
from tests import marks

each_mode = marks.each_mode
POWERS = {"sparsemax": 1, "entmax15": 2}  # the map is max(0, x / power - t)^power
each_map = pytest.mark.parametrize("name", POWERS)
LOSSES = {"sparsemax": keras_acts.losses.SparsemaxLoss, "entmax15": keras_acts.losses.Entmax15Loss}
ONE_ULP = 2.0**-23


def bisected(name, x):
    """The map in float64, its threshold halved in from both sides."""
    power = POWERS[name]
    z = np.asarray(x, "float64") / power
    low, high = z.max(-1, keepdims=True) - 1, z.max(-1, keepdims=True)
    for _ in range(200):
        middle = (low + high) / 2
        enough = (np.maximum(z - middle, 0) ** power).sum(-1, keepdims=True) >= 1
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.maximum(z - low, 0) ** power


def problems(mode="eager"):
    """Rows of all widths, from those that keep every entry to those that keep one; of one width if each is compiled."""
    random = np.random.default_rng(0)
    for width in (1000,) if mode == "compiled" else (1, 2, 17, 1000):
        spreads = np.repeat([1e-6, 1e-3, 0.1, 1.0, 30.0, 1e4], 6)[:, None]
        yield (spreads * random.normal(0, 1, (36, width))).astype("float32")
    if mode == "compiled":
        return
    yield random.integers(-2, 3, (20, 40)).astype("float32")  # ties
    yield np.zeros((2, 1000), "float32")


def computed(name, x, mode="eager", dtype="float32"):
    return backends.array(backends.in_mode(keras_acts.get(name), mode)(backends.tensor(x, dtype)))


@each_mode
@each_map
def test_bisection_finds_the_same(name, mode):
    for x in problems(mode):
        exact = bisected(name, x)
        error = np.abs(computed(name, x, mode) - exact)
        allowed = np.maximum(8 * np.spacing(exact.astype("float32")).astype("float64"), 2 * ONE_ULP)
        assert (error <= allowed).all(), f"width {x.shape[-1]}: off by {(error / allowed).max():.3g} times what is allowed"


@each_map
def test_bisection_finds_the_same_in_float64(name):
    with backends.floats("float64"):
        for x in problems():
            np.testing.assert_allclose(computed(name, x, dtype="float64"), bisected(name, x), rtol=1e-9, atol=1e-14)


@each_mode
@each_map
def test_a_row_of_a_thousand_that_all_count_keeps_its_small_differences(name, mode):
    """Each probability is near 1/1000 and right to a few units of its own last place."""
    x = np.random.default_rng(0).normal(0, 1e-4, (8, 1000)).astype("float32")
    exact = bisected(name, x)
    assert (exact > 0).all()
    assert (np.abs(computed(name, x, mode) - exact) / np.spacing(exact.astype("float32"))).max() <= 16


@each_mode
def test_sparsemax_is_the_nearest_distribution(mode):
    """From the projection p of z, no corner e of the simplex lies towards z: (z - p) · (e - p) <= 0."""
    for x in problems(mode):
        p = computed("sparsemax", x, mode)
        rest = x - x.max(-1, keepdims=True).astype("float64") - p
        towards = rest.max(-1) - (rest * p).sum(-1)
        assert (towards <= 4 * ONE_ULP * np.maximum(1, np.abs(rest * (p > 0)).max(-1))).all()


@each_map
def test_no_row_nearby_is_better(name):
    """The map is the maximum of ``z · p + H(p)``: moving weight from any entry to any other loses."""
    entropy = {"sparsemax": lambda p: -(p**2) / 2, "entmax15": lambda p: -4 / 3 * p**1.5}[name]
    x = np.random.default_rng(3).normal(0, 1, (30, 6)).astype("float32")
    p = computed(name, x)

    def objective(p):
        return (x * p + entropy(p)).sum(-1)

    for i in range(6):
        for j in range(6):
            moved = np.minimum(1e-3, p[:, i])
            other = p.copy()
            other[:, i] -= moved
            other[:, j] += moved
            assert (objective(other) <= objective(p) + 1e-7).all()


@each_map
def test_order_and_ties_are_kept(name):
    for x in problems():
        p = computed(name, x)
        order = np.argsort(x, axis=-1, kind="stable")
        sorted_x, sorted_p = (np.take_along_axis(a, order, -1) for a in (x, p))
        assert (np.diff(sorted_p, axis=-1) >= 0).all()
        assert (np.diff(sorted_p, axis=-1)[np.diff(sorted_x, axis=-1) == 0] == 0).all()


@each_map
def test_a_permutation_permutes(name):
    for x in problems():
        shuffled = np.random.default_rng(1).permutation(x.shape[-1])
        np.testing.assert_allclose(computed(name, x[:, shuffled]), computed(name, x)[:, shuffled], rtol=0, atol=2 * ONE_ULP)


@each_map
@pytest.mark.parametrize("shift", [-4096.0, 0.5, 1e4])
def test_a_shift_changes_nothing(name, shift):
    x = np.random.default_rng(2).integers(-64, 65, (20, 30)).astype("float32") / 32  # the sums are exact
    np.testing.assert_array_equal(computed(name, x + np.float32(shift)), computed(name, x))


@each_map
def test_a_distribution_far_from_uniform_is_its_own_projection(name):
    """sparsemax maps every distribution to itself; of entmax15 that holds for the scores 2·sqrt(p)."""
    p = np.random.default_rng(4).dirichlet(np.full(20, 0.3), 30).astype("float32")
    scores = p if name == "sparsemax" else 2 * np.sqrt(p)
    np.testing.assert_allclose(computed(name, scores), p, rtol=0, atol=4 * ONE_ULP)


def test_entmax15_is_sparser_than_softmax_and_less_sparse_than_sparsemax():
    x = np.random.default_rng(5).normal(0, 2, (200, 30)).astype("float32")
    kept = {name: (computed(name, x) > 0).sum(-1) for name in ("softmax", *POWERS)}
    assert (kept["sparsemax"] <= kept["entmax15"]).all()
    assert (kept["entmax15"] <= kept["softmax"]).all()
    assert kept["sparsemax"].mean() < kept["entmax15"].mean() < kept["softmax"].mean()


@each_mode
@each_map
def test_the_gradient_of_a_wide_row_is_that_of_its_support(name, mode):
    """With s = p^(1 - 1/power) it is ``s · (upstream - mean of upstream with the weights s)``."""
    power, function = POWERS[name], keras_acts.get(name)
    spreads = np.repeat([1e-3, 1.0, 30.0], 4)[:, None]
    x = (spreads * np.random.default_rng(6).normal(0, 1, (12, 1000))).astype("float32")
    upstream = np.random.default_rng(7).normal(0, 1, x.shape).astype("float32")
    weights = backends.tensor(upstream, "float32")
    pulled = backends.gradient_in_mode(lambda x: weights * function(x), mode)
    p = bisected(name, x)
    s = (p > 0) * p ** (1 - 1 / power)
    exact = s * (upstream - (s * upstream).sum(-1, keepdims=True) / s.sum(-1, keepdims=True))
    got = backends.array(pulled(backends.tensor(x, "float32")))
    assert np.abs(got - exact).max() <= tolerances.ROW_GRADIENT * ONE_ULP * np.abs(upstream).max()


@each_map
def test_the_loss_is_exact_to_its_last_digits_and_never_negative(name):
    """Next to its minimum too, where the sum that defines it would cancel."""
    random = np.random.default_rng(8)
    for distance in (1e-3, 0.03, 1.0, 20.0):
        q = random.dirichlet(np.full(12, 0.5), 50).astype("float32")
        base = q if name == "sparsemax" else 2 * np.sqrt(q)
        x = (base + random.normal(0, distance, q.shape)).astype("float32")
        got = backends.array(LOSSES[name](reduction=None)(q, x))
        assert (got >= 0).all()
        np.testing.assert_allclose(got, fenchel_young(name, x, q), rtol=2e-5, atol=2e-8)  # as much as rounding q moves it


def fenchel_young(name, x, q):
    """``z · (p - q) + H(p) - H(q)`` in float64."""
    entropy = {"sparsemax": lambda p: (p - p**2) / 2, "entmax15": lambda p: 4 / 3 * (p - p**1.5)}[name]
    x, q = x.astype("float64"), q.astype("float64")
    p = bisected(name, x)
    z = x - x.max(-1, keepdims=True)
    return (z * (p - q) + entropy(p) - entropy(q)).sum(-1)
