import pytest
from gradient_check import build, check

from cafflite.errors import NetError, ShapeError


@pytest.mark.parametrize(
    ("param", "shapes"),
    [
        ("", [(2, 2), (2, 2), (2, 2)]),
        ("slice_point: 1 slice_point: 3", [(2, 1), (2, 2), (2, 3)]),
        ("slice_dim: 1 slice_point: 5", [(2, 5), (2, 1)]),
        ("axis: 0", [(1, 6), (1, 6)]),
        ("axis: -1 slice_point: 6", [(2, 6), (2, 0)]),
        ("", [(2, 6)]),
    ],
)
def test_shapes_and_gradient(param, shapes):
    text = f'type: "Slice" slice_param {{ {param} }}'
    check(text, [(2, 6)], tops=len(shapes))
    layer, bottom, top = build(text, [(2, 6)], tops=len(shapes))
    layer.forward(bottom, top)
    assert [blob.shape for blob in top] == shapes
    assert sum(blob.data.sum() for blob in top) == pytest.approx(bottom[0].data.sum())


@pytest.mark.parametrize(
    ("param", "tops", "error", "message"),
    [
        ("", 4, ShapeError, r"axis 1 of its input \(2, 6\) cannot be cut into 4 equal parts"),
        ("slice_point: 7", 2, ShapeError, r"slice_point 7 lies beyond axis 1 of its input \(2, 6\)"),
        ("slice_point: 2", 3, NetError, "1 slice_points for 3 tops"),
        ("slice_point: 2 slice_point: 2", 3, NetError, r"\[2, 2\]"),
        ("slice_point: 0", 2, NetError, "expected positive numbers"),
        ("axis: 1 slice_dim: 1", 2, NetError, "both axis and slice_dim"),
        ("axis: 3", 2, ShapeError, "axis 3 is out of range"),
    ],
)
def test_refused(param, tops, error, message):
    with pytest.raises(error, match=message):
        build(f'type: "Slice" slice_param {{ {param} }}', [(2, 6)], tops=tops)
