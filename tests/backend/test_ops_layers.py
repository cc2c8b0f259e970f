"""The compiled operations, held to their readable twins."""

import numpy as np
import pytest

from cafflite.backend import pool
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops

FAST, TWIN = NumpyOps(), Ops(np, "float32")
SHAPES = [(), (0,), (1,), (3, 5), (7, 11, 13), (300, 700)]  # the last is more than one block and one thread


def normal(*shape, seed=0):
    array = np.asarray(np.random.default_rng(seed).normal(scale=3, size=shape), np.float32)
    array.reshape(-1)[:1] = 0  # where an activation bends
    return array


def both(name, *arguments, shape):
    """The `out` of one operation by kernel, by kernel in place, and by its twin."""
    fast, twin, in_place = np.empty(shape, np.float32), np.empty(shape, np.float32), arguments[0].copy()
    getattr(FAST, name)(*arguments, out=fast)
    getattr(TWIN, name)(*arguments, out=twin)
    getattr(FAST, name)(in_place, *arguments[1:], out=in_place)
    np.testing.assert_array_equal(fast, in_place)
    return fast, twin


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("relu", [0.0]),
        ("relu", [0.1]),
        ("elu", [1.0]),
        ("elu", [0.3]),
        ("tanh", []),
        ("sigmoid", []),
        ("relu_of_sum", ["y", 0.0]),
        ("relu_of_sum", ["y", 0.1]),
        ("relu_backward", ["y", 0.0]),
        ("relu_backward", ["y", -0.2]),
        ("elu_backward", ["y", "y", 0.3]),
        ("tanh_backward", ["y"]),
        ("sigmoid_backward", ["y"]),
    ],
)
def test_activations(name, others, shape):
    others = [normal(*shape, seed=1) if other == "y" else other for other in others]
    fast, twin = both(name, normal(*shape), *others, shape=shape)
    np.testing.assert_allclose(fast, twin, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["relu", "elu", "tanh", "sigmoid"])
def test_nan_and_infinity_stay_what_they_are(name):
    x = np.array([np.nan, np.inf, -np.inf] * 20, np.float32)
    fast, twin = both(name, x, *([0.5] if name in {"relu", "elu"} else []), shape=x.shape)
    np.testing.assert_array_equal(fast, twin)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ratio", [0.0, 0.35, 0.9, 1.0])
def test_dropout_drops_the_same_to_the_bit(shape, ratio):
    fast, twin = both("dropout", normal(*shape), ratio, 2**63 - 5, 7, shape=shape)
    np.testing.assert_array_equal(fast, twin)


@pytest.fixture
def set_threads(monkeypatch):
    """A function that gives the process a fresh pool of as many threads."""

    def set_to(count):
        pool._forget()
        monkeypatch.setattr(pool, "threads", lambda: count)

    yield set_to
    pool._forget()


def test_results_do_not_depend_on_the_number_of_threads(set_threads):
    x, index, results = normal(5000, 99), np.arange(5000) % 7, []
    for count in (1, 2, 5):
        set_threads(count)
        dropped, prob, table = np.empty_like(x), np.empty_like(x), np.zeros((7, 99), np.float32)
        FAST.dropout(x, 0.5, 3, 1, out=dropped)
        FAST.softmax(x[:, :, None], out=prob[:, :, None])
        FAST.add_to_rows(x, index, table)
        results.append(np.concatenate([dropped, prob, table]))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_dropout_looks_random():
    """Shares of kept elements over rows, columns, steps and seeds, and pairs, within five standard deviations."""
    n, ratio = 1000, 0.3
    x = np.ones((n, n), np.float32)
    masks = []
    for seed, step in [(1, 0), (1, 1), (2, 0), (2**62, 1000)]:
        out = np.empty_like(x)
        FAST.dropout(x, ratio, seed, step, out=out)
        masks.append(out > 0)
    bound = 5 * np.sqrt(ratio * (1 - ratio) / n)
    for mask in masks:
        assert abs(mask.mean() - (1 - ratio)) < bound / np.sqrt(n)
        for axis in (0, 1):
            assert abs(mask.mean(axis=axis) - (1 - ratio)).max() < bound
        for lag in (1, 2, 64, 256, n):
            flat = mask.ravel()
            assert abs(np.mean(flat[lag:] & flat[:-lag]) - (1 - ratio) ** 2) < bound / np.sqrt(n)
    for other in masks[1:]:
        assert abs(np.mean(masks[0] & other) - (1 - ratio) ** 2) < bound / np.sqrt(n)


