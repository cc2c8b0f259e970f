import pytest

from cafflite.errors import ShapeError
from tests.gradient_check import build, check


def text(settings: str) -> str:
    return f'type: "Im2col" convolution_param {{ {settings} }}'


@pytest.mark.parametrize(
    ("settings", "shape", "top"),
    [
        ("kernel_size: 2", (2, 3, 4, 3), (2, 12, 3, 2)),
        ("kernel_h: 2 kernel_w: 3 stride: 2 pad: 1", (2, 2, 4, 5), (2, 12, 3, 3)),
        ("kernel_size: 2 dilation: 2", (2, 2, 5, 4), (2, 8, 3, 2)),
        ("kernel_size: 3", (2, 2, 5), (2, 6, 3)),
        ("kernel_size: 2 pad: 1 stride: 2", (1, 2, 3, 4, 2), (1, 16, 2, 3, 2)),
    ],
)
def test_gradient_and_shape(settings, shape, top):
    check(text(settings), [shape])
    assert build(text(settings), [shape])[2][0].shape == top


def test_values():
    layer, bottom, top = build(text("kernel_size: 2 stride: 2 pad: 1"), [(1, 1, 2, 2)])
    bottom[0].data[...] = [[1, 2], [3, 4]]
    layer.forward(bottom, top)
    assert top[0].data[0].tolist() == [[[0, 0], [0, 4]], [[0, 0], [3, 0]], [[0, 2], [0, 0]], [[1, 0], [0, 0]]]


def test_no_axis_for_a_window():
    with pytest.raises(ShapeError, match=r"its input \(2, 3\) has no axis behind axis 1"):
        build(text("kernel_size: 1"), [(2, 3)])
