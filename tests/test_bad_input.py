"""Whatever a prototxt or a user's reshape says, it works or is refused in one sentence, and never by NumPy."""

import random
import resource
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cafflite
from cafflite.blob import Blob
from cafflite.errors import CaffliteError, NetError, ShapeError
from cafflite.layers.base import registry
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import NetParameter
from cafflite.proto.reader import is_repeated
from tests.layer_cases import CASES, Case

Shape = tuple[int, ...]


def net_text(layer: str, shapes: list[Shape], tops: int = 1) -> str:
    """Inputs x0, x1, ..., and a layer on the last line that makes y0, y1, ... of them."""
    inputs = ""
    for i, shape in enumerate(shapes):
        dims = " ".join(f"dim: {n}" for n in shape)
        inputs += f'layer {{ name: "x{i}" type: "Input" top: "x{i}" input_param {{ shape {{ {dims} }} }} }}\n'
    bottoms = " ".join(f'bottom: "x{i}"' for i in range(len(shapes)))
    made = " ".join(f'top: "y{i}"' for i in range(tops))
    return f'{inputs}layer {{ name: "layer" {bottoms} {made} {layer} }}'


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        ('type: "EuclideanLoss"', [(2, 3), (2, 4)], r"\(2, 3\) and \(2, 4\) differ in the number of values in a row"),
        ('type: "Eltwise"', [(2, 3), (2, 4)], r"\(2, 4\).*\(2, 3\)"),
        ('type: "Concat"', [(2, 3, 4), (2, 3, 5)], r"\(2, 3, 5\) differs from bottom 0 \(2, 3, 4\) beside axis 1"),
        ('type: "SoftmaxWithLoss"', [(2, 5), (3,)], r"\(2, 5\).*\(3,\)"),
        ('type: "Scale"', [(2, 3, 4), (4,)], r"second bottom \(4,\) does not fit its input \(2, 3, 4\)"),
        ('type: "Crop" crop_param { axis: 2 }', [(2, 3, 4, 4), (2, 3, 5, 4)], r"\(2, 3, 4, 4\) has no \(5, 4\) values"),
        ('type: "Reshape" reshape_param { shape { dim: 7 } }', [(2, 3)], r"\(2, 3\) has 6 values.* \(7,\) 7"),
        (
            'type: "LSTM" recurrent_param { num_output: 2 }',
            [(4, 2, 3), (4, 3)],
            r"\(4, 3\), expected \(4, 2\).*\(4, 2, 3\)",
        ),
        (
            'type: "Convolution" convolution_param { num_output: 2 kernel_size: 5 }',
            [(2, 3, 4, 4)],
            r"kernel of \(5, 5\) on its input \(2, 3, 4, 4\)",
        ),
        (
            'type: "Pooling" pooling_param { kernel_size: 5 }',
            [(2, 3, 4, 4)],
            r"\(5, 5\) does not fit planes of \(4, 4\)",
        ),
        ('type: "SoftmaxWithLoss" softmax_param { axis: 2 }', [(2, 5), (2,)], r"axis 2 is out of range.*\(2, 5\)"),
        ('type: "ArgMax"', [()], r"of shape \(\), expected \(N, ...\)"),
        ('type: "Filter"', [(2, 3), ()], r"selector has shape \(\)"),
        ('type: "Filter"', [(), (2,)], r"selector has 2 values for an input \(\)"),
    ],
)
def test_shapes_that_cannot_work(layer, shapes, message):
    line = len(shapes) + 1
    with pytest.raises(ShapeError, match=rf"^<text>:{line}: layer 'layer' \(\w+\): .*{message}"):
        cafflite.Net(net_text(layer, shapes), cafflite.TRAIN)


@pytest.mark.parametrize(
    ("layer", "before", "after", "message"),
    [
        ('type: "InnerProduct" inner_product_param { num_output: 2 }', (2, 3), (2, 4), r"\(2, 4\)"),
        (
            'type: "Convolution" convolution_param { num_output: 2 kernel_size: 1 }',
            (2, 3, 4, 4),
            (2, 5, 4, 4),
            "3 channels",
        ),
        ('type: "PReLU"', (2, 3), (2, 4), r"\(2, 4\)"),
        ('type: "Permute" permute_param { order: 1 }', (2, 3), (2, 3, 4), r"\(2, 3, 4\), and it was made for 2 axes"),
        ('type: "ArgMax" argmax_param { top_k: 3 }', (2, 3), (2, 2), r"top_k is 3, expected 1 to 2"),
    ],
)
def test_a_new_shape_that_cannot_work(layer, before, after, message):
    net = cafflite.Net(net_text(layer, [before]), cafflite.TRAIN)
    net.blobs["x0"].reshape(*after)
    with pytest.raises(CaffliteError, match=rf"^<text>:2: layer 'layer' .*{message}"):
        net.forward()


