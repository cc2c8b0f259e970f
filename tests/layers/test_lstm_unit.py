"""LSTMUnit: one step of an LSTM."""

import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from tests.gradient_check import build, check

TEXT = 'type: "LSTMUnit"'
CONT = np.array([[0.0, 1, 0.5]])


def test_gradients() -> None:
    check(TEXT, [(1, 3, 2), (1, 3, 8), CONT])


def test_equations() -> None:
    layer, bottom, top = build(TEXT, [(1, 3, 2), (1, 3, 8), CONT])
    layer.forward(bottom, top)
    i, f, o, g = np.split(bottom[1].data, 4, axis=2)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    cell = f * CONT[:, :, None] * bottom[0].data + i * np.tanh(g)
    np.testing.assert_allclose(top[0].data, cell, rtol=1e-12)
    np.testing.assert_allclose(top[1].data, o * np.tanh(cell), rtol=1e-12)


@pytest.mark.parametrize(
    "bottoms",
    [[(2, 3, 2), (2, 3, 8), (2, 3)], [(3, 2), (1, 3, 8), (1, 3)], [(1, 3, 2), (1, 3, 6), (1, 3)],
     [(1, 3, 2), (1, 4, 8), (1, 3)], [(1, 3, 2), (1, 3, 8), (1, 3, 1)]],
)  # fmt: skip
def test_shapes_that_do_not_fit(bottoms) -> None:
    with pytest.raises(ShapeError, match="expected"):
        build(TEXT, bottoms)


def test_cont_has_no_gradient() -> None:
    layer, bottom, top = build(TEXT, [(1, 3, 2), (1, 3, 8), CONT])
    layer.forward(bottom, top)
    assert [layer.allow_force_backward(i) for i in range(3)] == [True, True, False]
    with pytest.raises(NetError, match="a gradient is asked for its sequence indicators"):
        layer.backward(top, [True, True, True], bottom)
