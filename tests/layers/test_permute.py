import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import NetError


@pytest.mark.parametrize(
    ("order", "expected"),
    [((0, 2, 3, 1), (0, 2, 3, 1)), ((2,), (2, 0, 1, 3)), ((), (0, 1, 2, 3)), ((3, 0), (3, 0, 1, 2))],
)
def test_axes(order, expected):
    param = " ".join(f"order: {axis}" for axis in order)
    layer, bottom, top = build(f'type: "Permute" permute_param {{ {param} }}', [(2, 3, 4, 5)])
    layer.forward(bottom, top)
    assert np.array_equal(top[0].data, bottom[0].data.transpose(expected))


def test_gradient():
    check('type: "Permute" permute_param { order: 2 order: 0 order: 1 }', [(2, 3, 4)])


@pytest.mark.parametrize("order", ["order: 3", "order: 1 order: 1"])
def test_refused(order):
    with pytest.raises(NetError, match="is not one of the axes"):
        build(f'type: "Permute" permute_param {{ {order} }}', [(2, 3, 4)])


def test_in_place_is_refused():
    layer, bottom, _ = build('type: "Permute" permute_param { order: 1 }', [(2, 3)])
    with pytest.raises(NetError, match="its top is its bottom, and it cannot work in place"):
        layer.reshape(bottom, bottom)
