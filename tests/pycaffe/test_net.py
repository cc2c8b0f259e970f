"""Caffe's Python interface: nets by file, blobs by name, forward and backward in parts."""

import gc
import weakref
from collections import OrderedDict

import numpy as np
import pytest

import cafflite
from cafflite.errors import (
    CaffliteError,
    DataError,
    FileError,
    NetError,
    PrototxtError,
    ShapeError,
    WeightsError,
)
from cafflite.proto import prototxt

pytestmark = pytest.mark.usefixtures("device")

NET = """
name: "two"
force_backward: true
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "first" type: "InnerProduct" bottom: "data" top: "h"
  inner_product_param { num_output: 4 weight_filler { type: "gaussian" } } }
layer { name: "act" type: "TanH" bottom: "h" top: "a" }
layer { name: "second" type: "InnerProduct" bottom: "a" top: "y"
  inner_product_param { num_output: 2 weight_filler { type: "gaussian" } } include { stage: "deep" min_level: 1 } }
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    return tmp_path / "net.prototxt"


@pytest.fixture
def net(path):
    return cafflite.Net(str(path), cafflite.TEST, level=1, stages=["deep"])


def test_constructors_agree(path, tmp_path):
    first = cafflite.Net(str(path), cafflite.TEST)
    first.save(tmp_path / "w.caffemodel")
    nets = [
        cafflite.Net(str(path), str(tmp_path / "w.caffemodel"), cafflite.TEST),  # of Caffe's first years
        cafflite.Net(str(path), str(tmp_path / "w.caffemodel")),
        cafflite.Net(str(path), cafflite.TEST, weights=str(tmp_path / "w.caffemodel")),
        cafflite.Net(network_file=str(path), phase=cafflite.TEST, weights=tmp_path / "w.caffemodel"),
        cafflite.Net(path, cafflite.TEST, weights=tmp_path / "w.caffemodel"),
        cafflite.Net(NET, cafflite.TEST, weights=tmp_path / "w.caffemodel"),
        cafflite.Net(prototxt.load_net(path), cafflite.TEST, weights=tmp_path / "w.caffemodel"),
    ]
    for other in nets:
        assert list(other.blobs) == ["data", "h", "a"]
        assert np.array_equal(other.params["first"][0].data, first.params["first"][0].data)


def test_forward_takes_inputs_and_gives_outputs_by_name(net):
    x = np.random.default_rng(0).standard_normal((2, 6))[:, ::2]  # not contiguous
    found = net.forward(blobs=["a"], data=x)
    hidden = np.tanh(x @ net.params["first"][0].data.T)
    np.testing.assert_allclose(found["a"], hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["y"], hidden @ net.params["second"][0].data.T, rtol=1e-5, atol=1e-5)


def test_parts_of_a_net(net):
    net.blobs["data"].data[...] = 1
    assert list(net.forward(end="act")) == ["a"]
    assert not net.blobs["y"].data.any()
    assert list(net.forward(start="second")) == ["y"]
    assert net.blobs["y"].data.any()
    assert list(net.backward(y=np.ones((2, 2)), end="second")) == ["a"]
    assert not net.blobs["data"].diff.any()
    assert list(net.backward(start="act", diffs=["h"])) == ["data", "h"]
    assert net.blobs["data"].diff.any()


def test_arrays_and_blobs_outlive_the_net(path):
    net = cafflite.Net(path, cafflite.TEST)
    weights, blobs = net.params["first"][0].data, list(net.blobs.values())
    before = weights.copy()
    net.forward()
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None
    assert np.array_equal(weights, before)
    assert weights.flags.writeable
    assert [blob.data.sum() for blob in blobs] == [0, 0, 0]


@pytest.mark.parametrize("format", ["binary", "HDF5"])
def test_save_and_load(net, path, tmp_path, format):
    file = tmp_path / "weights"
    (net.save if format == "binary" else net.save_hdf5)(file)
    other = cafflite.Net(path, cafflite.TEST, level=1, stages=["deep"])
    (other.copy_from if format == "binary" else other.load_hdf5)(file)
    assert all(np.array_equal(net.params[k][0].data, other.params[k][0].data) for k in net.params)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net: net.forward(dat=np.zeros((2, 3))), NetError, r"given for \['dat'\], but .* inputs are \['data'\]"),
        (lambda net: net.forward(data=np.zeros((3, 2))), ShapeError, r"'data' has shape \(3, 2\), expected \(2, 3\)"),
        (lambda net: net.forward(data=np.zeros((1, 3))), ShapeError, r"has shape \(1, 3\), expected \(2, 3\)"),
        (lambda net: net.forward(data=[[1], [1, 2]]), ShapeError, "for blob 'data' is no array"),
        (lambda net: net.forward(data=np.array([["a"] * 3] * 2)), DataError, "is of <U1, expected real numbers"),
        (lambda net: net.forward(end="third"), CaffliteError, "no layer 'third'"),
        (lambda net: net.forward(end="frist"), KeyError, "no layer 'frist'; it has .*; did you mean 'first'"),
        (lambda net: net.forward(blobs=["z"]), NetError, "no blob 'z'; it has data, h, a, y"),
        (lambda net: net.backward(start="third"), NetError, "no layer 'third'"),
        (lambda net: net.backward(x=np.zeros(2)), NetError, r"given for \['x'\], but .* outputs are \['y'\]"),
        (lambda net: net._forward(0, 4), NetError, "layer 4 is asked for, but the net has layers 0 to 3"),
        (lambda net: net._backward(0, -1), NetError, "layer -1 is asked for"),
        (lambda net: net.blobs["z"], KeyError, "no blob 'z'; it has data, h, a, y"),
        (lambda net: net.params["act"], KeyError, "no layer with parameters 'act'; it has first, second"),
        (lambda net: net.top_names["z"], KeyError, "no layer 'z'; it has data, first, act, second"),
        (lambda net: net.blobs["data"].reshape(2, -1), ShapeError, "no axis may be negative"),
        (lambda net: net.copy_from("no/w.caffemodel"), WeightsError, "no/w.caffemodel: cannot be read"),
        (lambda net: net.save("no/w.caffemodel"), FileError, "no/w.caffemodel"),
        (lambda net: net.share_with("w.caffemodel"), NetError, "share_with takes a net, found str"),
        (lambda net: net.set_input_arrays(np.zeros((2, 1, 1, 1)), np.zeros(2)), NetError, "with a MemoryData layer"),
        (lambda net: cafflite.Net(NET, cafflite.TEST, "w.caffemodel"), NetError, "level is 'w.caffemodel' .* weights="),
        (lambda net: cafflite.Net(NET, cafflite.TEST, stages="deep"), NetError, "stages is 'deep', expected .* a list"),
        (lambda net: cafflite.Net("missing.prototxt", cafflite.TEST), PrototxtError, "missing.prototxt: "),
        (lambda net: cafflite.Net(NET, 3), NetError, "phase is 3, expected TRAIN or TEST"),
    ],
)
def test_mistakes(net, call, error, message):
    with pytest.raises(CaffliteError, match=message) as caught:
        call(net)
    assert isinstance(caught.value, error)
    assert net.forward(data=np.ones((2, 3)))["y"].any()  # the net can still be used


@pytest.mark.parametrize(
    "call",
    [
        lambda path: cafflite.Net("missing.prototxt", cafflite.TEST),
        lambda path: cafflite.Net(path, "missing.caffemodel", cafflite.TEST),
        lambda path: cafflite.Net(path, cafflite.TEST, weights="missing.caffemodel"),
        lambda path: cafflite.Net(path, cafflite.TEST).copy_from("missing.caffemodel"),
        lambda path: cafflite.Net(path, cafflite.TEST).set_input_arrays(np.zeros((2, 1, 1, 1)), np.zeros(2)),
    ],
)
def test_what_pycaffe_raises_as_a_runtime_error_is_one(call, path):
    with pytest.raises(RuntimeError) as caught:
        call(path)
    assert isinstance(caught.value, CaffliteError)


def test_inputs_are_broadcast_as_numpy_does_behind_the_batch(net):
    net.forward(data=[[1], [2]])
    assert net.blobs["data"].data.tolist() == [[1, 1, 1], [2, 2, 2]]
    assert net.blobs["data"].data.dtype == np.float32


def test_an_array_that_cannot_be_is_refused_before_anything_runs(net):
    net.forward(data=np.ones((2, 3)))
    before = net.blobs["y"].data.copy()
    with pytest.raises(KeyError):
        net.forward(blobs=["z"], data=np.zeros((2, 3)))
    with pytest.raises(KeyError):
        net.forward(start="first", end="z", data=np.zeros((2, 3)))
    assert (net.blobs["data"].data == 1).all()
    assert np.array_equal(net.blobs["y"].data, before)


def test_results_are_the_arrays_of_the_blobs(net):
    assert np.shares_memory(net.forward()["y"], net.blobs["y"].data)
    assert np.shares_memory(net.backward(diffs=["a"])["a"], net.blobs["a"].diff)


def test_a_loss_without_a_name_has_the_blob_that_caffe_gives_it(path):
    net = cafflite.Net(path.read_text() + 'layer { name: "l" type: "EuclideanLoss" bottom: "a" bottom: "a" }', 0)
    assert net.top_names["l"] == ["(automatic)"]
    assert net.outputs == []
    assert net.blob_loss_weights["(automatic)"] == 1
    assert net.forward() == {}
    assert net.forward(end="l") == {"(automatic)": 0}


def test_parts_by_index_return_their_own_loss(path):
    loss = 'layer { name: "%s" type: "Reduction" bottom: "%s" top: "%s" loss_weight: 2 }'
    net = cafflite.Net(path.read_text() + loss % ("l1", "a", "l1") + loss % ("l2", "h", "l2"), cafflite.TRAIN)
    net.params["first"][0].data[...] = 1
    net.blobs["data"].data[...] = 0.25
    last = len(net.layers) - 1
    both = net._forward(0, last)
    assert both == pytest.approx(2 * 8 * (0.75 + np.tanh(0.75)), rel=1e-5)
    assert net._forward(last, last) == pytest.approx(2 * 8 * 0.75, rel=1e-5)
    assert net._backward(last, 0) is None
    assert net.blobs["data"].diff.any()


def test_callbacks_get_the_index_of_every_layer(net):
    seen = []
    for moment in ("before_forward", "after_forward", "before_backward", "after_backward"):
        getattr(net, moment)(lambda i, moment=moment: seen.append((moment, i)))
    net.forward(start="first", end="act")
    assert seen == [(f"{when}_forward", i) for i in (1, 2) for when in ("before", "after")]
    seen.clear()
    net.backward(start="act")
    assert seen == [(f"{when}_backward", i) for i in (2, 1, 0) for when in ("before", "after")]


def test_what_a_callback_writes_is_what_the_next_layer_reads(net):
    net.after_forward(lambda i: net.blobs["a"].data.fill(0) if i == 2 else None)
    net.blobs["data"].data[...] = 1
    assert not net.forward()["y"].any()


def test_an_exception_of_a_callback_goes_to_the_caller(net):
    net.before_forward(lambda i: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        net.forward()


def test_params_are_in_the_order_of_the_layers(net):
    assert isinstance(net.params, OrderedDict)
    assert list(net.params) == ["first", "second"]
    assert [blob.shape for blob in net.params["first"]] == [(4, 3), (4,)]


def test_a_new_input_shape_holds_in_the_whole_net(net):
    net.blobs["data"].reshape(5, 3)
    net.reshape()
    assert {name: blob.shape for name, blob in net.blobs.items()} == {
        "data": (5, 3), "h": (5, 4), "a": (5, 4), "y": (5, 2)
    }  # fmt: skip
    assert net.forward(data=np.ones((5, 3)))["y"].shape == (5, 2)


def test_weights_that_do_not_fit_leave_the_net_as_it_was(net, tmp_path):
    other = cafflite.Net(NET.replace("num_output: 2", "num_output: 3"), cafflite.TEST, level=1, stages=["deep"])
    other.params["first"][0].data[...] = 9
    other.save(tmp_path / "w.caffemodel")
    before = net.data_buffer.copy()
    with pytest.raises(WeightsError, match=r"layer 'second' has \(3, 4\)"):
        net.copy_from(tmp_path / "w.caffemodel")
    assert np.array_equal(net.data_buffer, before)


def test_memory_data(golden):
    figures = np.load(golden / "pycaffe/memory_data/data.npz")
    net = cafflite.Net(golden / "pycaffe/memory_data/net.prototxt", cafflite.TEST)
    with pytest.raises(DataError, match=r"net.prototxt:2: layer 'd' .*: call net.set_input_arrays"):
        net.forward()
    net.set_input_arrays(figures["data"], figures["labels"])
    for step in range(5):
        for name, array in net.forward().items():
            np.testing.assert_array_equal(array, figures[f"out:{name}@{step}"])
    net._set_input_arrays(figures["data"], figures["labels"].reshape(-1, 1, 1, 1))
    np.testing.assert_array_equal(net.forward()["y"], figures["out:y@0"])
    with pytest.raises(ShapeError, match=r"net.prototxt:2: layer 'd' .* 3 .* batch_size"):
        net.set_input_arrays(figures["data"][:3], figures["labels"][:3])
