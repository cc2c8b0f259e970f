"""The wiring of nets: held to the original's structure, and to what it accepts and refuses."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import cafflite
from cafflite.errors import CaffliteError, NetError, ShapeError
from cafflite.forks import FORK_OF
from cafflite.layers.base import registry
from cafflite.proto import prototxt

GOLDEN = Path(__file__).parent / "golden"
STATES = [
    pytest.param(path.parent, entry, id=f"{path.parent.name}-{number}")
    for path in sorted(GOLDEN.glob("structure/*/net.prototxt"))
    for number, entry in enumerate(json.loads((path.parent / "facts.json").read_text()))
]
INVALID = sorted(path.parent for path in GOLDEN.glob("invalid/*/meta.json"))


def net_of(text: str, phase: int = cafflite.TRAIN, **options) -> cafflite.Net:
    return cafflite.Net(text, phase, **options)


def inputs(**shapes) -> str:
    """Input layers, one for each name."""
    return "".join(
        f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims(shape)} }} }} }}\n'
        for name, shape in shapes.items()
    )


def dims(shape) -> str:
    return " ".join(f"dim: {n}" for n in shape)


@pytest.mark.parametrize(("folder", "facts"), STATES)
def test_structure(folder, facts, monkeypatch):
    monkeypatch.chdir(folder)
    state = facts["state"]
    phase = cafflite.TRAIN if state["phase"] == "TRAIN" else cafflite.TEST
    net = cafflite.Net("net.prototxt", phase, level=state.get("level", 0), stages=state.get("stages", []))
    found = {
        "layers": [
            {
                "name": step.layer.name,
                "type": step.layer.type,
                "bottom": step.bottom_names,
                "top": step.top_names,
                "params": [list(blob.shape) for blob in step.layer.blobs],
            }
            for step in net.steps
        ],
        "blobs": [[name, list(blob.shape)] for name, blob in net.blobs.items()],
        "inputs": net.inputs,
        "outputs": net.outputs,
        "loss_weights": {name: weight for name, weight in net.blob_loss_weights.items() if weight},
    }
    assert found == facts["net"]


@pytest.mark.parametrize("folder", INVALID, ids=lambda folder: folder.name)
def test_what_caffe_refuses(folder, monkeypatch):
    monkeypatch.chdir(folder)
    meta = json.loads((folder / "meta.json").read_text())
    if meta["accepted"] or meta["name"] in {"pool_stochastic_cpu"}:  # that one works here, on every backend
        cafflite.Net("net.prototxt", cafflite.TRAIN).forward()
    else:
        with pytest.raises(CaffliteError, match=r"net\.prototxt"):
            cafflite.Net("net.prototxt", cafflite.TRAIN).forward()


def fully_connected(name: str, bottom: str, top: str, param: str = "", outputs: int = 4) -> str:
    return (
        f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{top}" {param} inner_product_param '
        f'{{ num_output: {outputs} weight_filler {{ type: "gaussian" }} }} }}\n'
    )


def loss(first: str, second: str, more: str = "") -> str:
    return f'layer {{ name: "loss" type: "EuclideanLoss" bottom: "{first}" bottom: "{second}" top: "loss" {more} }}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            inputs(data=(2, 3)) + fully_connected("ip", "dat", "y"),
            r"<text>:2: layer 'ip' \(InnerProduct\): unknown bottom blob 'dat'.*did you mean 'data'",
        ),
        (
            inputs(data=(2, 3)) + 'layer { name: "r" type: "Relu2" bottom: "data" top: "y" }\n' * 2,
            r"<text>:2: layer 'r' \(Relu2\) and 1 more: unknown layer type 'Relu2'; did you mean 'ReLU'\?; "
            "registered types: .*TanH",
        ),
        (
            inputs(data=(2, 3))
            + 'layer { name: "roi" type: "ROIPooling" bottom: "data" top: "x" roi_pooling_param { pooled_w: 6 } }\n'
            + 'layer { name: "n" type: "Normalize" bottom: "x" top: "y" norm_param { across_spatial: true } }\n',
            r"^<text>:2: layer 'roi' \(ROIPooling\): unknown layer type 'ROIPooling' "
            r"\(known from the Fast R-CNN fork\)\n"
            r"<text>:3: layer 'n' \(Normalize\): unknown layer type 'Normalize' \(known from the SSD fork\)"
            r"; registered types: AbsVal, .*TanH",
        ),
        (
            inputs(data=(2, 3)) + fully_connected("ip", "data", "y", "param {} param {} param {}"),
            "has 3 param blocks, expected at most one for each of its 2 blobs",
        ),
        (
            inputs(data=(2, 3)) + fully_connected("ip", "data", "y", "propagate_down: true propagate_down: true"),
            "propagate_down is given 2 times for 1 bottoms",
        ),
        (
            inputs(a=(2, 3), b=(2, 5))
            + fully_connected("f", "a", "x", 'param { name: "w" }')
            + fully_connected("g", "b", "y", 'param { name: "w" }'),
            r"layer 'g'.*parameter 'w', which it shares with layer 'f', has shape \(4, 3\) there and \(4, 5\) here",
        ),
        ("name: 'nothing'", "the net has no layers"),
        (
            inputs(a=(2,)) + 'layer { name: "s" type: "Silence" bottom: "a" include {} exclude {} }',
            "both include and exclude rules",
        ),
    ],
)
def test_mistakes_say_where_and_what(text, message):
    with pytest.raises(NetError, match=message):
        net_of(text)


def test_a_forks_layer_of_another_phase_does_no_harm():
    data = 'layer { name: "d" type: "VideoData" top: "x" video_data_param { a: 1 } include { phase: TRAIN } }\n'
    net = net_of(data + inputs(data=(2, 3)), cafflite.TEST)
    assert list(net.blobs) == ["data"]


def test_stand_ins_for_data_layers_whose_files_are_missing():
    data = (
        'layers { name: "d" type: DATA top: "x" top: "y" data_param { source: "no file" } include { phase: PHASE } }\n'
    )
    text = data.replace("PHASE", "TRAIN") + data.replace("PHASE", "TEST").replace(' top: "y"', "")
    train = net_of(text, cafflite.TRAIN, data_shapes={"x": (2, 3, 4, 4), "y": (2,)})
    test = net_of(text, cafflite.TEST, data_shapes={"x": (5, 3)})
    assert {name: blob.shape for name, blob in train.blobs.items()} == {"x": (2, 3, 4, 4), "y": (2,)}
    assert test.forward(x=np.ones((5, 3)))["x"].shape == (5, 3)


def test_a_type_with_a_layer_here_is_no_forks():
    assert not set(FORK_OF) & set(registry), "take these types out of cafflite/forks.py"


def test_a_blob_read_twice_gets_the_sum_of_both_diffs():
    net = net_of(
        inputs(data=(2, 3), label=(2, 4))
        + fully_connected("a", "data", "h")
        + fully_connected("b", "h", "x")
        + fully_connected("c", "h", "y")
        + 'layer { name: "sum" type: "Eltwise" bottom: "x" bottom: "y" top: "z" }'
        + loss("z", "label")
    )
    net.blobs["data"].data[...] = np.random.default_rng(0).standard_normal((2, 3))
    net.forward()
    net.backward()
    expected = net.blobs["x"].diff @ net.params["b"][0].data + net.blobs["y"].diff @ net.params["c"][0].data
    np.testing.assert_allclose(net.blobs["h"].diff, expected, rtol=1e-5, atol=1e-6)


def test_parameters_are_views_of_one_buffer():
    net = net_of(inputs(data=(2, 3)) + fully_connected("a", "data", "h") + fully_connected("b", "h", "y"))
    net.data_buffer[...] = np.arange(net.data_buffer.size)
    found = np.concatenate([blob.data.ravel() for blobs in net.params.values() for blob in blobs])
    assert found.tolist() == list(range(net.data_buffer.size))
    assert net.data_buffer.size == 4 * 3 + 4 + 4 * 4 + 4


def test_shared_parameters_are_one():
    shared = 'param { name: "w" } param { name: "b" }'
    net = net_of(
        inputs(a=(2, 3), b=(2, 3)) + fully_connected("f", "a", "x", shared) + fully_connected("g", "b", "y", shared)
    )
    net.params["f"][0].data[0, 0] = 42
    assert net.params["g"][0].data[0, 0] == 42
    assert len(net.learnable) == 2
    assert net.data_buffer.size == 4 * 3 + 4


def test_no_gradient_where_lr_mult_is_0_or_no_loss_needs_it():
    net = net_of(
        inputs(data=(2, 3), label=(2, 4))
        + fully_connected("frozen", "data", "h", "param { lr_mult: 0 } param { lr_mult: 0 }")
        + fully_connected("trained", "h", "y")
        + fully_connected("aside", "h", "unused")
        + loss("y", "label")
    )
    net.blobs["data"].data[...] = 1
    net.forward()
    net.backward()
    assert net.params["trained"][0].diff.any()
    assert not net.params["frozen"][0].diff.any()
    assert not net.params["aside"][0].diff.any()
    assert [step.layer.name for step in net.steps if step.need_backward] == ["trained", "loss"]


def test_a_new_input_shape_reaches_every_layer():
    net = net_of(inputs(data=(2, 3)) + fully_connected("a", "data", "h") + fully_connected("b", "h", "y"))
    net.blobs["data"].reshape(5, 3)
    assert net.forward()["y"].shape == (5, 4)
    net.blobs["data"].reshape(7, 3)
    net.reshape()
    assert net.blobs["y"].shape == (7, 4)


def test_a_new_input_shape_that_cannot_be_names_the_layer_and_both_sizes():
    net = net_of(inputs(data=(2, 3)) + fully_connected("a", "data", "h"))
    net.blobs["data"].reshape(2, 5)
    with pytest.raises(ShapeError, match=r"<text>:2: layer 'a' \(InnerProduct\): .*\(2, 5\).* 5 .* 3"):
        net.forward()


def test_a_test_net_shares_the_trained_parameters():
    text = inputs(data=(2, 3)) + fully_connected("a", "data", "h")
    train, test = net_of(text), net_of(text, cafflite.TEST)
    test.share_with(train)
    train.params["a"][0].data[...] = 3
    assert (test.params["a"][0].data == 3).all()


def test_the_seed_makes_a_net_repeatable():
    text = inputs(data=(2, 3)) + fully_connected("a", "data", "h")
    first, again, other = (net_of(text, seed=seed).params["a"][0].data for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_values_in_a_net_parameter_are_its_first_values():
    param = prototxt.load_net(inputs(data=(1, 2)) + fully_connected("a", "data", "h", outputs=1))
    blobs = param.layer[1].blobs
    blobs.add(shape={"dim": [1, 2]}, data=[3, 4])
    blobs.add(shape={"dim": [1]}, data=[5])
    net = net_of(param)
    assert [blob.data.tolist() for blob in net.params["a"]] == [[[3, 4]], [5]]


def test_an_infinite_value_is_a_value_and_no_warning():
    net = net_of(inputs(data=(1, 2)) + 'layer { name: "log" type: "Log" bottom: "data" top: "y" }')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert net.forward()["y"].tolist() == [[-np.inf, -np.inf]]


def test_loss_weights_add_up():
    net = net_of(
        inputs(a=(2, 3), b=(2, 3))
        + loss("a", "b", "loss_weight: 0.5")
        + 'layer { name: "other" type: "EuclideanLoss" bottom: "a" bottom: "b" top: "other" loss_weight: 2 }'
    )
    net.blobs["a"].data[...] = 1
    net.forward()
    assert float(net.loss()) == pytest.approx(2.5 * 1.5)


STACK = """force_backward: true
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
layer { name: "c" type: "Convolution" bottom: "x" top: "c"
        convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "r" type: "ReLU" bottom: "c" top: "r" }
