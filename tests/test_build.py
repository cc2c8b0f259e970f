"""Filtering and splits, as pairs of texts."""

import pytest
from google.protobuf import text_format

from cafflite import build
from cafflite.errors import NetError
from cafflite.proto import caffe_pb2


def net(text: str):
    return text_format.Parse(text, caffe_pb2.NetParameter())


def wiring(param) -> list[str]:
    return [f"{layer.name}: {' '.join(layer.bottom)} -> {' '.join(layer.top)}" for layer in param.layer]


@pytest.mark.parametrize(
    ("state", "rules", "kept"),
    [
        ("", "", True),
        ("phase: TRAIN", "include { phase: TRAIN }", True),
        ("phase: TEST", "include { phase: TRAIN }", False),
        ("phase: TEST", "exclude { phase: TRAIN }", True),
        ("phase: TRAIN", "exclude { phase: TRAIN }", False),
        ("phase: TEST", "include { phase: TRAIN } include { phase: TEST }", True),
        ("level: 2", "include { min_level: 2 max_level: 3 }", True),
        ("level: 1", "include { min_level: 2 }", False),
        ("level: 4", "include { max_level: 3 }", False),
        ('stage: "a" stage: "b"', 'include { stage: "a" stage: "b" }', True),
        ('stage: "a"', 'include { stage: "a" stage: "b" }', False),
        ('stage: "a"', 'include { not_stage: "a" }', False),
        ('stage: "a"', 'exclude { not_stage: "b" }', False),
        ("phase: TRAIN", 'exclude { stage: "a" } exclude { phase: TRAIN }', False),
    ],
)
def test_filter(state, rules, kept):
    found = build.filter_net(net(f'state {{ {state} }} layer {{ name: "x" type: "Silence" {rules} }}'))
    assert len(found.layer) == int(kept)


DATA = """
layer { name: "d" type: "HDF5Data" top: "x" top: "label" hdf5_data_param { source: "no file" batch_size: 4 } }
layer { name: "noise" type: "DummyData" top: "z" dummy_data_param { shape { dim: 3 } } }
layer { name: "s" type: "Silence" bottom: "x" bottom: "label" bottom: "z" }
"""


def test_data_layers_give_way_to_inputs():
    found = build.replace_data_layers(net(DATA), {"x": (2, 3), "label": [2]})
    shapes = "shape { dim: 2 dim: 3 } shape { dim: 2 }"
    expected = net(f'layer {{ name: "d" type: "Input" top: "x" top: "label" input_param {{ {shapes} }} }}').layer[0]
    assert list(found.layer) == [expected, *net(DATA).layer[1:]]


def test_a_source_that_needs_no_file_gives_way_where_its_top_is_named():
    found = build.replace_data_layers(net(DATA), {"x": (2, 3), "label": (2,), "z": (5,)})
    assert [layer.type for layer in found.layer] == ["Input", "Input", "Silence"]


@pytest.mark.parametrize(
    ("text", "shapes", "message"),
    [
        (DATA, {"x": (2, 3)}, "layer 'd' .*data_shapes has no shape for its top 'label'"),
        ('layer { name: "d" type: "VideoData" top: "x" top: "y" }', {}, "layer 'd' .*no shape for its top 'x', 'y'"),
        (
            DATA,
            {"labels": (2,)},
            "data_shapes has 'labels', and no layer without bottoms makes it; did you mean 'label'",
        ),
    ],
)
def test_wrong_data_shapes(text, shapes, message):
    with pytest.raises(NetError, match=message):
        build.replace_data_layers(net(text), shapes)


def test_no_split_for_one_reader():
    text = net('layer { name: "a" top: "x" } layer { name: "b" bottom: "x" top: "y" }')
    assert build.insert_splits(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'layer { name: "a" top: "x" } layer { name: "b" bottom: "x" top: "y" } layer { name: "c" bottom: "x" }',
            [
                "a:  -> x",
                "x_a_0_split: x -> x_a_0_split_0 x_a_0_split_1",
                "b: x_a_0_split_0 -> y",
                "c: x_a_0_split_1 -> ",
            ],
        ),
        (  # in place: the split stands behind the last layer that writes the blob
            'layer { name: "a" top: "w" top: "x" } layer { name: "r" bottom: "x" top: "x" } '
            'layer { name: "b" bottom: "x" } layer { name: "c" bottom: "x" bottom: "x" }',
            [
                "a:  -> w x",
                "r: x -> x",
                "x_r_0_split: x -> x_r_0_split_0 x_r_0_split_1 x_r_0_split_2",
                "b: x_r_0_split_0 -> ",
                "c: x_r_0_split_1 x_r_0_split_2 -> ",
            ],
        ),
        (  # a loss that is also read: its own copy is the first
            'layer { name: "a" top: "x" loss_weight: 2 } layer { name: "b" bottom: "x" top: "y" }',
            ["a:  -> x", "x_a_0_split: x -> x_a_0_split_0 x_a_0_split_1", "b: x_a_0_split_1 -> y"],
        ),
    ],
)
def test_splits(text, expected):
    assert wiring(build.insert_splits(net(text))) == expected


def test_the_loss_weight_moves_to_the_split():
    found = build.insert_splits(
        net('layer { name: "a" top: "x" loss_weight: 2 } layer { name: "b" bottom: "x" top: "y" }')
    )
    assert [list(layer.loss_weight) for layer in found.layer] == [[], [2, 0], []]


def test_inputs_stay_as_they_were():
    before = net('layer { name: "a" top: "x" } layer { name: "b" bottom: "x" } layer { name: "c" bottom: "x" }')
    copy = net(text_format.MessageToString(before))
    build.insert_splits(before)
    build.filter_net(before)
    build.replace_data_layers(before, {"x": (2, 3)})
    assert before == copy


def test_an_unknown_bottom_is_refused():
    with pytest.raises(NetError, match="'b' .*unknown bottom blob 'data'"):
        build.insert_splits(net('layer { name: "a" top: "date" } layer { name: "b" type: "ReLU" bottom: "data" }'))
