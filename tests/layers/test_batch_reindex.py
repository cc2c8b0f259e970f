import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import DataError, ShapeError


def test_samples_come_in_the_order_of_the_index():
    layer, bottom, top = build('type: "BatchReindex"', [np.arange(6.0).reshape(3, 2), np.array([2.0, 0, 2, 1])])
    layer.forward(bottom, top)
    assert top[0].data.tolist() == [[4, 5], [0, 1], [4, 5], [2, 3]]


def test_gradient():
    check('type: "BatchReindex"', [(3, 2, 2), np.array([2.0, 0, 2, 2])])


@pytest.mark.parametrize("wrong", [-1, 3])
def test_an_index_out_of_range_is_named(wrong):
    layer, bottom, top = build('type: "BatchReindex"', [(3, 2), np.array([0.0, wrong])])
    with pytest.raises(DataError, match=f"index {wrong} in row 1 is none of the batch's 3 samples"):
        layer.forward(bottom, top)


def test_the_index_has_one_axis():
    with pytest.raises(ShapeError, match=r"\(2, 2\), expected one axis"):
        build('type: "BatchReindex"', [(3, 2), (2, 2)])
