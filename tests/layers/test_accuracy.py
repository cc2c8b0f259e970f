import numpy as np
import pytest
from gradient_check import build

from cafflite.errors import DataError, NetError, ShapeError

X = np.array([[1, 2, 3], [3, 2, 1], [1, 3, 2], [2, 2, 1]], float)


def accuracy(labels, param="", x=X, tops=1):
    layer, bottom, top = build(
        f'type: "Accuracy" accuracy_param {{ {param} }}', [x, np.array(labels, float)], tops=tops
    )
    layer.forward(bottom, top)
    return [blob.data.tolist() for blob in top]


@pytest.mark.parametrize(
    ("labels", "param", "expected"),
    [
        ([2, 0, 1, 2], "", 0.75),
        ([2, 0, 1, 0], "", 0.75),  # a tie counts against the sample
        ([1, 1, 2, 1], "top_k: 2", 1),
        ([0, 0, 0, 2], "top_k: 3", 1),
        ([2, 1, 1, 2], "ignore_label: 1", 0.5),
        ([1, 1, 1, 1], "ignore_label: 1", 0),
        ([2, 9, 9, 9], "ignore_label: 9", 1),
    ],
)
def test_share_of_correct(labels, param, expected):
    assert accuracy(labels, param) == [expected]


def test_of_each_class():
    assert accuracy([2, 0, 0, 1], tops=2) == [0.5, [0.5, 0, 1]]
    assert accuracy([2, 0, 0, 0], "ignore_label: 0", tops=2) == [1, [0, 0, 1]]


def test_axis():
    x = np.moveaxis(np.stack([X, X[::-1]]), 2, 1)  # (2, 3 classes, 4)
    assert accuracy([[2, 0, 1, 2], [2, 1, 2, 0]], x=x) == [0.5]
    assert accuracy([[2, 0, 1, 2], [2, 1, 2, 0]], "axis: -1", x=np.moveaxis(x, 1, 2)) == [0.5]


def test_it_has_no_gradient_to_force():
    layer, _, _ = build('type: "Accuracy"', [X, np.zeros(4)])
    assert not layer.allow_force_backward(0)


@pytest.mark.parametrize(
    ("labels", "param", "error", "message"),
    [
        ([0, 0, 3, 0], "", DataError, "label 3 in row 2 is out of range, expected 0 to 2"),
        ([0, 0, 0], "", ShapeError, r"labels \(3,\) are 3 values, and predictions \(4, 3\)"),
        ([0, 0, 0, 0], "top_k: 4", NetError, "top_k is 4, more than the 3 classes"),
        ([0, 0, 0, 0], "axis: 2", ShapeError, "axis 2 is out of range"),
    ],
)
def test_refused(labels, param, error, message):
    with pytest.raises(error, match=message):
        accuracy(labels, param)
