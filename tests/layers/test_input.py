import pytest
from gradient_check import build

from cafflite.errors import NetError, ShapeError


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("shape { dim: 2 dim: 3 }", [(2, 3), (2, 3)]),
        ("shape { dim: 2 } shape { dim: 4 dim: 0 }", [(2,), (4, 0)]),
        ("shape { }", [(), ()]),
        ("", [(), ()]),
    ],
)
def test_shapes(param, expected):
    _, _, top = build(f'type: "Input" input_param {{ {param} }}', [], tops=2)
    assert [blob.shape for blob in top] == expected


def test_reshape_leaves_the_shape_that_the_user_gave():
    layer, bottom, top = build('type: "Input" input_param { shape { dim: 2 } }', [])
    top[0].reshape(5)
    layer.reshape(bottom, top)
    assert top[0].shape == (5,)


@pytest.mark.parametrize(
    ("param", "error", "message"),
    [
        ("shape { dim: 1 } shape { dim: 2 }", NetError, "2 shapes for 3 tops, expected one for all or one for each"),
        ("shape { dim: -1 }", ShapeError, "negative"),
        ("shape { dim: 3000000000 }", ShapeError, "3,000,000,000 elements"),
    ],
)
def test_refused(param, error, message):
    with pytest.raises(error, match=message):
        build(f'type: "Input" input_param {{ {param} }}', [], tops=3)
