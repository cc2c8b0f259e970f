"""Old nets and solvers in today's form, held to what Caffe's own upgrade programs wrote."""

from pathlib import Path

import pytest

from cafflite.errors import NetError, SolverError
from cafflite.forks import FORK_OF
from cafflite.proto.caffe_pb2 import NetParameter, V1LayerParameter
from cafflite.proto.prototxt import load_net, load_solver, without_places
from cafflite.proto.upgrade import V1_TYPES, upgrade_net, upgrade_solver

GOLDEN = Path(__file__).parent.parent / "golden"


def upgraded(text) -> NetParameter:
    return without_places(upgrade_net(load_net(text)))


def net(text) -> NetParameter:
    return without_places(load_net(text))


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("structure/*/upgraded.prototxt")), ids=lambda path: path.parent.name
)
def test_recorded_upgrade(path):
    assert upgraded(path.with_name("net.prototxt")) == net(path)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("structure/*/*.prototxt")), ids=lambda path: path.parent.name)
def test_upgraded_net_stays_as_it_is(path):
    once = upgrade_net(load_net(path))
    assert upgrade_net(once) == once


def test_upgrade_makes_a_new_message():
    old = load_net("layers { name: 'r' type: RELU }")
    copy = NetParameter.FromString(old.SerializeToString())
    assert upgrade_net(old) is not old
    assert old == copy


# Each old text, and what it means today. `a` is declared without a shape where only the layers matter.

