import pytest
from gradient_check import build, check

from cafflite.errors import ShapeError


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("", (2, 60)),
        ("axis: 2", (2, 3, 20)),
        ("axis: 1 end_axis: 2", (2, 12, 5)),
        ("axis: 0 end_axis: -2", (24, 5)),
        ("axis: -1", (2, 3, 4, 5)),
    ],
)
def test_shape(param, expected):
    layer, bottom, top = build(f'type: "Flatten" flatten_param {{ {param} }}', [(2, 3, 4, 5)])
    layer.forward(bottom, top)
    assert top[0].shape == expected
    assert top[0].data.ravel().tolist() == bottom[0].data.ravel().tolist()


def test_gradient():
    check('type: "Flatten"', [(2, 3, 2)])


@pytest.mark.parametrize(("param", "message"), [("axis: 2 end_axis: 1", "comes after"), ("axis: 4", "out of range")])
def test_refused(param, message):
    with pytest.raises(ShapeError, match=message):
        build(f'type: "Flatten" flatten_param {{ {param} }}', [(2, 3, 4)])
