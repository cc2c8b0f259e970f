"""Softmax and its loss on a CuPy device, held to their portable twins on NumPy."""

import numpy as np
import pytest

from tests.device_twins import Twins, device_ops

pytestmark = pytest.mark.gpu
# Rows of fewer values than a warp has threads, of as many and of more; rows that lie side by side.
SHAPES = [(1, 1, 1), (5, 31, 1), (9, 32, 1), (2, 47, 1), (3, 700, 1), (3, 4, 6), (1, 21, 300), (40, 5, 7)]
EMPTY = [(0, 3, 1), (0, 4, 6), (4, 4, 0)]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=3, size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
def test_softmax(shape):
    x = normal(*shape)
    Twins()("softmax", x, np.full_like(x, 7), atol=1e-9)
    Twins()("softmax", x, x, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
def test_softmax_backward(shape):
    dy, y = normal(*shape), normal(*shape, seed=1)
    Twins()("softmax_backward", dy, y, np.full_like(dy, 7), rtol=1e-4, atol=1e-4)
    Twins()("softmax_backward", dy, y, dy, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:invalid value")  # infinity less infinity, on NumPy
@pytest.mark.parametrize("shape", [(6, 4, 1), (6, 4, 3)])
def test_softmax_of_extremes(shape):
    x = normal(*shape)
    x[0, 1] = np.nan  # spoils its own row, no other
    x[1] = 1e30
    x[2, 0], x[3] = -np.inf, -1e38
    x[4] = np.array([-np.nan, 1, 2, 3])[:, None]
    x[5] = -np.inf
    Twins()("softmax", x, np.empty_like(x))


@pytest.mark.parametrize("ignored", [None, 2, 255])
@pytest.mark.parametrize("shape", [(4, 5, 1), (3, 5, 6), (700, 47, 1), (2, 3, 150), (0, 3, 1)])
@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_softmax_loss(shape, ignored, kind):
    outer, classes, inner = shape
    label = np.random.default_rng(2).integers(classes, size=(outer, inner)).astype(kind)
    label[::3] = classes - 1 if ignored is None else ignored
    x, twins = normal(*shape), Twins()
    twins("softmax_loss", x, label, ignored, np.full_like(x, 7))
    prob, scale = np.abs(x), np.array(0.25, np.float32)
    twins("softmax_loss_backward", prob, label, ignored, scale, np.full_like(x, 7))


def test_the_loss_of_impossible_and_of_unknown_predictions():
    x = np.array([[0, -500, 0], [0, np.nan, 0]], np.float32)
    for row in (x[:1], x[1:]):
        Twins()("softmax_loss", row[:, :, None].copy(), np.ones((1, 1), np.float32), None, np.empty((1, 3, 1), "f"))


@pytest.mark.parametrize("label", [-1, 3, 1000, -1000])
def test_a_label_that_is_no_class_reads_nothing(label):
    """What is wrong with it is told later; until then nothing is read beyond the predictions."""
    ops = device_ops()
    prob, labels = ops.xp.empty((2, 3, 1), "f"), ops.xp.asarray([[1], [label]], "f")
    total, count = ops.softmax_loss(ops.xp.zeros((2, 3, 1), "f"), labels, None, prob)
    np.testing.assert_allclose([float(total), float(count)], [np.log(3), 1], rtol=1e-6)