SOFTMAX_SHAPES = [(1, 1, 1), (0, 3, 1), (5, 47, 1), (3000, 10, 1), (2, 70000, 1), (3, 4, 6), (0, 4, 6), (4, 4, 0)]
SOFTMAX_SHAPES += [(1, 21, 5000), (600, 21, 7)]


@pytest.mark.parametrize("shape", SOFTMAX_SHAPES)
def test_softmax(shape):
    fast, twin = both("softmax", normal(*shape), shape=shape)
    np.testing.assert_allclose(fast, twin, rtol=1e-5, atol=1e-9)
    fast, twin = both("softmax_backward", normal(*shape), fast, shape=shape)
    np.testing.assert_allclose(fast, twin, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(6, 4, 1), (6, 4, 3)])
def test_softmax_of_extremes(shape):
    x = normal(*shape)
    x[0, 1] = np.nan  # spoils its own row, no other
    x[1] = 1e30
    x[2, 0], x[3] = -np.inf, -1e38
    x[4] = np.array([-np.nan, 1, 2, 3])[:, None]
    fast, twin = both("softmax", x, shape=shape)
    np.testing.assert_allclose(fast, twin, rtol=1e-5)
    assert np.isnan(fast[[0, 4]]).all() and np.isfinite(fast[[1, 2, 3, 5]]).all()


@pytest.mark.parametrize("ignored", [None, 2, 255])
@pytest.mark.parametrize("shape", [(4, 5, 1), (3, 5, 6), (700, 47, 1), (0, 3, 1)])
def test_softmax_loss(shape, ignored):
    outer, classes, inner = shape
    label = np.random.default_rng(2).integers(classes, size=(outer, inner)).astype(np.float32)
    label[::3] = classes - 1 if ignored is None else ignored
    results = []
    for ops in (FAST, TWIN):
        prob, dx = np.empty(shape, np.float32), np.empty(shape, np.float32)
        total, valid = ops.softmax_loss(normal(*shape), label, ignored, prob=prob)
        ops.softmax_loss_backward(prob, label, ignored, np.float32(0.25), out=dx)
        results.append((total, valid, dx))
    (total, valid, dx), (twin_total, twin_valid, twin_dx) = results
    assert valid == twin_valid == (label.size if ignored is None else (label != ignored).sum())
    np.testing.assert_allclose(total, twin_total, rtol=1e-5)
    np.testing.assert_allclose(dx, twin_dx, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("rows", "width", "size"), [(0, 3, 5), (7, 1, 3), (5000, 33, 47), (9000, 128, 2000)])
def test_rows_of_a_table(rows, width, size):
    index = np.random.default_rng(3).integers(size, size=rows)
    table, dy = normal(size, width), normal(rows, width)
    fast, twin = np.empty_like(dy), np.empty_like(dy)
    FAST.take_rows(table, index, out=fast)
    TWIN.take_rows(table, index, out=twin)
    np.testing.assert_array_equal(fast, twin)
    fast, twin = table.copy(), table.copy()
    FAST.add_to_rows(dy, index, fast)
    TWIN.add_to_rows(dy, index, twin)
    np.testing.assert_array_equal(fast, twin)  # both add in the order of the rows


@pytest.mark.parametrize("shape", [(), (0,), (7,), (5, 1, 300)])
@pytest.mark.parametrize("ignored", [None, 9, -1])
@pytest.mark.parametrize("value", [0, 2.5, -0.5, -1, 3, 9, np.nan, np.inf])
def test_indices_are_required(shape, ignored, value):
    """The last one alone may be wrong."""
    x = np.random.default_rng(0).uniform(-0.9, 2.9, shape).astype(np.float32)
    x.reshape(-1)[-1:] = value
    is_refused = []
    for ops in (FAST, TWIN):
        found = []
        ops.require_indices(x, 3, ignored, lambda *given, found=found: found.append(given))
        is_refused.append(len(found))
        for given, allowed in found:
            assert given is x and not allowed.reshape(-1)[-1] and allowed.reshape(-1)[:-1].all()
    expected = x.size > 0 and not (-1 < value < 3 or value == ignored)
    assert is_refused == [expected, expected]


@pytest.mark.parametrize("shape", [(0, 2), (1, 1), (7, 300)])
@pytest.mark.parametrize("value", [0, 1, 0.5, -1, np.nan])
def test_zeros_and_ones_are_required(shape, value):
    x = np.random.default_rng(0).integers(2, size=shape).astype(np.float32)
    x.reshape(-1)[-1:] = value
    for ops in (FAST, TWIN):
        refused = []
        ops.require_binary(x, refused.append)
        assert len(refused) == (x.size > 0 and value not in (0, 1))
