"""Blobs of a device as NumPy arrays: what is looked at is copied once, and what may have been written goes back.

On the strict stand-in, which counts copies, everywhere; whole nets on CuPy where it has a device.
"""

import numpy as np
import pytest

import cafflite
from cafflite.blob import Blob
from cafflite.host_blob import HostBlob, HostBlobs, flush
from cafflite.layers.base import BlobVec
from tests.strict_device import StrictOps


@pytest.fixture
def ops():
    flush()
    return StrictOps()


@pytest.fixture
def blob(ops):
    return HostBlob(Blob((2, 3), ops))


def test_a_look_copies_once(ops, blob):
    with ops.crossings(to_host=1):
        first = blob.data
        assert blob.data is first and type(first) is np.ndarray
    assert (first.shape, first.dtype) == ((2, 3), np.float32)


def test_what_is_written_is_flushed(ops, blob):
    kept = blob.data
    kept[0] = 1
    blob.diff[...] = 2
    with ops.crossings(to_device=2):
        flush()
    with ops.crossings():
        flush()
    assert blob.blob.data.get().tolist() == [[1, 1, 1], [0, 0, 0]]
    assert (blob.blob.diff.get() == 2).all()


def test_the_array_stays_and_is_brought_up_to_date_by_the_next_look(blob):
    kept = blob.data
    flush()
    blob.blob.data[...] = 5
    assert not kept.any()
    assert blob.data is kept and (kept == 5).all()


def test_what_nobody_looks_at_is_not_copied(ops, blob):
    with ops.crossings():
        blob.blob.data[...] = 1
        assert blob.shape == (2, 3) and blob.num == 2 and blob.count == 6 and repr(blob) == "Blob(2, 3)"
        flush()


def test_blobs_of_one_memory_have_one_memory(ops, blob):
    other = Blob((6,), ops)
    other.share_data(blob.blob)
    view = HostBlob(other)
    with ops.crossings(to_host=1):
        blob.data[0, 1] = 7
        assert view.data[1] == 7
        view.data[5] = 8
    flush()
    assert blob.blob.data.get().tolist() == [[0, 7, 0], [0, 0, 8]]


def test_another_shape_keeps_what_was_written(blob):
    blob.data[...] = np.arange(6).reshape(2, 3)
    blob.reshape(4)
    assert blob.data.tolist() == [0, 1, 2, 3]
    blob.reshape(3, 3)
    assert blob.data.shape == (3, 3) and not blob.data.any()


def test_blobs_of_no_values_and_of_one(ops):
    empty, one, another = (HostBlob(Blob(shape, ops)) for shape in ((0, 2), (), ()))
    assert empty.data.shape == (0, 2)
    one.data[...], another.data[...] = 3, 4
    flush()
    assert [float(b.blob.data.get()) for b in (one, another)] == [3, 4]


def test_parameters_can_be_added(ops):
    layer_blobs = BlobVec(ops)
    blobs = HostBlobs(layer_blobs)
    blobs.add_blob(2).data[...] = 6
    flush()
    assert [blob.data.get().tolist() for blob in layer_blobs] == [[6, 6]]


NET = """
force_backward: true
layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 2 dim: 3 } shape { dim: 2 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" param { name: "w" }
  inner_product_param { num_output: 4 bias_term: false weight_filler { type: "uniform" } } }
layer { name: "same" type: "InnerProduct" bottom: "x" top: "z" param { name: "w" }
  inner_product_param { num_output: 4 bias_term: false } }
layer { name: "sum" type: "Eltwise" bottom: "y" bottom: "z" top: "s" }
layer { name: "loss" type: "EuclideanLoss" bottom: "s" bottom: "t" top: "loss" }
"""
X = np.random.default_rng(0).standard_normal((2, 3)).astype("f")
W = np.random.default_rng(1).standard_normal((4, 3)).astype("f")


@pytest.fixture
def net(device):
    net = cafflite.Net(NET, cafflite.TRAIN)
    net.params["ip"][0].data[...] = W
    return net


