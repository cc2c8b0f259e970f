import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import DataError, ShapeError

P = np.array([[0.2, 0.3, 0.5], [0.7, 0.2, 0.1]])
LABELS = np.array([2.0, 0])


def test_loss():
    layer, bottom, top = build('type: "MultinomialLogisticLoss"', [P, LABELS])
    layer.forward(bottom, top)
    assert top[0].data == pytest.approx(-(np.log(0.5) + np.log(0.7)) / 2)


def test_gradient():
    check('type: "MultinomialLogisticLoss"', [P, LABELS], propagate_down=[True, False])


def test_a_probability_of_0_is_bounded():
    layer, bottom, top = build('type: "MultinomialLogisticLoss"', [np.array([[0.0, 1]]), np.array([0.0])])
    layer.forward(bottom, top)
    assert top[0].data == pytest.approx(-np.log(1e-20))


def test_a_label_out_of_range_is_named():
    layer, bottom, top = build('type: "MultinomialLogisticLoss"', [P, np.array([0.0, 3])])
    with pytest.raises(DataError, match="label 3 in row 1"):
        layer.forward(bottom, top)


def test_as_many_labels_as_rows():
    with pytest.raises(ShapeError, match="4 values for 2 rows"):
        build('type: "MultinomialLogisticLoss"', [P, (2, 2)])
