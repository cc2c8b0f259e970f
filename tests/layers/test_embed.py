import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import DataError, NetError

PARAM = "num_output: 3 input_dim: 5"


@pytest.mark.parametrize("bias", ["true", "false"])
@pytest.mark.parametrize("shape", [(6,), (2, 4), ()])
def test_gradient(bias, shape):
    index = np.asarray(np.random.default_rng(0).integers(5, size=shape), float)
    check(f'type: "Embed" embed_param {{ {PARAM} bias_term: {bias} }}', [index])


@pytest.mark.parametrize("frozen", [(0, 1), (1, 0)])
def test_a_frozen_parameter(frozen):
    specs = " ".join(f"param {{ lr_mult: {rate} }}" for rate in frozen)
    check(f'type: "Embed" embed_param {{ {PARAM} }} {specs}', [np.array([0.0, 4, 4])])


def test_it_looks_up_rows():
    layer, bottom, top = build(f'type: "Embed" embed_param {{ {PARAM} }}', [np.array([[4.0, 0], [2.9, 4]])])
    layer.forward(bottom, top)
    weight, bias = (blob.data for blob in layer.blobs)
    np.testing.assert_array_equal(top[0].data, weight[[[4, 0], [2, 4]]] + bias)


@pytest.mark.parametrize("wrong", [-1, 5, np.nan, np.inf])
def test_an_index_out_of_range_is_named(wrong):
    layer, bottom, top = build(f'type: "Embed" embed_param {{ {PARAM} }}', [np.array([0, 1, wrong])])
    with pytest.raises(DataError, match=f"index {wrong:g} in row 2 is out of range, expected 0 to 4"):
        layer.forward(bottom, top)


def test_indices_have_no_gradient():
    layer, bottom, top = build(f'type: "Embed" embed_param {{ {PARAM} }}', [np.zeros(2)])
    assert not layer.allow_force_backward(0)
    with pytest.raises(NetError, match="indices have no gradient"):
        layer.backward(top, [True], bottom)


@pytest.mark.parametrize("param", ["num_output: 3", "input_dim: 5"])
def test_sizes_are_needed(param):
    with pytest.raises(NetError, match="is 0, expected 1 or more"):
        build(f'type: "Embed" embed_param {{ {param} }}', [(2,)])
