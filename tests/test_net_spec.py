"""Nets written as Python: the prototxt that they come out as."""

import copy
import re
from pathlib import Path

import pytest

import cafflite
from cafflite import layers as L
from cafflite.errors import NetError, UnknownNameError
from cafflite.net_spec import NetSpec, assign_proto, layers, param_name_dict, params, to_proto
from cafflite.net_spec import params as P
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import TEST, TRAIN, LayerParameter, NetParameter

GOLDEN = Path(__file__).parent / "golden/pycaffe"


def parsed(text: str) -> NetParameter:
    return prototxt.without_places(prototxt.parse(text, NetParameter, "expected"))


@pytest.mark.parametrize("folder", [file.parent for file in GOLDEN.glob("*/spec.py.txt")], ids=lambda path: path.name)
def test_golden(folder):
    names = {"caffe": cafflite, "L": L, "P": P}
    exec((folder / "spec.py.txt").read_text(), names)
    net = names["n"].to_proto()
    assert net == parsed((folder / "expected.prototxt").read_text())
    assert parsed(str(net)) == net


DATA = 'layer { name: "Input1" type: "Input" top: "Input1" } '


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda x: L.Convolution(x, num_output=2, kernel_size=3),
         'layer { name: "Convolution1" type: "Convolution" bottom: "Input1" top: "Convolution1"'
         " convolution_param { num_output: 2 kernel_size: 3 } }"),
        (lambda x: L.Convolution(x, convolution_param=dict(kernel_size=[3, 5])),
         'layer { name: "Convolution1" type: "Convolution" bottom: "Input1" top: "Convolution1"'
         " convolution_param { kernel_size: 3 kernel_size: 5 } }"),
        (lambda x: L.Convolution(x, weight_filler=dict(type="gaussian", std=0.5)),
         'layer { name: "Convolution1" type: "Convolution" bottom: "Input1" top: "Convolution1"'
         ' convolution_param { weight_filler { type: "gaussian" std: 0.5 } } }'),
        (lambda x: L.InnerProduct(x, param=[dict(name="w", lr_mult=0), dict(decay_mult=0)]),
         'layer { name: "InnerProduct1" type: "InnerProduct" bottom: "Input1" top: "InnerProduct1"'
         ' param { name: "w" lr_mult: 0 } param { decay_mult: 0 } }'),
        (lambda x: L.ReLU(x, in_place=True), 'layer { name: "ReLU1" type: "ReLU" bottom: "Input1" top: "Input1" }'),
        (lambda x: L.ReLU(x, in_place=False), 'layer { name: "ReLU1" type: "ReLU" bottom: "Input1" top: "ReLU1" }'),
        (lambda x: L.TanH(L.Sigmoid(L.Sigmoid(x))),
         'layer { name: "Sigmoid1" type: "Sigmoid" bottom: "Input1" top: "Sigmoid1" }'
         'layer { name: "Sigmoid2" type: "Sigmoid" bottom: "Sigmoid1" top: "Sigmoid2" }'
         'layer { name: "TanH1" type: "TanH" bottom: "Sigmoid2" top: "TanH1" }'),
        (lambda x: L.TanH(x, name="squash"), 'layer { name: "squash" type: "TanH" bottom: "Input1" top: "TanH1" }'),
        (lambda x: L.Slice(x, ntop=3, slice_point=[1, 4])[1],
         'layer { name: "Slice1" type: "Slice" bottom: "Input1" top: "Slice1" top: "Slice2" top: "Slice3"'
         " slice_param { slice_point: 1 slice_point: 4 } }"),
        (lambda x: L.Pooling(x, pool=P.Pooling.AVE, phase=TEST),
         'layer { name: "Pooling1" type: "Pooling" bottom: "Input1" top: "Pooling1" phase: TEST'
         " pooling_param { pool: AVE } }"),
        (lambda x: L.Accuracy(x, x, top_k=5, include=[dict(phase=TRAIN, stage=["a", "b"]), dict(phase=TEST)]),
         'layer { name: "Accuracy1" type: "Accuracy" bottom: "Input1" bottom: "Input1" top: "Accuracy1"'
         ' include { phase: TRAIN stage: "a" stage: "b" } include { phase: TEST } accuracy_param { top_k: 5 } }'),
        (lambda x: L.SoftmaxWithLoss(x, x, loss_weight=0.5, loss_param=dict(normalization=P.Loss.VALID)),
         'layer { name: "SoftmaxWithLoss1" type: "SoftmaxWithLoss" bottom: "Input1" bottom: "Input1"'
         ' top: "SoftmaxWithLoss1" loss_weight: 0.5 loss_param { normalization: VALID } }'),
        (lambda x: L.Python(x, module="m", layer="Twice", param_str='{"by": "2\\n"}'),
         'layer { name: "Python1" type: "Python" bottom: "Input1" top: "Python1"'
         """ python_param { module: "m" layer: "Twice" param_str: '{"by": "2\\\\n"}' } }"""),
        (lambda x: L.LSTM(x, x, recurrent_param=dict(num_output=8)),
         'layer { name: "LSTM1" type: "LSTM" bottom: "Input1" bottom: "Input1" top: "LSTM1"'
         " recurrent_param { num_output: 8 } }"),
        (lambda x: L.Lstm(x, clipping_threshold=0.25),
         'layer { name: "Lstm1" type: "Lstm" bottom: "Input1" top: "Lstm1" lstm_param { clipping_threshold: 0.25 } }'),
        (lambda x: L.Mine(x, name="m"), 'layer { name: "m" type: "Mine" bottom: "Input1" top: "Mine1" }'),
    ],
)  # fmt: skip
def test_what_a_call_is_in_a_prototxt(make, expected):
    assert to_proto(make(L.Input())) == parsed(DATA + expected)