layer { name: "p" type: "Pooling" bottom: "r" top: "p" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "y" type: "InnerProduct" bottom: "p" top: "y"
        inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
"""


@pytest.mark.parametrize("name", ["c", "r", "p", "y"])
@pytest.mark.parametrize("shape", [(1,), (2, 4, 60, 70)])
def test_a_top_that_a_user_has_reshaped_gets_its_shape_back(name, shape):
    net = net_of(STACK, seed=1)
    net.blobs["x"].data[...] = 1
    expected, size = net.forward()["y"].copy(), net.blobs[name].shape
    net.blobs[name].reshape(*shape)
    with pytest.raises(ShapeError, match="its blobs have been reshaped since its last forward pass"):
        net.backward()
    assert np.array_equal(net.forward()["y"], expected)
    assert net.blobs[name].shape == size
    net.backward()


def test_backward_without_forward_is_refused_where_a_layer_keeps_something():
    net = net_of(STACK)
    net.backward(start="y", end="y")
    with pytest.raises(NetError, match=r":6: layer 'p' \(Pooling\): its backward pass needs .* run forward before"):
        net.backward()
    net.forward()
    net.reshape()
    net.backward()
    net.blobs["x"].reshape(1, 3, 8, 8)
    net.reshape()
    with pytest.raises(NetError, match="run forward before backward"):
        net.backward()
    assert net.forward()["y"].shape == (1, 3)
    assert net.backward()["x"].shape == (1, 3, 8, 8)
