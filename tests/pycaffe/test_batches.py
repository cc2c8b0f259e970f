"""Any number of samples through a net, in batches of its size."""

import numpy as np
import pytest

import cafflite
from cafflite.errors import NetError, ShapeError

pytestmark = pytest.mark.usefixtures("device")

NET = """
force_backward: true
layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
layer { name: "double" type: "Power" bottom: "x" top: "y" power_param { scale: 2 } }
layer { name: "shift" type: "Power" bottom: "t" top: "u" power_param { shift: 1 } }
"""
X = np.arange(30.0).reshape(10, 3)
T = np.arange(10.0)


@pytest.fixture
def net():
    return cafflite.Net(NET, cafflite.TEST)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 10])
def test_forward_all_gives_a_row_for_each_sample(net, count):
    found = net.forward_all(x=X[:count], t=T[:count], blobs=["x"])
    assert sorted(found) == ["u", "x", "y"]
    np.testing.assert_array_equal(found["y"], 2 * X[:count])
    np.testing.assert_array_equal(found["x"], X[:count])
    np.testing.assert_array_equal(found["u"], T[:count] + 1)
    assert found["y"].dtype == np.float32


def test_results_are_copies(net):
    found = net.forward_all(x=X[:4], t=T[:4])
    net.blobs["y"].data[...] = -1
    np.testing.assert_array_equal(found["y"], 2 * X[:4])


def test_lists_are_arrays(net):
    assert net.forward_all(x=X[:2].tolist(), t=[1, 2])["u"].tolist() == [2, 3]


@pytest.mark.parametrize("count", [3, 4, 10])
def test_forward_backward_all(net, count):
    tops = {"y": X[:count] + 1, "u": T[:count] + 1}
    found, diffs = net.forward_backward_all(x=X[:count], t=T[:count], blobs=["x"], diffs=["y"], **tops)
    assert sorted(found) == ["u", "x", "y"]
    assert sorted(diffs) == ["t", "x", "y"]
    np.testing.assert_array_equal(found["y"], 2 * X[:count])
    np.testing.assert_array_equal(diffs["x"], 2 * (X[:count] + 1))
    np.testing.assert_array_equal(diffs["y"], X[:count] + 1)


def test_inputs_or_diffs_may_be_those_of_the_blobs(net):
    net.blobs["x"].data[...] = 1
    found, diffs = net.forward_backward_all(y=X[:8], u=T[:8])
    assert (found["y"] == 2).all() and found["y"].shape == (8, 3)
    np.testing.assert_array_equal(diffs["x"], 2 * X[:8])
    net.blobs["y"].diff[...] = 3
    found, diffs = net.forward_backward_all(x=X[:5], t=T[:5])
    np.testing.assert_array_equal(found["y"], 2 * X[:5])
    assert (diffs["x"] == 6).all() and diffs["x"].shape == (5, 3)


def test_batches_are_filled_up_with_zeros(net):
    batches = list(net._batch({"x": X[:5]}))
    assert [batch["x"].shape for batch in batches] == [(4, 3), (4, 3)]
    np.testing.assert_array_equal(batches[1]["x"], np.vstack([X[4:5], np.zeros((3, 3))]))


def test_a_blob_that_has_no_row_a_sample_is_whole():
    net = cafflite.Net(
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }'
        'layer { name: "all" type: "Reshape" bottom: "x" top: "y" reshape_param { shape { dim: 2 dim: 6 } } }', 1
    )  # fmt: skip
    np.testing.assert_array_equal(net.forward_all(x=X[:6])["y"], np.vstack([X[:6], np.zeros((2, 3))]).reshape(4, 6))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net: net.forward_all(), NetError, r"an array of samples for each of the net's inputs, \['x', 't'\]"),
        (lambda net: net.forward_all(x=X), NetError, r"given for \['x'\]"),
        (lambda net: net.forward_all(x=X, t=T[:9]), ShapeError, r"\(10, 3\).*\(9,\).* same number of samples"),
        (lambda net: net.forward_all(x=X, t=np.float32(1)), ShapeError, "same number of samples"),
        (lambda net: net.forward_all(x=X[:, :2], t=T), ShapeError, r"'x' has shape \(4, 2\), expected \(4, 3\)"),
        (lambda net: net.forward_all(x=X, t=T, blobs=["z"]), KeyError, "no blob 'z'"),
        (lambda net: net.forward_backward_all(), NetError, r"expected some for the net's inputs"),
        (lambda net: net.forward_backward_all(x=X, t=T, z=T), NetError, r"given for \['t', 'x', 'z'\]"),
        (lambda net: net.forward_backward_all(x=X, t=T, diffs=["z"]), KeyError, "no blob 'z'"),
    ],
)
def test_mistakes(net, call, error, message):
    with pytest.raises(error, match=message):
        call(net)
    assert net.forward_all(x=X, t=T)["y"].shape == (10, 3)


def test_a_value_for_the_whole_batch_is_refused():
    net = cafflite.Net(NET + 'layer { name: "sum" type: "Reduction" bottom: "y" top: "sum" }', cafflite.TEST)
    with pytest.raises(ShapeError, match="blob 'sum' is one value for a whole batch"):
        net.forward_all(x=X, t=T)


def test_a_net_without_a_batch_says_so():
    net = cafflite.Net('layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 0 } } }', cafflite.TEST)
    with pytest.raises(ShapeError, match=r"blob 'x', the net's first, has shape \(0,\)"):
        net.forward_all(x=X)
