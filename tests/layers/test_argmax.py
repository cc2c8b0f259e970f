import numpy as np
import pytest
from gradient_check import build

from cafflite.errors import CaffliteError

X = np.array([[[1.0, 5, 5], [7, 0, 7]]])  # (1, 2, 3)


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        ("", [[[5]]]),  # of equal values the last
        ("top_k: 3", [[[5, 3, 2]]]),
        ("out_max_val: true top_k: 2", [[[5, 3], [7, 7]]]),
        ("axis: 1", [[[1, 0, 1]]]),
        ("axis: -1", [[[2], [2]]]),
        ("axis: -1 top_k: 2", [[[2, 1], [2, 0]]]),
        ("axis: -1 top_k: 2 out_max_val: true", [[[5, 5], [7, 7]]]),
    ],
)
def test_values(param, expected):
    layer, bottom, top = build(f'type: "ArgMax" argmax_param {{ {param} }}', [X])
    layer.forward(bottom, top)
    assert top[0].data.tolist() == expected


@pytest.mark.parametrize(("shape", "expected"), [((4, 3), (4, 1, 1)), ((4, 3, 5, 6), (4, 1, 1, 1)), ((4,), (4, 1, 1))])
def test_shape_without_an_axis(shape, expected):
    assert build('type: "ArgMax"', [shape])[2][0].shape == expected


@pytest.mark.parametrize("param", ["top_k: 7", "top_k: 0", "axis: 1 top_k: 3", "axis: 3", "axis: -4"])
def test_refused(param):
    with pytest.raises(CaffliteError, match="top_k is|out of range"):
        build(f'type: "ArgMax" argmax_param {{ {param} }}', [X])