NETS = {
    "V1 parameters": (
        """layers { name: "c" type: CONVOLUTION bottom: "a" top: "c" blobs_lr: 1 blobs_lr: 2 weight_decay: 3
             param: "w" blob_share_mode: PERMISSIVE loss_weight: 5 include { phase: TEST } exclude { min_level: 1 }
             convolution_param { num_output: 2 kernel_size: 3 } transform_param { scale: 2 } }""",
        """layer { name: "c" type: "Convolution" bottom: "a" top: "c" loss_weight: 5
             param { name: "w" share_mode: PERMISSIVE lr_mult: 1 decay_mult: 3 } param { lr_mult: 2 }
             include { phase: TEST } exclude { min_level: 1 }
             convolution_param { num_output: 2 kernel_size: 3 } transform_param { scale: 2 } }""",
    ),
    "V1 parameters with more names than rates": (
        'layers { type: INNER_PRODUCT param: "w" param: "b" blobs_lr: 0 }',
        'layer { type: "InnerProduct" param { name: "w" lr_mult: 0 } param { name: "b" } }',
    ),
    "V1 without a type": ('layers { name: "x" } layers { type: NONE }', 'layer { name: "x" } layer { type: "" }'),
    "V1 blobs": (
        "layers { type: POWER blobs { num: 1 channels: 1 height: 1 width: 2 data: 3 data: 4 } }",
        'layer { type: "Power" blobs { num: 1 channels: 1 height: 1 width: 2 data: 3 data: 4 } }',
    ),
    "the rest of the net": (
        'name: "n" force_backward: true state { phase: TEST stage: "s" } debug_info: true layers { type: TANH }',
        'name: "n" force_backward: true state { phase: TEST stage: "s" } debug_info: true layer { type: "TanH" }',
    ),
    "transformation of Data": (
        'layers { type: DATA data_param { source: "d" scale: 2 mean_file: "m" crop_size: 3 mirror: true } }',
        """layer { type: "Data" data_param { source: "d" }
             transform_param { scale: 2 mean_file: "m" crop_size: 3 mirror: true } }""",
    ),
    "transformation of ImageData": (
        "layers { type: IMAGE_DATA image_data_param { mirror: false new_width: 5 } transform_param { scale: 2 } }",
        'layer { type: "ImageData" image_data_param { new_width: 5 } transform_param { scale: 2 mirror: false } }',
    ),
    "transformation of WindowData": (
        "layers { type: WINDOW_DATA window_data_param { crop_size: 7 fg_threshold: 0.4 } }",
        'layer { type: "WindowData" window_data_param { fg_threshold: 0.4 } transform_param { crop_size: 7 } }',
    ),
    "no transformation": (
        'layers { type: DATA data_param { source: "d" } }',
        'layer { type: "Data" data_param { source: "d" } }',
    ),
    "transformation in today's form is left": (
        'layer { type: "Data" data_param { scale: 2 } }',
        'layer { type: "Data" data_param { scale: 2 } }',
    ),
    "V0 data": (
        """layers { layer { name: "d" type: "data" source: "s" meanfile: "m" batchsize: 2 cropsize: 3 scale: 4
             mirror: true rand_skip: 5 } top: "x" top: "y" }""",
        """layer { name: "d" type: "Data" top: "x" top: "y" data_param { source: "s" batch_size: 2 rand_skip: 5 }
             transform_param { mean_file: "m" crop_size: 3 scale: 4 mirror: true } }""",
    ),
    "V0 images": (
        """layers { layer { type: "images" source: "s" batchsize: 2 shuffle_images: true new_height: 3 new_width: 4 }
             top: "x" }""",
        """layer { type: "ImageData" top: "x"
             image_data_param { source: "s" batch_size: 2 shuffle: true new_height: 3 new_width: 4 } }""",
    ),
    "V0 windows": (
        """layers { layer { type: "window_data" source: "s" batchsize: 2 det_fg_threshold: 0.1 det_bg_threshold: 0.2
             det_fg_fraction: 0.3 det_context_pad: 4 det_crop_mode: "square" } }""",
        """layer { type: "WindowData" window_data_param { source: "s" batch_size: 2 fg_threshold: 0.1 bg_threshold: 0.2
             fg_fraction: 0.3 context_pad: 4 crop_mode: "square" } }""",
    ),
    "V0 HDF5": (
        """layers { layer { type: "hdf5_data" source: "s" batchsize: 2 } top: "x" }
           layers { layer { type: "hdf5_output" hdf5_output_param { file_name: "f" } } bottom: "x" }""",
        """layer { type: "HDF5Data" top: "x" hdf5_data_param { source: "s" batch_size: 2 } }
           layer { type: "HDF5Output" bottom: "x" hdf5_output_param { file_name: "f" } }""",
    ),
    "V0 losses": (
        'layers { layer { type: "infogain_loss" source: "s" } } layers { layer { type: "euclidean_loss" } }',
        'layer { type: "InfogainLoss" infogain_loss_param { source: "s" } } layer { type: "EuclideanLoss" }',
    ),
    "V0 normalisation": (
        'layers { layer { type: "lrn" local_size: 3 alpha: 2 beta: 0.5 k: 4 } }',
        'layer { type: "LRN" lrn_param { local_size: 3 alpha: 2 beta: 0.5 k: 4 } }',
    ),
    "V0 blobs": (
        """layers { layer { type: "innerproduct" biasterm: false blobs { num: 1 data: 2 } blobs_lr: 0 weight_decay: 1
             bias_filler { value: 3 } } }""",
        """layer { type: "InnerProduct" blobs { num: 1 data: 2 } param { lr_mult: 0 decay_mult: 1 }
             inner_product_param { bias_term: false bias_filler { value: 3 } } }""",
    ),
    "V0 field that the type does not have": (
        'layers { layer { type: "tanh" num_output: 4 new_num: 2 } }',
        'layer { type: "TanH" }',
    ),
    "V0 padding in front of several layers": (
        """layers { layer { name: "p" type: "padding" pad: 2 } bottom: "a" top: "p" }
           layers { layer { name: "c" type: "conv" kernelsize: 5 pad: 1 } bottom: "p" top: "c" }
           layers { layer { name: "m" type: "pool" pool: AVE kernelsize: 3 } bottom: "p" top: "m" }
           layers { layer { name: "r" type: "relu" } bottom: "c" top: "c" }""",
        """layer { name: "c" type: "Convolution" bottom: "a" top: "c" convolution_param { kernel_size: 5 pad: 2 } }
           layer { name: "m" type: "Pooling" bottom: "a" top: "m" pooling_param { pool: AVE kernel_size: 3 pad: 2 } }
           layer { name: "r" type: "ReLU" bottom: "c" top: "c" }""",
    ),
    "V0 blob that was padding before": (
        """layers { layer { type: "padding" pad: 2 } bottom: "a" top: "x" }
           layers { layer { type: "conv" } bottom: "x" top: "x" }
           layers { layer { type: "relu" } bottom: "x" top: "x" }""",
        """layer { type: "Convolution" bottom: "a" top: "x" convolution_param { pad: 2 } }
           layer { type: "ReLU" bottom: "x" top: "x" }""",
    ),
    "inputs of four sizes": (
        'input: "a" input: "b" input_dim: [1, 2, 3, 4, 5, 6, 7, 8] layer { name: "x" }',
        """layer { name: "input" type: "Input" top: "a" top: "b"
             input_param { shape { dim: [1, 2, 3, 4] } shape { dim: [5, 6, 7, 8] } } }
           layer { name: "x" }""",
    ),
    "inputs of any shape": (
        'layers { name: "x" } input: "a" input: "b" input_shape { dim: 1 dim: 2 } input_shape { }',
        """layer { name: "input" type: "Input" top: "a" top: "b" input_param { shape { dim: 1 dim: 2 } shape { } } }
           layer { name: "x" }""",
    ),
    "shapes go before sizes, and what is too many is not used": (
        'input: "a" input_shape { dim: 1 } input_shape { dim: 2 } input_dim: [3, 4]',
        'layer { name: "input" type: "Input" top: "a" input_param { shape { dim: 1 } } }',
    ),
    "an input without any shape": ('input: "a" layer { name: "x" }', 'layer { name: "x" }'),
    "sizes without an input": ('input_dim: 3 layer { name: "x" }', 'layer { name: "x" }'),
    "BatchNorm of three parameters": (
        'layer { type: "BatchNorm" param { name: "m" lr_mult: 1 } param { decay_mult: 2 } param { } }',
        """layer { type: "BatchNorm" param { name: "m" lr_mult: 0 decay_mult: 0 } param { lr_mult: 0 decay_mult: 0 }
             param { lr_mult: 0 decay_mult: 0 } }""",
    ),
    "BatchNorm of two parameters is left": (
        'layer { type: "BatchNorm" param { lr_mult: 1 } param { } }',
        'layer { type: "BatchNorm" param { lr_mult: 1 } param { } }',
    ),
}


