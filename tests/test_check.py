"""What `check_file` finds: each kind of mistake alone, all of them together, and nothing in nets that are right."""

import json
from pathlib import Path

import pytest

from cafflite.check import check_file
from cafflite.proto.caffe_pb2 import TEST, TRAIN

GOLDEN = Path(__file__).parent / "golden"
DATA = """layer { name: "data" type: "Input" top: "x" top: "y"
  input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } shape { dim: 2 } } }
"""
CONV = (
    'layer { name: "conv" type: "Convolution" bottom: "x" top: "h" '
    "convolution_param { num_output: 4 kernel_size: 3 } }\n"
)
LOSS = """layer { name: "ip" type: "InnerProduct" bottom: "h" top: "ip" inner_product_param { num_output: 5 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "y" top: "loss" }
"""


@pytest.fixture
def check(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def check(text: str, **options) -> list[str]:
        Path("net.prototxt").write_text(text)
        found = check_file("net.prototxt", **options)
        assert all((": note: " in finding.text) == finding.is_note for finding in found)
        return [finding.text.removeprefix("net.prototxt:") for finding in found]

    return check


# A net, and what is found in it; of what a layer says itself only the place and the layer.
MISTAKES = {
    "nothing": (DATA + CONV + LOSS, []),
    "an unknown type": (
        DATA + CONV.replace('"Convolution"', '"Convolutoin"') + LOSS,
        [
            "3: layer 'conv' (Convolutoin): unknown layer type 'Convolutoin'; did you mean 'Convolution'?",
            " note: layers whose shapes are not checked, as they read from some with mistakes: 2",
        ],
    ),
    "types of a fork": (
        DATA + CONV + 'layer { name: "a" type: "ROIPooling" bottom: "h" top: "i" roi_pooling_param { pooled_w: 2 } }\n'
        'layer { name: "b" type: "PriorBox" bottom: "i" top: "j" }\n',
        [
            "4: layer 'a' (ROIPooling): unknown layer type 'ROIPooling' (known from the Fast R-CNN fork)",
            "5: layer 'b' (PriorBox): unknown layer type 'PriorBox' (known from the SSD fork)",
        ],
    ),
    "fields": (
        DATA + CONV.replace("num_output", "num_outptu").replace('top: "h"', 'top: "h" colour: 3') + LOSS,
        [
            "3:63: unknown field 'colour' in LayerParameter",
            "3:93: unknown field 'num_outptu' in ConvolutionParameter; did you mean 'num_output'?",
            " note: layers whose shapes are not checked, as they read from some with mistakes: 2",
        ],
    ),
    "a text that breaks off": (
        DATA + CONV.removesuffix(" }\n") + "\n" + LOSS,
        [
            "4:1: unknown field 'layer' in LayerParameter; it belongs to NetParameter: "
            "is the '}' for the '{' in line 3 missing?"
        ],
    ),
    "a bottom that nobody makes": (
        DATA + CONV.replace('bottom: "x"', 'bottom: "xx"').replace('top: "h"', 'top: "h" bottom: "nothing"') + LOSS,
        [
            "3: layer 'conv' (Convolution): unknown bottom blob 'xx': no layer before it makes it; did you mean 'x'?",
            "3: layer 'conv' (Convolution): unknown bottom blob 'nothing': no layer before it makes it",
            " note: layers whose shapes are not checked, as they read from some with mistakes: 2",
        ],
    ),
    "a bottom that is made later": (
        DATA + LOSS.replace("\n", " ", 1) + CONV,
        [
            "3: layer 'ip' (InnerProduct): unknown bottom blob 'h': no layer before it makes it",
            "4: layer 'conv' (Convolution): it feeds nothing, as no layer reads its top 'h' (in phase TRAIN)",
            " note: layers whose shapes are not checked, as they read from some with mistakes: 1",
        ],
    ),
    "a top made twice": (
        DATA + CONV + CONV.replace('"conv"', '"again"') + LOSS,
        ["4: layer 'again' (Convolution): its top blob 'h' is made by layer 'conv' in line 3 already"],
    ),
    "a name used twice": (
        DATA + CONV + LOSS.replace('"ip" type', '"conv" type'),
        ["4: layer 'conv' (InnerProduct): its name is also that of layer 'conv' in line 3; weights are stored by name"],
    ),
    "shapes that clash, and more behind": (
        DATA + CONV
        + CONV.replace('"conv"', '"other"').replace('"h"', '"i"').replace("kernel_size: 3", "kernel_size: 5")
        + 'layer { name: "sum" type: "Eltwise" bottom: "h" bottom: "i" top: "s" }\n' + LOSS.replace('"h"', '"s"')
        + 'layer { name: "flat" type: "Reshape" bottom: "i" top: "f" reshape_param { shape { dim: 7 } } }\n'
        + 'layer { name: "quiet" type: "Silence" bottom: "f" }\n',
        [
            "5: layer 'sum' (Eltwise): ...",
            "8: layer 'flat' (Reshape): ...",
            " note: layers whose shapes are not checked, as they read from some with mistakes: 3",
        ],
    ),
    "settings that cannot be": (
        DATA + CONV.replace("kernel_size: 3", 'kernel_size: 3 weight_filler { type: "xaver" }') + LOSS,
        [
            "3: layer 'conv' (Convolution): unknown filler type 'xaver'...",
            " note: layers whose shapes are not checked, as they read from some with mistakes: 2",
        ],
    ),
    "a layer with rules of both kinds": (
        DATA + CONV + LOSS + 'layer { name: "s" type: "Silence" bottom: "x" include { } exclude { } }',
        ["6: layer 's' (Silence): it has both include and exclude rules, expected only one kind"],
    ),
    "files": (
        'layer { name: "d" type: "HDF5Data" top: "x" hdf5_data_param { source: "no.txt" batch_size: 2 } }\n'
        'layer { name: "i" type: "InfogainLoss" bottom: "x" bottom: "x" infogain_loss_param { source: "h.proto" } }\n',
        [
            "1: layer 'd' (HDF5Data): the list 'no.txt' cannot be read...",
            "2: layer 'i' (InfogainLoss): 'h.proto' is not there",
            " note: layers whose shapes are not checked, as they read from some with mistakes: 1",
        ],
    ),
    "a layer that feeds nothing": (
        DATA + CONV + 'layer { name: "relu" type: "ReLU" bottom: "h" top: "r" }\n' + LOSS,
        ["4: layer 'relu' (ReLU): it feeds nothing, as no layer reads its top 'r' (in phase TRAIN)"],
    ),
    "a branch that feeds nothing": (
        DATA + CONV + LOSS + LOSS.splitlines()[0].replace('"ip"', '"dead"') + "\n"
        + 'layer { name: "relu" type: "ReLU" bottom: "dead" top: "dead" }\n',
        ["7: layer 'relu' (ReLU): it feeds nothing, as no layer reads its top 'dead' (in phase TRAIN)"],
    ),
    "a branch that is only measured": (
        DATA + CONV + LOSS + LOSS.splitlines()[0].replace('"ip"', '"dead"')
        + '\nlayer { name: "accuracy" type: "Accuracy" bottom: "dead" bottom: "y" top: "accuracy" }\n',
        ["6: layer 'dead' (InnerProduct): it learns nothing, as no way leads from it to a loss (in phase TRAIN)"],
    ),
    "tops that nobody reads beside others": (
        DATA.replace('top: "y"', 'top: "y" top: "z"').replace("} } }", "} shape { dim: 1 } } }") + CONV + LOSS,
        ["1: layer 'data' (Input): note: no layer reads its top 'z' (in phase TRAIN)"],
    ),
    "a measure": (
        DATA + CONV + LOSS + 'layer { name: "a" type: "Accuracy" bottom: "ip" bottom: "y" top: "a" }',
        [],
    ),
    "outputs of a net without a loss": (DATA + CONV + 'layer { name: "p" type: "Softmax" bottom: "h" top: "p" }', []),
    "old layers": (
        'input: "x" input_dim: 1 input_dim: 3\nlayers { name: "r" type: RELU bottom: "x" top: "x" }',
        [" the net has 2 input_dim; an input takes 4 of them, or an input_shape"],
    ),
    "old and new layers": (
        'layer { name: "a" }\nlayers { name: "r" type: RELU }',
        ["2: layer 'r' (RELU): 'layers' is the old form of 'layer'; a net cannot mix them, write all as 'layer'"],
    ),
    "no layers": ('name: "x"', [" the net has no layers"]),
    "an empty file": ("", [" the net has no layers"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(check, name):
    text, expected = MISTAKES[name]
    found = check(text)
    for i, sentence in enumerate(expected[: len(found)]):
        if sentence.endswith("..."):  # in a layer's own words
            assert found[i].startswith(sentence[:-3])
            found[i] = sentence
    assert found == expected


def test_mistakes_of_one_phase(check):
    text = (
        DATA.replace('"Input"', '"Input" include { phase: TRAIN }')
        + DATA.replace('top: "y"', 'top: "label"').replace('"Input"', '"Input" include { phase: TEST }')
        + CONV
        + LOSS
    )
    assert check(text) == [
        "7: layer 'loss' (SoftmaxWithLoss): unknown bottom blob 'y': no layer before it makes it (in phase TEST)"
    ]
    assert check(text, phases=[TRAIN]) == []
    assert check(text, phases=[TEST]) == [
        "7: layer 'loss' (SoftmaxWithLoss): unknown bottom blob 'y': no layer before it makes it"
    ]


def test_a_net_is_checked_in_the_phases_in_which_it_has_data(check):
    train = DATA.replace('"Input"', '"Input" include { phase: TRAIN }') + CONV + LOSS
    assert check(train) == []
    assert len(check(train, phases=[TEST])) > 2


def test_stages_and_level(check):
    text = DATA + CONV + LOSS + 'layer { name: "s" type: "Silenc" bottom: "x" include { stage: "deep" min_level: 2 } }'
    assert check(text) == []
    assert check(text, stages=["deep"], level=2) == [
        "6: layer 's' (Silenc): unknown layer type 'Silenc'; did you mean 'Silence'?"
    ]


def test_a_users_layer_that_fails_is_a_mistake_like_others(check, monkeypatch):
    Path("failing.py").write_text(
        "import cafflite\nclass Failing(cafflite.Layer):\n    def setup(self, bottom, top):\n        {}['key']\n"
    )
    monkeypatch.syspath_prepend(".")
    text = 'layer { name: "p" type: "Python" bottom: "x" top: "p" python_param { module: "failing" layer: "Failing" } }'
    assert check(DATA + text) == ["3: layer 'p' (Python): KeyError: 'key'"]


def test_a_file_that_cannot_be_read():
    assert [finding.text for finding in check_file("no.prototxt")] == [
        "no.prototxt: the file cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("invalid/*/net.prototxt")), ids=lambda path: path.parent.name)
def test_what_caffe_refuses_has_mistakes(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    accepted = json.loads(Path("meta.json").read_text())["accepted"] or path.parent.name == "pool_stochastic_cpu"
    assert (check_file("net.prototxt") == []) == accepted


@pytest.mark.parametrize("group", ["cli", "solver", "structure", "weights"])
def test_nets_that_caffe_ran_have_none(group, monkeypatch):
    for path in GOLDEN.glob(f"{group}/*/net.prototxt"):
        monkeypatch.chdir(path.parent)
        assert [finding.text for finding in check_file("net.prototxt") if not finding.is_note] == []
