"""Caffe's Python interface: nets by file, blobs by name, forward and backward in parts."""

import numpy as np
import pytest

import cafflite
from cafflite.errors import CaffliteError, NetError, PrototxtError, ShapeError
from cafflite.proto import prototxt

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
SOLVER = 'base_lr: 0.1 lr_policy: "fixed" max_iter: 3 snapshot_after_train: false '


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
        cafflite.Net(str(path), cafflite.TEST, weights=str(tmp_path / "w.caffemodel")),
        cafflite.Net(network_file=str(path), phase=cafflite.TEST, weights=tmp_path / "w.caffemodel"),
        cafflite.Net(path, cafflite.TEST, weights=tmp_path / "w.caffemodel"),
        cafflite.Net(NET, cafflite.TEST, weights=tmp_path / "w.caffemodel"),
        cafflite.Net(prototxt.load_net(path), cafflite.TEST, weights=tmp_path / "w.caffemodel"),
    ]
    for other in nets:
        assert list(other.blobs) == ["data", "h", "a"]
        assert np.array_equal(other.params["first"][0].data, first.params["first"][0].data)


def test_names(net):
    assert net.inputs == ["data"]
    assert net.outputs == ["y"]
    assert list(net._layer_names) == ["data", "first", "act", "second"]
    assert net.bottom_names["second"] == ["a"]
    assert net.top_names["second"] == ["y"]
    assert net.layer_dict["act"].type == "TanH"
    assert list(net.params) == ["first", "second"]


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


def test_arrays_outlive_the_net(path):
    weights = cafflite.Net(str(path), cafflite.TEST).params["first"][0].data
    before = weights.copy()
    assert np.array_equal(weights, before)
    assert weights.flags.writeable


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
        (lambda net: net.forward(end="third"), CaffliteError, "no layer 'third'"),
        (lambda net: net.forward(blobs=["z"]), NetError, "no blob 'z'; it has data, h, a, y"),
        (lambda net: net.backward(start="third"), NetError, "no layer 'third'"),
        (lambda net: net.backward(x=np.zeros(2)), NetError, r"given for \['x'\], but .* outputs are \['y'\]"),
        (lambda net: cafflite.Net("missing.prototxt", cafflite.TEST), PrototxtError, "missing.prototxt: "),
        (lambda net: cafflite.Net(NET, 3), NetError, "phase is 3, expected TRAIN or TEST"),
    ],
)
def test_mistakes(net, call, error, message):
    with pytest.raises(error, match=message):
        call(net)


@pytest.mark.parametrize("rule", ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"])
def test_solvers_by_name_and_by_type(tmp_path, rule):
    (tmp_path / "train.prototxt").write_text(
        NET.replace("force_backward: true", "")
        + 'layer { name: "loss" type: "EuclideanLoss" bottom: "a" bottom: "h" top: "loss" }'
    )
    (tmp_path / "solver.prototxt").write_text(SOLVER + f'type: "{rule}" net: "train.prototxt"')
    for solver in (
        cafflite.get_solver(str(tmp_path / "solver.prototxt")),
        getattr(cafflite, f"{rule}Solver")(str(tmp_path / "solver.prototxt")),
    ):
        assert isinstance(solver, getattr(cafflite, f"{rule}Solver"))
        assert isinstance(solver.net, cafflite.Net)
        solver.net.blobs["data"].data[...] = 1
        before = solver.net.params["first"][0].data.copy()
        solver.step(2)
        assert solver.iter == 2
        assert (solver.net.params["first"][0].data != before).any()


def test_layer_types_are_those_of_the_layers_folder():
    types = cafflite.layer_type_list()
    assert {"Convolution", "LSTM", "Lstm", "Python", "HDF5Data"} <= set(types)
    assert types == sorted(types)
