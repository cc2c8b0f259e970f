import numpy as np
import pytest

from cafflite.errors import ShapeError
from tests.gradient_check import build, check

SHAPE = (2, 3, 4)
FITS = [  # settings, and the shape of the factor
    ("", (3,)),
    ("axis: 0", (2,)),
    ("axis: -2 num_axes: 2", (3, 4)),
    ("axis: 0 num_axes: -1", (2, 3, 4)),
    ("num_axes: 0", ()),
]


@pytest.mark.parametrize("bias_term", [False, True])
@pytest.mark.parametrize(("text", "shape"), FITS)
def test_a_parameter(text, shape, bias_term):
    text = f'type: "Scale" scale_param {{ {text} bias_term: {str(bias_term).lower()} }}'
    check(text, [SHAPE])
    layer, _, _ = build(text, [SHAPE])
    assert [blob.shape for blob in layer.blobs] == [shape] * (1 + bias_term)


@pytest.mark.parametrize("bias_term", [False, True])
@pytest.mark.parametrize(("text", "shape"), FITS)
def test_a_second_bottom(text, shape, bias_term):
    text = f'type: "Scale" scale_param {{ {text} bias_term: {str(bias_term).lower()} }}'
    check(text, [SHAPE, shape])
    layer, _, _ = build(text, [SHAPE, shape])
    assert [blob.shape for blob in layer.blobs] == [shape] * bias_term


@pytest.mark.parametrize("frozen", [(0, 1), (1, 0), (0, 0)])
def test_frozen_parameters(frozen):
    specs = " ".join(f"param {{ lr_mult: {rate} }}" for rate in frozen)
    check(f'type: "Scale" scale_param {{ bias_term: true }} {specs}', [SHAPE])


def test_first_values():
    fillers = 'filler { type: "constant" value: 3 } bias_filler { type: "constant" value: 0.5 }'
    frozen = "param { lr_mult: 0 } " * 2
    given, _, _ = build(f'type: "Scale" scale_param {{ bias_term: true {fillers} }} {frozen}', [SHAPE])
    default, _, _ = build(f'type: "Scale" scale_param {{ bias_term: true }} {frozen}', [SHAPE])
    assert [blob.data.tolist() for blob in given.blobs] == [[3] * 3, [0.5] * 3]
    assert [blob.data.tolist() for blob in default.blobs] == [[1] * 3, [0] * 3]


def test_it_multiplies_and_adds_along_its_axis():
    layer, bottom, top = build('type: "Scale" scale_param { bias_term: true }', [np.full(SHAPE, 2.0), np.arange(3.0)])
    layer.blobs[0].data[...] = [5, 6, 7]
    layer.forward(bottom, top)
    assert (top[0].data == np.array([5, 8, 11])[:, None]).all()


def test_a_second_bottom_that_does_not_fit():
    with pytest.raises(ShapeError, match=r"second bottom \(2,\) does not fit its input \(2, 3, 4\) from axis 1 on"):
        build('type: "Scale"', [SHAPE, (2,)])