@pytest.mark.parametrize(("old", "today"), NETS.values(), ids=NETS)
def test_old_net(old, today):
    assert upgraded(old) == net(today)


@pytest.mark.parametrize("name", V1LayerParameter.LayerType.keys())
def test_every_v1_type(name):
    assert upgraded(f"layers {{ type: {name} }}").layer[0].type == V1_TYPES.get(name, name)


def test_a_v1_type_is_caffes_or_a_forks():
    names = set(V1LayerParameter.LayerType.keys())
    assert names - set(V1_TYPES) == names & set(FORK_OF)


def test_every_field_of_v1_has_its_place_today():
    special = {"type", "layer", "param", "blob_share_mode", "blobs_lr", "weight_decay"}
    for field in V1LayerParameter.DESCRIPTOR.fields:
        if field.message_type and field.name not in special:
            layer = V1LayerParameter(**{field.name: {} if field.has_presence else [{}]})
            assert field.name in [
                found.name for found, _ in upgrade_net(NetParameter(layers=[layer])).layer[0].ListFields()
            ]


def test_places_are_carried_over():
    old = """input: "a" input_dim: [1, 1, 1, 1]
        layers { type: TANH }
        layers { layer { type: "padding" } bottom: "a" top: "p" }
        layers { layer { type: "conv" } bottom: "p" }"""
    assert [layer.place for layer in upgrade_net(load_net(old)).layer] == ["", "<text>:2", "<text>:4"]


REFUSED_NETS = {
    "old layers beside today's": (
        'layer { name: "x" type: "ReLU" }\nlayers { name: "t" type: TANH }',
        "<text>:2: layer 't' (TANH): 'layers' is the old form of 'layer'; a net cannot mix them, write all as 'layer'",
    ),
    "unknown V0 type": (
        '\nlayers { layer { name: "c" type: "konv" } }',
        "<text>:2: layer 'c' (konv): unknown layer type 'konv'",
    ),
    "padding in front of another type": (
        'layers { layer { name: "p" type: "padding" } bottom: "a" top: "b" }\n'
        'layers { layer { name: "r" type: "relu" } bottom: "b" top: "r" }',
        "<text>:2: layer 'r' (relu): padding layer 'p' can only stand between one blob and a conv or pool layer",
    ),
    "padding of two blobs": (
        'layers { layer { name: "p" type: "padding" } bottom: "a" bottom: "b" top: "c" }\n'
        'layers { layer { name: "x" type: "conv" } bottom: "c" top: "x" }',
        "<text>:2: layer 'x' (conv): padding layer 'p' can only stand between one blob and a conv or pool layer",
    ),
    "padding of two tops": (
        'layers { layer { name: "p" type: "padding" } bottom: "a" top: "b" top: "c" }\n'
        'layers { layer { name: "x" type: "pool" } bottom: "c" top: "x" }',
        "<text>:2: layer 'x' (pool): padding layer 'p' can only stand between one blob and a conv or pool layer",
    ),
    "sizes that are not four": (
        'input: "a" input_dim: 2 input_dim: 3',
        "the net has 2 input_dim; an input takes 4 of them, or an input_shape",
    ),
    "too few sizes": (
        'input: "a" input: "b" input_dim: [1, 1, 1, 1]',
        "input 'b' has no shape; give it an input_shape, or 4 input_dim",
    ),
    "too few shapes": (
        'input: "a" input: "b" input_shape { }',
        "input 'b' has no shape; give it an input_shape, or 4 input_dim",
    ),
}


@pytest.mark.parametrize(("text", "said"), REFUSED_NETS.values(), ids=REFUSED_NETS)
def test_refused_net(text, said):
    with pytest.raises(NetError) as caught:
        upgraded(text)
    assert str(caught.value) == said


@pytest.mark.parametrize("case", ["input_dim_count", "v1_and_v2_mixed"])
def test_recorded_refusal(case):
    with pytest.raises(NetError):
        upgraded(GOLDEN / "invalid" / case / "net.prototxt")


@pytest.mark.parametrize("type", ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"])
def test_solver_type(type):
    old = load_solver(f"base_lr: 1 solver_type: {type.upper()}")
    assert upgrade_solver(old) == load_solver(f'base_lr: 1 type: "{type}"')
    assert old.HasField("solver_type")


def test_solver_of_today_is_left():
    solver = load_solver('base_lr: 1 type: "Adam"')
    assert upgrade_solver(solver) == solver
    assert not upgrade_solver(load_solver("base_lr: 1")).HasField("type")


def test_solver_with_both_types():
    with pytest.raises(SolverError) as caught:
        upgrade_solver(load_solver('type: "Adam" solver_type: SGD'))
    assert str(caught.value) == 'the solver has both type: "Adam" and the old solver_type: SGD; remove one'
