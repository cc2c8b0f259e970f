import pytest

from cafflite.errors import NetError
from cafflite.layers.base import registry
from tests.gradient_check import build, check


def test_gradient():
    check('type: "AbsVal"', [(3, 4)])


def test_it_cannot_work_in_place():
    layer, bottom, _ = build('type: "AbsVal"', [(3, 4)])
    with pytest.raises(NetError, match="cannot work in place.*another name"):
        registry["AbsVal"](layer.layer_param, layer.phase, layer.ops, 0).setup(bottom, bottom)
