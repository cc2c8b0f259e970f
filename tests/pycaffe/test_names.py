"""Layers and blobs by name and by number."""

from collections import OrderedDict

import pytest

import cafflite
from cafflite.errors import NetError

pytestmark = pytest.mark.usefixtures("device")

NET = """
layer { name: "data" type: "Input" top: "data" top: "label" input_param { shape { dim: 2 dim: 3 } shape { dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 4 } }
layer { name: "act" type: "ReLU" bottom: "ip" top: "ip" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" loss_weight: 3 }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
"""


@pytest.fixture
def net():
    return cafflite.Net(NET, cafflite.TRAIN)


def test_blobs(net):
    split = ["ip_act_0_split_0", "ip_act_0_split_1"], ["label_data_1_split_0", "label_data_1_split_1"]
    assert list(net.blobs) == net._blob_names == ["data", "label", *split[1], "ip", *split[0], "loss", "accuracy"]
    assert net._blobs == list(net.blobs.values())
    assert net.inputs == ["data", "label"]
    assert net.outputs == ["accuracy", "loss"]
    assert [net._blob_names[i] for i in net._inputs] == net.inputs
    assert [net._blob_names[i] for i in net._outputs] == net.outputs


def test_layers(net):
    assert list(net._layer_names) == [
        "data", "label_data_1_split", "ip", "act", "ip_act_0_split", "loss", "accuracy"
    ]  # fmt: skip
    assert list(net.layer_dict) == net._layer_names
    assert list(net.layer_dict.values()) == net.layers
    assert [layer.type for layer in net.layers] == [
        "Input", "Split", "InnerProduct", "ReLU", "Split", "SoftmaxWithLoss", "Accuracy"
    ]  # fmt: skip
    assert [len(layer.blobs) for layer in net.layers] == [0, 0, 2, 0, 0, 0, 0]
    assert net.layers[2].blobs[0] is net.params["ip"][0]
    assert all(isinstance(layer, cafflite.Layer) for layer in net.layers)


def test_tops_and_bottoms(net):
    assert net.top_names == OrderedDict(
        [
            ("data", ["data", "label"]),
            ("label_data_1_split", ["label_data_1_split_0", "label_data_1_split_1"]),
            ("ip", ["ip"]),
            ("act", ["ip"]),
            ("ip_act_0_split", ["ip_act_0_split_0", "ip_act_0_split_1"]),
            ("loss", ["loss"]),
            ("accuracy", ["accuracy"]),
        ]
    )
    assert net.bottom_names["loss"] == ["ip_act_0_split_0", "label_data_1_split_0"]
    for i, name in enumerate(net._layer_names):
        assert [net._blob_names[j] for j in net._top_ids(i)] == net.top_names[name]
        assert [net._blob_names[j] for j in net._bottom_ids(i)] == net.bottom_names[name]
    with pytest.raises(NetError, match="layer 7 is asked for, but the net has layers 0 to 6"):
        net._top_ids(7)


def test_loss_weights(net):
    assert {name: weight for name, weight in net.blob_loss_weights.items() if weight} == {"loss": 3}
    assert list(net.blob_loss_weights) == net._blob_names
    assert net._blob_loss_weights == list(net.blob_loss_weights.values())


def test_a_change_to_the_names_is_none_to_the_net(net):
    net.top_names["ip"].append("loss")
    assert net.top_names["ip"] == ["ip"]


def test_a_python_layer_is_the_object_of_the_users_class(tmp_path, monkeypatch):
    (tmp_path / "my_layers.py").write_text(
        "import cafflite\n"
        "class Named(cafflite.Layer):\n"
        "    def reshape(self, bottom, top): top[0].reshape(2)\n"
        "    def forward(self, bottom, top): top[0].data[...] = self.value\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    net = cafflite.Net(
        'layer { name: "own" type: "Python" top: "x" python_param { module: "my_layers" layer: "Named" } }', 0
    )
    own = net.layers[0]
    assert type(own).__name__ == "Named"
    assert isinstance(own, cafflite.Layer)
    assert own.type == "Python"
    assert own.name == "own"
    assert own is net.layer_dict["own"]
    own.value = 5
    assert net.forward()["x"].tolist() == [5, 5]