@pytest.mark.parametrize(
    "layer",
    [
        'type: "Pooling" pooling_param { kernel_size: 2 stride: 2 }',
        'type: "Tile" tile_param { tiles: 2 }',
        'type: "InnerProduct" inner_product_param { num_output: 2 }',
    ],
)
def test_another_size_in_place(layer):
    with pytest.raises(ShapeError, match=r"^<text>:2: .* its top is its bottom 'x0', \(2, 3, 4, 4\), and would change"):
        cafflite.Net(net_text(f'{layer} top: "x0"', [(2, 3, 4, 4)], tops=0), cafflite.TRAIN)


def test_a_new_shape_of_a_factor_whose_bias_has_the_old_one():
    net = cafflite.Net(net_text('type: "Scale" scale_param { bias_term: true }', [(2, 3), (3,)]), cafflite.TRAIN)
    net.blobs["x0"].reshape(2, 4)
    net.blobs["x1"].reshape(4)
    with pytest.raises(ShapeError, match=r"second bottom has shape \(4,\), and its bias was made for \(3,\)"):
        net.forward()


def test_an_index_that_is_no_number():
    net = cafflite.Net(net_text('type: "BatchReindex"', [(2, 3), (1,)]), cafflite.TEST)
    net.blobs["x1"].data[...] = np.nan
    with pytest.raises(CaffliteError, match="index nan in row 0 is none of the batch's 2 samples"):
        net.forward()


@pytest.mark.parametrize(
    ("layer", "shapes", "made"),
    [
        ('type: "InnerProduct" inner_product_param { num_output: 2 }', [(3, 0)], (3, 2)),
        ('type: "Convolution" convolution_param { num_output: 2 kernel_size: 1 }', [(3, 0, 4, 4)], (3, 2, 4, 4)),
        ('type: "Convolution" convolution_param { num_output: 2 kernel_size: 3 }', [(3, 0, 4, 4)], (3, 2, 2, 2)),
        ('type: "Deconvolution" convolution_param { num_output: 2 kernel_size: 3 }', [(3, 0, 4, 4)], (3, 2, 6, 6)),
        ('type: "RNN" recurrent_param { num_output: 2 }', [(4, 2, 0), (4, 2)], (4, 2, 2)),
        ('type: "LSTM" recurrent_param { num_output: 2 }', [(4, 2, 0), (4, 2), (2, 0)], (4, 2, 2)),
    ],
)
def test_an_input_without_values(layer, shapes, made):
    net = cafflite.Net("force_backward: true " + net_text(layer, shapes), cafflite.TRAIN)
    found = net.forward()["y0"]
    net.backward()
    assert found.shape == made
    assert not found.any()  # all that is left is the bias, 0


def test_a_loss_of_single_values():
    net = cafflite.Net(net_text('type: "SigmoidCrossEntropyLoss"', [(), ()]), cafflite.TEST)
    assert net.forward()["y0"] == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    "layer",
    [
        'type: "Tile" tile_param { tiles: 1000 }',
        'type: "Convolution" convolution_param { num_output: 1000 kernel_size: 1 pad: 50 }',
        'type: "InnerProduct" inner_product_param { num_output: 4294967295 }',
    ],
)
def test_a_blob_over_the_limit_is_refused_before_it_is_made(monkeypatch, layer):
    monkeypatch.setattr(Blob, "max_count", 10_000)
    with pytest.raises(ShapeError, match=r"^<text>:2: layer 'layer' .* elements, more than the 10,000 allowed"):
        cafflite.Net(net_text(layer, [(2, 3, 4, 4)]), cafflite.TRAIN)


def test_the_limit_is_2_to_the_31():
    with pytest.raises(
        ShapeError, match=r"<text>:1: layer 'x0' \(Input\): .*2,147,483,649 elements, more than the 2,147,4"
    ):
        cafflite.Net(net_text('type: "Silence"', [(2**31 + 1,)], tops=0), cafflite.TRAIN)


@pytest.mark.parametrize("method", ["setup", "reshape", "forward", "backward"])
def test_memory_that_there_is_not(monkeypatch, method):
    def fail(*_):
        raise MemoryError("Unable to allocate 2 GiB")

    monkeypatch.setattr(registry["ReLU"], method, fail)
    with pytest.raises(NetError, match=r"^<text>:2: layer .*: it needs more memory than there is: Unable to"):
        net = cafflite.Net("force_backward: true " + net_text('type: "ReLU" loss_weight: 1', [(2, 3)]), cafflite.TRAIN)
        net.forward()
        net.backward()


