import pytest
from gradient_check import build, check

from cafflite.errors import CaffliteError


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("shape { dim: 4 dim: 6 }", (4, 6)),
        ("shape { dim: 0 dim: -1 }", (2, 12)),
        ("shape { dim: -1 dim: 2 } axis: 1", (2, 6, 2)),
        ("shape { dim: 12 } axis: 1 num_axes: 2", (2, 12)),
        ("shape { dim: 1 } axis: 0 num_axes: 0", (1, 2, 3, 4)),
        ("shape { dim: 1 dim: 1 } axis: -1 num_axes: 0", (2, 3, 4, 1, 1)),
        ("shape { dim: 2 dim: 2 } axis: -2", (2, 3, 2, 2)),
        ("", (2, 3, 4)),
    ],
)
def test_shape(param, expected):
    param = param or "shape { dim: 0 dim: 0 dim: 0 }"
    layer, bottom, top = build(f'type: "Reshape" reshape_param {{ {param} }}', [(2, 3, 4)])
    layer.forward(bottom, top)
    assert top[0].shape == expected
    assert top[0].data.ravel().tolist() == bottom[0].data.ravel().tolist()


def test_gradient():
    check('type: "Reshape" reshape_param { shape { dim: 3 dim: -1 } }', [(2, 3, 2)])


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("shape { dim: -1 dim: -1 }", "more than one -1"),
        ("shape { dim: -2 }", "below -1"),
        ("shape { dim: 5 dim: -1 }", r"no size in place of -1 makes \(5, -1\) hold the 24 values"),
        ("shape { dim: 5 }", r"has 24 values, and its output \(5,\) 5"),
        ("shape { dim: 0 } axis: 3", "copies axis 3"),
        ("shape { dim: 24 } axis: 5", "has no axes 5"),
        ("shape { dim: 24 } axis: 1 num_axes: 3", "has no axes 1 with num_axes 3"),
        ("shape { dim: 24 } num_axes: -2", "num_axes is -2"),
    ],
)
def test_refused(param, message):
    with pytest.raises(CaffliteError, match=message):
        build(f'type: "Reshape" reshape_param {{ {param} }}', [(2, 3, 4)])