def test_inputs_of_several_shapes():
    top, _ = L.Input(shape=[dict(dim=[2, 3]), dict(dim=4)], ntop=2)
    shapes = "shape { dim: 2 dim: 3 } shape { dim: 4 }"
    text = f'layer {{ name: "Input1" type: "Input" top: "Input1" top: "Input2" input_param {{ {shapes} }} }}'
    assert top.to_proto() == parsed(text)


def test_names_are_those_of_the_spec_and_numbers_go_by_type():
    net = NetSpec()
    net.x, _ = L.DummyData(ntop=2)
    net["y"] = L.Eltwise(L.TanH(net.x), L.TanH(net.x, in_place=True))
    net.unread = L.Silence(net.y, ntop=0)
    L.Sigmoid(net.y)  # named nowhere, read by nothing
    assert list(net.tops) == ["x", "y", "unread"]
    assert net.to_proto() == parsed("""
        layer { name: "x" type: "DummyData" top: "x" top: "DummyData1" }
        layer { name: "TanH1" type: "TanH" bottom: "x" top: "TanH1" }
        layer { name: "TanH2" type: "TanH" bottom: "x" top: "x" }
        layer { name: "y" type: "Eltwise" bottom: "TanH1" bottom: "x" top: "y" }
        layer { name: "unread" type: "Silence" bottom: "y" }""")
    assert net.to_proto() == net.to_proto()


def test_what_reads_a_layer_in_place_reads_its_bottom():
    net = NetSpec()
    net.x = L.Input()
    net.relu = L.ReLU(net.x, in_place=True)
    net.y = L.TanH(net.relu)
    assert [list(layer.bottom) for layer in net.to_proto().layer] == [[], ["x"], ["x"]]
    assert [layer.name for layer in net.to_proto().layer] == ["x", "relu", "y"]


def test_several_tops_of_one_net():
    x = L.Input(name="x")
    names = [layer.name for layer in to_proto(L.Sigmoid(x), L.TanH(x)).layer]
    assert names == ["x", "Sigmoid1", "TanH1"]


def test_a_chain_without_names_may_be_long():
    top = L.Input()
    for _ in range(3000):
        top = L.ReLU(top)
    assert to_proto(top).layer[-1].name == "ReLU3000"


def test_parameters_can_be_changed_until_the_net_is_written():
    top = L.Convolution(L.Input(), num_output=2)
    top.fn.params["num_output"] = 3
    assert to_proto(top).layer[1].convolution_param.num_output == 3


def test_a_spec_can_be_copied():
    net = NetSpec()
    net.x = L.Input()
    assert copy.copy(net).x is net.x
    assert copy.deepcopy(net).to_proto() == net.to_proto()


def test_the_net_runs(tmp_path):
    net = NetSpec()
    net.x = L.Input(shape=dict(dim=[2, 3]))
    net.y = L.InnerProduct(net.x, num_output=4, weight_filler=dict(type="constant", value=2))
    (tmp_path / "net.prototxt").write_text(str(net.to_proto()))
    built = cafflite.Net(str(tmp_path / "net.prototxt"), TEST)
    built.blobs["x"].data[...] = 1
    assert (built.forward()["y"] == 6).all()


