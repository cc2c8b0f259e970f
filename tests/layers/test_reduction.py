import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import ShapeError

X = np.array([[1.0, -2, 3], [-4, 5, 0.5]])


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("operation", ["SUM", "ASUM", "SUMSQ", "MEAN"])
def test_gradient(operation, axis):
    check(f'type: "Reduction" reduction_param {{ operation: {operation} axis: {axis} coeff: -2.5 }}', [(2, 3, 4)])


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("", 3.5),
        ("operation: ASUM", 15.5),
        ("operation: SUMSQ coeff: 2", 110.5),
        ("operation: MEAN axis: 1 coeff: 3", [2, 1.5]),
        ("operation: SUM axis: -1", [2, 1.5]),
    ],
)
def test_values(param, expected):
    layer, bottom, top = build(f'type: "Reduction" reduction_param {{ {param} }}', [X])
    layer.forward(bottom, top)
    assert top[0].data.tolist() == expected


@pytest.mark.parametrize(("shape", "axis"), [((2, 3), 2), ((), 0)])
def test_refused(shape, axis):
    with pytest.raises(ShapeError, match=f"axis {axis} is out of range"):
        build(f'type: "Reduction" reduction_param {{ axis: {axis} }}', [shape])