# Nets of one layer with one to three random mistakes.

NUMBERS = [0, 1, 2, 3, 5, 7, 64, 1000, 600_000, 2**31 - 1, 2**32 - 1, -1, -2, -3, -(2**31), 0.5, 1e30, np.inf, np.nan]


def net_of(name: str, case: Case) -> NetParameter:
    fewest = registry[name].num_top
    tops = case.tops or (fewest if isinstance(fewest, int) else max(1, fewest[0]))
    shapes = [np.shape(x) if isinstance(x, np.ndarray) else x for x in case.bottoms(2)]
    layer = f'type: "{name}" {case.text}'
    return prototxt.load_net("force_backward: true " + net_text(layer, shapes, 0 if "top:" in layer else tops))


NETS = [net_of(name, case) for name, cases in CASES.items() if name != "Python" for case in cases]


def messages_in(message: Message) -> list[Message]:
    """The message and all inside of it."""
    found = [message]
    for field, value in message.ListFields():
        if field.message_type:
            for child in value if is_repeated(field) else [value]:
                found += messages_in(child)
    return found


def mutate(net: NetParameter, rng: random.Random) -> None:
    """Change, add or drop one thing."""
    layer = rng.choice(net.layer)
    own = registry[layer.type].param_name if layer.type in registry else None
    if own:
        getattr(layer, own).SetInParent()
    message = rng.choice(messages_in(layer))
    fields = [field for field in message.DESCRIPTOR.fields if field.name not in ("place", "blobs")]
    if message is layer:  # other layers' settings do not count
        fields = [field for field in fields if field.name in (own, "loss_param") or not field.name.endswith("_param")]
    field = rng.choice(fields)
    if rng.random() < 0.2:
        message.ClearField(field.name)
    elif field.message_type:
        _ = getattr(message, field.name).add() if is_repeated(field) else getattr(message, field.name).SetInParent()
    else:
        set_value(message, field, rng, net)


def set_value(message: Message, field: FieldDescriptor, rng: random.Random, net: NetParameter) -> None:
    if field.enum_type:
        value = rng.choice(field.enum_type.values).number
    elif field.type == field.TYPE_BOOL:
        value = rng.random() < 0.5
    elif field.type == field.TYPE_STRING:
        value = rng.choice([*CASES, "", "xavier", *(name for layer in net.layer for name in layer.top)])
    else:
        value = rng.choice(NUMBERS)
    with suppress(TypeError, ValueError):  # a number that the field cannot hold
        if not is_repeated(field):
            setattr(message, field.name, value)
        elif (values := getattr(message, field.name)) and rng.random() < 0.7:
            values[rng.randrange(len(values))] = value
        else:
            values.append(value)


def fill(net: cafflite.Net, values: np.random.Generator) -> None:
    """Put in labels, numbers of all sizes, or none."""
    for name in net.inputs:
        x = net.blobs[name].data
        x[...] = values.choice([0, 1, 100, np.nan]) * values.standard_normal(x.shape)
        if values.random() < 0.5:
            x[...] = values.integers(0, 4, x.shape)


def reshape(net: cafflite.Net, rng: random.Random) -> None:
    """Give an input another size along one axis, or an axis more or less."""
    for name in net.inputs:
        shape = list(net.blobs[name].shape)
        if shape and rng.random() < 0.5:
            shape[rng.randrange(len(shape))] = rng.randrange(5)
        if rng.random() < 0.3:
            shape = rng.choice([shape[:-1], [*shape, 1], [*shape, 2]])
        net.blobs[name].reshape(*shape)


@pytest.fixture
def little_memory():
    """Whoever asks for gigabytes gets a MemoryError, and the machine does not go down with them."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**32, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is limited as Linux does it")
@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(param=st.sampled_from(NETS), seed=st.integers(0, 2**32))
def test_random_mistakes(param, seed, monkeypatch, tmp_path, little_memory):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Blob, "max_count", 10**6)
    rng, values = random.Random(seed), np.random.default_rng(seed)
    mutated = NetParameter()
    mutated.CopyFrom(param)
    for _ in range(rng.randint(1, 3)):
        mutate(mutated, rng)
    try:
        net = cafflite.Net(mutated, cafflite.TRAIN)
        for _ in range(2):
            fill(net, values)
            net.forward()
            net.backward()
            reshape(net, rng)
    except CaffliteError as error:
        assert str(error)
        assert "more memory than there is" not in str(error)  # no blob may be large here, so nothing else should be