def test_a_net_is_written_and_read_as_on_the_cpu(net):
    x = net.blobs["x"].data
    assert type(x) is np.ndarray
    x[...] = X
    assert net.forward(blobs=["s"])["s"] == pytest.approx(2 * X @ W.T, rel=1e-5)
    net.blobs["x"].data[0] = 0
    net.forward()
    assert net.blobs["x"].data is x
    assert net.blobs["y"].data[0].tolist() == [0, 0, 0, 0]
    net.backward(loss=2)
    diff = 2 * (2 * np.float32([[0], [1]]) * X @ W.T) / 2
    np.testing.assert_allclose(net.blobs["x"].diff, 2 * diff @ W, rtol=1e-5)
    np.testing.assert_allclose(net.params["ip"][0].diff, 2 * diff.T @ (X * [[0], [1]]), rtol=1e-5)
    assert np.shares_memory(net.params["ip"][0].diff, net.params["same"][0].diff)
    net.clear_param_diffs()
    assert not net.params["ip"][0].diff.any()


def test_one_name_of_shared_parameters_is_written(net):
    assert net.params["same"][0].data is not None
    net.params["ip"][0].data[...] = 1
    net.forward(x=X, t=np.zeros((2, 4)))
    np.testing.assert_allclose(net.blobs["z"].data, X.sum(axis=1, keepdims=True) * np.ones(4), rtol=1e-5)


def test_parameters_written_in_one_net_hold_in_the_other(net):
    other = cafflite.Net(NET, cafflite.TEST)
    other.share_with(net)
    net.params["ip"][0].data[...] = 0
    assert not other.forward(x=X, t=np.zeros((2, 4)), blobs=["s"])["s"].any()


def test_weights_that_were_written_are_saved_and_loaded(net, tmp_path):
    net.layers[2].blobs[0].data[...] = 3
    net.save(tmp_path / "w.caffemodel")
    net.params["ip"][0].data[...] = 4
    net.copy_from(tmp_path / "w.caffemodel")
    assert (net.params["ip"][0].data == 3).all() and (net.layer_dict["ip"].blobs[0].data == 3).all()


def test_callbacks_see_and_write_what_the_layers_do(net):
    seen = []
    net.after_forward(lambda i: seen.append(float(net.blobs["y"].data.sum())))
    net.after_forward(lambda i: net.blobs["z"].data.fill(1) if net.layers[i].name == "same" else None)
    found = net.forward(x=X, t=np.zeros((2, 4)), blobs=["s"])["s"]
    np.testing.assert_allclose(found, X @ W.T + 1, rtol=1e-5)
    assert seen[-1] == pytest.approx((X @ W.T).sum(), rel=1e-4)


def test_another_batch_size(net):
    net.blobs["x"].reshape(5, 3)
    net.blobs["t"].reshape(5, 4)
    net.blobs["x"].data[...] = 1
    net.reshape()
    assert net.forward(blobs=["y"])["y"].shape == (5, 4)
    np.testing.assert_allclose(net.blobs["y"].data, [W.sum(axis=1)] * 5, rtol=1e-5)


def test_a_solver_takes_what_was_written_between_its_passes(device):
    solver = cafflite.get_solver(f'net_param {{ {NET} }} base_lr: 0.5 lr_policy: "fixed"')
    net = solver.net
    net.params["ip"][0].data[...] = W
    net.params["ip"][0].diff[...] = 9  # cleared before it counts
    solver.add_callback(lambda: None, lambda: net.params["ip"][0].diff.fill(2))
    solver.step(1)
    np.testing.assert_allclose(net.params["ip"][0].data, W - 1, rtol=1e-6)
    net.params["ip"][0].data[...] = 0
    solver.step(1)
    assert (net.params["same"][0].data == -1).all()


def test_arrays_outlive_the_net(device):
    kept = cafflite.Net(NET, cafflite.TEST, seed=1).params["ip"][0].data
    np.testing.assert_array_equal(kept, cafflite.Net(NET, cafflite.TEST, seed=1).params["ip"][0].data)
