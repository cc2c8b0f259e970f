import numpy as np
import pytest

from cafflite.errors import DataError, NetError, ShapeError
from tests.gradient_check import build


def loss(h, cont=None):
    layer, bottom, top = build('type: "NormStabilizerLoss"', [h] if cont is None else [h, cont])
    layer.forward(bottom, top)
    return float(top[0].data), layer, bottom, top


def test_values():
    h = np.random.default_rng(0).standard_normal((5, 3, 4))
    expected = 0.0
    for t in range(1, 5):
        for n in range(3):
            expected += (np.linalg.norm(h[t, n]) - np.linalg.norm(h[t - 1, n])) ** 2
    assert loss(h)[0] == pytest.approx(expected / 15)


def test_a_sequence_that_begins_is_not_compared():
    h = np.array([[[3.0, 4]], [[0, 1]], [[2, 0]]])
    assert loss(h)[0] == pytest.approx((16 + 1) / 3)
    assert loss(h, np.array([[1.0], [0], [1]]))[0] == pytest.approx(1 / 3)
    assert loss(h, np.array([[0.0], [1], [0]]))[0] == pytest.approx(16 / 3)


def test_values_of_norm_0_have_a_gradient_of_0():
    h = np.array([[[3.0, 4]], [[0, 0]]])
    _, layer, bottom, top = loss(h)
    top[0].diff[...] = 1
    layer.backward(top, [True], bottom)
    np.testing.assert_allclose(bottom[0].diff, [[[3, 4]], [[0, 0]]])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(4,)], r"its input is \(4,\), expected \(T, N, ...\)"),
        ([(0, 2, 3)], r"its input is \(0, 2, 3\), expected \(T, N, ...\): one time step or more"),
        ([(4, 2, 3), (2, 4)], r"its sequence indicators are \(2, 4\), expected \(4, 2\)"),
    ],
)
def test_bottoms_that_do_not_fit(shapes, message):
    with pytest.raises(ShapeError, match=message):
        build('type: "NormStabilizerLoss"', shapes)


def test_the_indicators_have_no_gradient():
    _, layer, bottom, top = loss(np.ones((3, 2, 2)), np.ones((3, 2)))
    with pytest.raises(NetError, match="its sequence indicators have no gradient"):
        layer.backward(top, [True, True], bottom)


def test_indicators_are_0_and_1():
    with pytest.raises(DataError, match="its sequence indicators hold 0.5 at step 1 of stream 0, expected 0 where"):
        loss(np.ones((3, 1, 2)), np.array([[0], [0.5], [1]]))
