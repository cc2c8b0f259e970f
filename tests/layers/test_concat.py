import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import NetError, ShapeError


@pytest.mark.parametrize(
    ("param", "shapes"),
    [
        ("", [(2, 3), (2, 1), (2, 4)]),
        ("axis: 0", [(2, 3), (1, 3)]),
        ("axis: -1", [(2, 3, 1), (2, 3, 2)]),
        ("concat_dim: 2", [(2, 3, 1), (2, 3, 2)]),
        ("", [(2, 3)]),
        ("", [(2, 3), (2, 0)]),
    ],
)
def test_gradient(param, shapes):
    check(f'type: "Concat" concat_param {{ {param} }}', shapes)


def test_order():
    layer, bottom, top = build('type: "Concat"', [np.array([[1.0], [2]]), np.array([[3.0, 4], [5, 6]])])
    layer.forward(bottom, top)
    assert top[0].data.tolist() == [[1, 3, 4], [2, 5, 6]]


@pytest.mark.parametrize(
    ("param", "shapes", "error", "message"),
    [
        (
            "",
            [(2, 3, 4), (2, 3, 5)],
            ShapeError,
            r"bottom 1 \(2, 3, 5\) differs from bottom 0 \(2, 3, 4\) beside axis 1",
        ),
        ("", [(2, 3), (2, 3, 1)], ShapeError, "bottom 1"),
        ("axis: 2", [(2, 3), (2, 3)], ShapeError, "axis 2 is out of range"),
        ("axis: 1 concat_dim: 1", [(2, 3), (2, 3)], NetError, "both axis and concat_dim"),
    ],
)
def test_refused(param, shapes, error, message):
    with pytest.raises(error, match=message):
        build(f'type: "Concat" concat_param {{ {param} }}', shapes)
