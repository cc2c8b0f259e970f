"""The parameters of one net used by another."""

import numpy as np
import pytest

from cafflite.backend import current_ops
from cafflite.errors import NetError, ShapeError
from cafflite.net import Net
from cafflite.proto import prototxt

INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } } '
LAYER = (
    'layer { name: "%s" type: "InnerProduct" bottom: "x" top: "%s" param { name: "%s" } param { name: "%s" } '
    "inner_product_param { num_output: %d } } "
)


def net(*layers: tuple[str, str, int], **options) -> Net:
    """Layers on the same input by (name, name of their parameters, outputs)."""
    text = INPUT + "".join(
        LAYER % (name, name, name_of and name_of + "_w", name_of and name_of + "_b", outputs)
        for name, name_of, outputs in layers
    )
    return Net(prototxt.load_net(text), **options)


def test_layers_of_the_same_name_have_one_memory_and_their_own_diffs():
    source, target = net(("a", "", 2), ("b", "", 2)), net(("b", "", 2), ("c", "", 2))
    target.share_trained_layers_with(source)
    source.params["b"][0].data[...] = 3
    assert (target.params["b"][0].data == 3).all()
    assert not target.params["c"][0].data.any()
    target.params["b"][0].diff[...] = 4
    assert not source.params["b"][0].diff.any()
    assert not source.params["a"][0].data.any()


def test_the_memory_of_a_net_stays_its_own_after_another_went():
    target, source = net(("a", "", 2)), net(("a", "", 2))
    target.share_trained_layers_with(source)
    del source
    target.params["a"][0].data[...] = 5
    assert (target.params["a"][0].data == 5).all()


def test_sharing_can_move_on_to_a_third_net():
    first, second, third = (net(("a", "", 2)) for _ in range(3))
    first.share_trained_layers_with(second)
    second.share_trained_layers_with(third)
    assert np.shares_memory(first.params["a"][0].data, second.data_buffer)
    first.share_trained_layers_with(second)
    assert np.shares_memory(first.params["a"][0].data, third.data_buffer)


def test_what_a_net_shares_within_itself():
    source, target = net(("a", "w", 2), ("b", "w", 2)), net(("a", "w", 2), ("b", "w", 2))
    target.share_trained_layers_with(source)
    source.data_buffer[...] = 6
    assert all((blob.data == 6).all() for name in "ab" for blob in target.params[name])


@pytest.mark.parametrize("shared", [False, True])
def test_param_arrays_are_the_values_in_order(shared):
    target, source = net(("a", "", 2), ("b", "", 1)), net(("b", "", 1))
    target.data_buffer[...] = np.arange(12)
    source.data_buffer[...] = np.arange(8, 12)
    if shared:
        target.share_trained_layers_with(source)
        target.data_buffer[8:] = -1
    arrays = target.param_arrays()
    assert np.concatenate(arrays).tolist() == list(range(12))
    assert (len(arrays) == 1) is not shared


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (lambda: net(("a", "", 2), ("b", "", 3)), ShapeError, r"layer 'b' \(InnerProduct\): its parameters \[\(2, 3\)"),
        (lambda: net(("a", "", 2), ops=current_ops("float64")), NetError, "float64 on the CPU, expected float32 on"),
    ],
)
def test_nets_that_do_not_fit_share_nothing(other, error, message):
    target = net(("a", "", 2), ("b", "", 2))
    with pytest.raises(error, match=message):
        target.share_trained_layers_with(other())
    assert np.shares_memory(target.params["a"][0].data, target.data_buffer)
    assert target.sharings == 0
