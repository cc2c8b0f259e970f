import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import NetError, ShapeError


@pytest.mark.parametrize("bottoms", [2, 3])
@pytest.mark.parametrize(
    "param",
    [
        "",
        "operation: PROD",
        "operation: PROD stable_prod_grad: false",
        "operation: MAX",
        "coeff: 1 coeff: -1 coeff: 0.5",
        "coeff: 2 coeff: 1 coeff: 3",
    ],
)
def test_gradient(param, bottoms):
    if bottoms == 2:
        param = param.removesuffix(" coeff: 0.5").removesuffix(" coeff: 3")
    check(f'type: "Eltwise" eltwise_param {{ {param} }}', [(2, 3)] * bottoms)


def gradients(text, *values):
    layer, bottom, top = build(text, [np.array([value], float) for value in values])
    layer.forward(bottom, top)
    top[0].diff[...] = 1
    layer.backward(top, [True] * len(bottom), bottom)
    return top[0].data.tolist(), [float(blob.diff[0]) for blob in bottom]


@pytest.mark.parametrize(
    ("values", "winner"),
    [
        ((1, 1), 1),  # of the first two, the second
        ((2, 1, 2), 0),  # later ones have to be larger
        ((1, 2, 2), 1),
        ((1, 1, 1), 1),
        ((1, 2, 3), 2),
        ((-1, -2, -3), 0),
    ],
)
def test_ties_of_a_maximum(values, winner):
    y, diffs = gradients('type: "Eltwise" eltwise_param { operation: MAX }', *values)
    assert y == [max(values)]
    assert diffs == [float(i == winner) for i in range(len(values))]


def test_the_gradient_of_a_product_bears_zeros():
    assert gradients('type: "Eltwise" eltwise_param { operation: PROD }', 0, 3, 4) == ([0], [12, 0, 0])


@pytest.mark.parametrize("param", ["", "coeff: 2 coeff: 3", "operation: MAX"])
def test_in_place(param):
    text = f'type: "Eltwise" eltwise_param {{ {param} }}'
    layer, bottom, top = build(text, [(4, 5), (4, 5)])
    layer.forward(bottom, top)
    top[0].diff[...] = np.arange(20).reshape(4, 5)
    layer.backward(top, [True, True], bottom)
    in_place, blobs, _ = build(text, [(4, 5), (4, 5)])
    in_place.forward(blobs, blobs[:1])
    np.testing.assert_array_equal(blobs[0].data, top[0].data)
    blobs[0].diff[...] = top[0].diff
    in_place.backward(blobs[:1], [True, True], blobs)
    for found, expected in zip(blobs, bottom, strict=True):
        np.testing.assert_array_equal(found.diff, expected.diff)


def test_a_product_in_place_has_no_gradient():
    layer, bottom, _ = build('type: "Eltwise" eltwise_param { operation: PROD }', [(2, 3), (2, 3)])
    layer.forward(bottom, bottom[:1])
    with pytest.raises(NetError, match="in place"):
        layer.backward(bottom[:1], [True, True], bottom)


@pytest.mark.parametrize(
    ("param", "shapes", "error", "message"),
    [
        ("", [(2, 3), (2, 4)], ShapeError, r"bottom 1 \(2, 4\) and bottom 0 \(2, 3\) have different shapes"),
        ("", [(2, 3), (3, 2)], ShapeError, "different shapes"),
        ("coeff: 1", [(2, 3), (2, 3)], NetError, "1 coeffs for 2 bottoms"),
        ("operation: PROD coeff: 1 coeff: 1", [(2, 3), (2, 3)], NetError, "PROD does not take"),
    ],
)
def test_refused(param, shapes, error, message):
    with pytest.raises(error, match=message):
        build(f'type: "Eltwise" eltwise_param {{ {param} }}', shapes)
