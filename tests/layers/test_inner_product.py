import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from tests.gradient_check import build, check

UNIFORM = 'weight_filler { type: "uniform" min: -1 max: 1 } bias_filler { type: "constant" value: 3 }'


def text(settings: str = "") -> str:
    return f'type: "InnerProduct" inner_product_param {{ num_output: 4 {UNIFORM} {settings} }}'


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 2, 2)])
@pytest.mark.parametrize("settings", ["", "bias_term: false", "transpose: true", "transpose: true bias_term: false"])
def test_gradient(shape, settings):
    check(text(settings), [shape])


@pytest.mark.parametrize("frozen", [(0, 1), (1, 0), (0, 0)])
def test_frozen_parameters(frozen):
    check(text() + " ".join(f"param {{ lr_mult: {rate} }}" for rate in frozen), [(5, 3)])


@pytest.mark.parametrize(
    ("axis", "y_shape", "values"), [(1, (2, 4), 12), (0, (4,), 24), (2, (2, 3, 4), 4), (-1, (2, 3, 2, 4), 2)]
)
def test_the_axes_before_stay(axis, y_shape, values):
    layer, _, top = build(text(f"axis: {axis}"), [(2, 3, 2, 2)])
    assert top[0].shape == y_shape
    assert [blob.shape for blob in layer.blobs] == [(4, values), (4,)]
    check(text(f"axis: {axis}"), [(2, 3, 2, 2)])


def test_it_multiplies_and_adds():
    layer, bottom, top = build(text(), [(2, 3)])
    turned, _, turned_top = build(text("transpose: true"), [bottom[0].data])
    turned.blobs[0].data[...] = layer.blobs[0].data.T
    turned.blobs[1].data[...] = layer.blobs[1].data
    for each, y in ((layer, top), (turned, turned_top)):
        each.forward(bottom, y)
        np.testing.assert_allclose(y[0].data, bottom[0].data @ layer.blobs[0].data.T + layer.blobs[1].data, rtol=1e-12)


def test_first_values():
    layer, _, _ = build(text() + "param { lr_mult: 0 } param { lr_mult: 0 }", [(5, 3)])
    assert np.unique(layer.blobs[0].data).size == 12
    assert (layer.blobs[1].data == 3).all()


def test_mistakes():
    with pytest.raises(NetError, match="num_output is 0, expected 1 or more"):
        build('type: "InnerProduct"', [(5, 3)])
    with pytest.raises(ShapeError, match=r"axis 3 is out of range for a blob of shape \(5, 3\)"):
        build(text("axis: 3"), [(5, 3)])
    layer, bottom, top = build(text(), [(5, 3)])
    bottom[0].reshape(5, 2, 2)
    with pytest.raises(ShapeError, match=r"\(5, 2, 2\) has 4 values from axis 1 on, and its weights were made for 3"):
        layer.reshape(bottom, top)
