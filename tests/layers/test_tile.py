import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import NetError


@pytest.mark.parametrize(("axis", "tiles"), [(0, 2), (1, 3), (2, 2), (-1, 4), (1, 1)])
def test_copies_lie_side_by_side(axis, tiles):
    param = f'type: "Tile" tile_param {{ axis: {axis} tiles: {tiles} }}'
    layer, bottom, top = build(param, [(2, 3, 2)])
    layer.forward(bottom, top)
    assert np.array_equal(top[0].data, np.concatenate([bottom[0].data] * tiles, axis=axis))
    check(param, [(2, 3, 2)])


def test_no_tiles_are_refused():
    with pytest.raises(NetError, match="tiles is 0"):
        build('type: "Tile"', [(2, 3)])
