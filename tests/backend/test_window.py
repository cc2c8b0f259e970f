import numpy as np
import pytest

from cafflite.backend.window import Window


def window(kernel, stride=1, pad=0, dilation=1) -> Window:
    return Window((kernel,), (stride,), (pad,), (dilation,))


@pytest.mark.parametrize(
    ("size", "of", "positions"),
    [
        (7, window(3), 5),
        (7, window(3, stride=2), 3),
        (8, window(3, stride=2), 3),
        (8, window(3, stride=2, pad=1), 4),
        (10, window(3, dilation=2), 6),
        (2, window(3, stride=2), 1),  # rounded towards zero, as in C
        (2, window(3), 0),
        (1, window(5, stride=2), -1),
    ],
)
def test_positions(size, of, positions):
    assert of.positions((size,)) == (positions,)


@pytest.mark.parametrize("of", [window(3), window(4, 2, 1), window(2, 3), window(3, 2, 0, 2), window(1)])
@pytest.mark.parametrize("positions", [1, 2, 5])
def test_positions_just_fit_their_span(of, positions):
    (span,) = of.span((positions,))
    assert of.positions((span,)) == (positions,)
    assert positions == 1 or of.positions((span - 1,)) == (positions - 1,)


@pytest.mark.parametrize(
    ("of", "has_one_tap"),
    [(window(1), True), (window(1, 2), True), (window(1, 1, 1), False), (window(2), False)],
)
def test_one_tap(of, has_one_tap):
    assert of.has_one_tap == has_one_tap


def test_what_each_tap_sees():
    of = window(2, stride=3, pad=1, dilation=2)
    size, positions = (7,), (3,)
    padded = np.zeros((1, *of.padded(size, positions)))
    padded[of.inside(size)] = np.arange(1, 8)
    assert [padded[place].tolist() for place in of.seen(positions)] == [[[0, 3, 6]], [[2, 5, 0]]]


def test_lifted_it_sees_the_same():
    of = Window((2, 3), (1, 2), (1, 0), (1, 2))
    lifted = of.lifted(3)
    assert lifted.positions((1, 5, 9)) == (1, *of.positions((5, 9)))
    assert lifted.taps == of.taps
