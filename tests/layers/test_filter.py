import numpy as np
import pytest
from gradient_check import build

from cafflite.errors import CaffliteError, NetError

X, EXTRA, SELECTOR = np.arange(6.0).reshape(3, 2), np.array([7.0, 8, 9]), np.array([1.0, 0, 1])


def test_picks_samples_of_every_bottom_and_passes_their_gradient_back():
    layer, bottom, top = build('type: "Filter" bottom: "x" bottom: "e" bottom: "s"', [X, EXTRA, SELECTOR], tops=2)
    assert [blob.shape for blob in top] == [(3, 2), (3,)]  # until the first forward pass
    layer.reshape(bottom, top)
    layer.forward(bottom, top)
    assert top[0].data.tolist() == [[0, 1], [4, 5]]
    assert top[1].data.tolist() == [7, 9]
    top[0].diff[...] = [[1, 2], [3, 4]]
    layer.backward(top, [True, False, False], bottom)
    assert bottom[0].diff.tolist() == [[1, 2], [0, 0], [3, 4]]
    assert not bottom[1].diff.any()


def test_nothing_picked_is_an_empty_batch():
    layer, bottom, top = build('type: "Filter"', [X, np.zeros(3)])
    layer.reshape(bottom, top)
    layer.forward(bottom, top)
    assert top[0].data.shape == (0, 2)


def test_the_selector_has_no_gradient():
    layer, bottom, top = build('type: "Filter" bottom: "x" bottom: "s"', [X, SELECTOR])
    assert [layer.allow_force_backward(i) for i in range(2)] == [True, False]
    with pytest.raises(NetError, match="selector"):
        layer.backward(top, [False, True], bottom)


@pytest.mark.parametrize(
    ("bottoms", "tops", "message"),
    [
        ([(3, 2), (2,)], 1, r"2 values for an input \(3, 2\)"),
        ([(3, 2), (3, 2)], 1, r"selector has shape \(3, 2\)"),
        ([(3, 2), (3,)], 2, "2 top blobs, expected one for each bottom but the last, 1"),
    ],
)
def test_refused(bottoms, tops, message):
    with pytest.raises(CaffliteError, match=message):
        build('type: "Filter"', bottoms, tops=tops)
