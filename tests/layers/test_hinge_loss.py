import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import DataError, ShapeError

LABELS = np.array([2.0, 0])


@pytest.mark.parametrize(("norm", "expected"), [("L1", 4.5 / 2), ("L2", 7.25 / 2)])
def test_loss(norm, expected):
    x = np.array([[-2.0, 0.5, 0], [2, 1, -3]])  # margins: 0, 1.5, 1 and 0, 2, 0
    layer, bottom, top = build(f'type: "HingeLoss" hinge_loss_param {{ norm: {norm} }}', [x, LABELS])
    layer.forward(bottom, top)
    assert top[0].data == pytest.approx(expected)


@pytest.mark.parametrize("norm", ["L1", "L2"])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2)])
def test_gradient(norm, shape):
    check(f'type: "HingeLoss" hinge_loss_param {{ norm: {norm} }}', [shape, LABELS], propagate_down=[True, False])


@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_label_out_of_range_is_named(wrong):
    layer, bottom, top = build('type: "HingeLoss"', [(2, 3), np.array([0.0, wrong])])
    with pytest.raises(DataError, match=f"label {wrong} in row 1"):
        layer.forward(bottom, top)


def test_as_many_labels_as_rows():
    with pytest.raises(ShapeError, match="4 values for 2 rows"):
        build('type: "HingeLoss"', [(2, 3), (2, 2)])
