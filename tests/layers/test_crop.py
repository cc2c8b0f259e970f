import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from tests.gradient_check import build, check


def text(settings: str) -> str:
    return f'type: "Crop" crop_param {{ {settings} }}'


@pytest.mark.parametrize(
    ("settings", "reference", "part"),
    [
        ("", (9, 9, 2, 3), np.s_[:, :, :2, :3]),
        ("offset: 1", (9, 9, 2, 3), np.s_[:, :, 1:3, 1:4]),
        ("offset: 2 offset: 0", (9, 9, 2, 3), np.s_[:, :, 2:4, :3]),
        ("axis: 1 offset: 1 offset: 2 offset: 0", (9, 2, 2, 5), np.s_[:, 1:3, 2:4, :]),
        ("axis: -1 offset: 3", (9, 9, 9, 2), np.s_[..., 3:5]),
        ("axis: 0 offset: 0", (1, 3, 4, 5), np.s_[:1]),
        ("offset: 1", (9, 9, 2, 3, 7), np.s_[:, :, 1:3, 1:4]),
    ],
)
def test_part(settings, reference, part):
    layer, bottom, top = build(text(settings), [(2, 3, 4, 5), reference])
    layer.forward(bottom, top)
    assert np.array_equal(top[0].data, bottom[0].data[part])


def test_gradient():
    check(text("offset: 1"), [(2, 2, 3, 4), (1, 1, 2, 2)])
    check(text("axis: 1"), [(2, 3, 2), (2, 2, 1)], propagate_down=[True, False])


@pytest.mark.parametrize(
    ("settings", "reference", "message"),
    [
        (
            "offset: 1 offset: 1 offset: 1",
            (2, 3, 2, 2),
            r"given 3 times, .* each of the 2 axes from axis 2 of its input",
        ),
        ("axis: 4", (2, 3, 2, 2), r"axis 4 is out of range for a blob of shape \(2, 3, 4, 5\)"),
        (
            "offset: 3",
            (2, 3, 2, 2),
            r"its input \(2, 3, 4, 5\) has no \(2, 2\) values from \(3, 3\) on, counted from axis 2",
        ),
        ("", (2, 3, 6), r"its reference \(2, 3, 6\) has fewer axes than its input \(2, 3, 4, 5\)"),
    ],
)
def test_parts_that_are_not_there(settings, reference, message):
    with pytest.raises(NetError, match=message):
        build(text(settings), [(2, 3, 4, 5), reference])


def test_errors_of_shape():
    with pytest.raises(ShapeError):
        build(text(""), [(2, 3, 4, 5), (2, 3, 5, 5)])
