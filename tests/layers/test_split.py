import pytest
from gradient_check import build, check

from cafflite.errors import NetError


@pytest.mark.parametrize("tops", [1, 2, 4])
def test_gradient(tops):
    check('type: "Split"', [(2, 3)], tops=tops)


def test_tops_are_the_memory_of_the_bottom():
    layer, bottom, top = build('type: "Split"', [(2, 3)], tops=2)
    layer.forward(bottom, top)
    bottom[0].data[...] = 7
    assert all((blob.data == 7).all() for blob in top)
    top[0].diff[...] = 1
    assert not top[1].diff.any()


def test_in_place_is_refused():
    layer, bottom, top = build('type: "Split"', [(2, 3)], tops=2)
    with pytest.raises(NetError, match="cannot work in place"):
        layer.reshape(bottom, [top[0], bottom[0]])