def test_every_layer_type_has_its_own_message():
    types = {"Convolution": "convolution", "HDF5Data": "hdf5_data", "Lstm": "lstm", "Transformation": "transform"}
    assert types.items() <= param_name_dict().items()
    assert {"LSTM", "Deconvolution", "SoftmaxWithLoss"}.isdisjoint(param_name_dict())


def test_layers_is_a_module_and_pycaffes_namespace():
    assert L.relu.__name__ == "cafflite.layers.relu"
    for namespace in (L, layers):
        assert namespace.AnyName().fn.type_name == "AnyName"
    for namespace, name in ((L, "anything"), (layers, "__wrapped__")):
        with pytest.raises(AttributeError, match=name):
            getattr(namespace, name)


def test_a_bottom_that_is_no_top():
    message = r"^Silence input 0 is not a Top \(type is <class 'tuple'>\)$"  # pycaffe's own words
    with pytest.raises(TypeError, match=message):
        L.Silence(L.DummyData(ntop=2), ntop=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.Convolution(num_ouput=3),
         "layer 'Convolution1' (Convolution): unknown field 'num_ouput' in ConvolutionParameter; "
         "did you mean 'num_output'?"),
        (lambda: L.Convolution(name="c", loss_wieght=3),
         "layer 'c' (Convolution): unknown field 'loss_wieght' in ConvolutionParameter; "
         "did you mean 'loss_weight'?"),
        (lambda: L.Convolution(std=0.1),
         "layer 'Convolution1' (Convolution): unknown field 'std' in ConvolutionParameter; "
         "it belongs inside weight_filler or bias_filler"),
        (lambda: L.SoftmaxWithLoss(normalization=1),
         "layer 'SoftmaxWithLoss1' (SoftmaxWithLoss): unknown field 'normalization' in LayerParameter; "
         "it belongs inside loss_param"),
        (lambda: L.InnerProduct(weight_filler=dict(typ="xavier")),
         "layer 'InnerProduct1' (InnerProduct): unknown field 'typ' in FillerParameter; did you mean 'type'?"),
        (lambda: L.InnerProduct(weight_filler="xavier"),
         "layer 'InnerProduct1' (InnerProduct): weight_filler is 'xavier', "
         "expected a dict of fields of FillerParameter"),
        (lambda: L.InnerProduct(num_output=2.5),
         "layer 'InnerProduct1' (InnerProduct): num_output is 2.5, expected an integer"),
        (lambda: L.InnerProduct(num_output=-1),
         "layer 'InnerProduct1' (InnerProduct): num_output is -1, expected an integer from 0 to 4294967295"),
        (lambda: L.InnerProduct(num_output=[2, 3]),
         "layer 'InnerProduct1' (InnerProduct): num_output is [2, 3], expected one value"),
        (lambda: L.Pooling(pool="MIN"),
         "layer 'Pooling1' (Pooling): pool is 'MIN', expected MAX, AVE or STOCHASTIC"),
        (lambda: L.Convolution(kernel_size=["a"]),
         "layer 'Convolution1' (Convolution): kernel_size is ['a'], expected an integer"),
        (lambda: L.Python(module=3), "layer 'Python1' (Python): module is 3, expected a string"),
        (lambda: L.ReLU(in_place=True), "ReLU in place has 0 bottoms, and ntop asks for 1 tops"),
    ],
)  # fmt: skip
def test_mistakes(make, message):
    with pytest.raises(NetError) as caught:
        to_proto(make())
    assert str(caught.value) == message


def test_a_name_that_the_spec_has_not():
    net = NetSpec()
    net.conv1 = L.Input()
    for look in (lambda: net.conv2, lambda: net["conv2"]):
        with pytest.raises(UnknownNameError, match=r"^the net has no top 'conv2'; did you mean 'conv1'\?$"):
            look()
    assert not hasattr(net, "conv2")


@pytest.mark.parametrize(("value", "kind"), [(3, "int"), ((L.Input(), L.Input()), "tuple")])
def test_a_name_for_what_is_no_top(value, kind):
    with pytest.raises(NetError, match=f"^'x' is set to a {kind}, expected one top of a layer$"):
        NetSpec().x = value


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (lambda: params.Poling.MAX, "there is no message PolingParameter; did you mean 'Pooling'?"),
        (lambda: params.Pooling.MIN, "MIN"),
    ],
)
def test_an_enum_that_there_is_not(look, message):
    with pytest.raises(AttributeError, match=re.escape(message)):
        look()


def test_assign_proto_adds_to_what_is_repeated():
    layer = LayerParameter()
    assign_proto(layer, "loss_weight", 1)
    assign_proto(layer, "loss_weight", (2, 3))
    assert list(layer.loss_weight) == [1, 2, 3]
