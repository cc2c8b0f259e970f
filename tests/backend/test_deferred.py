"""What layers refuse of their data on a GPU is told later, in the same sentence."""

import contextlib
import importlib

import numpy as np
import pytest

from cafflite.backend import deferred
from cafflite.backend.ops import Ops
from cafflite.errors import DataError
from cafflite.net import Net
from cafflite.proto import prototxt
from tests.device_twins import device_ops

pytestmark = pytest.mark.gpu

INPUT = 'layer {{ name: "{0}" type: "Input" top: "{0}" input_param {{ shape {{ {1} }} }} }}\n'


def text(layer, **shapes):
    inputs = (INPUT.format(name, " ".join(f"dim: {n}" for n in shape)) for name, shape in shapes.items())
    bottoms = " ".join(f'bottom: "{name}"' for name in shapes)
    return "".join(inputs) + f'layer {{ name: "it" {layer} {bottoms} top: "y" }}'


SOFTMAX = 'type: "SoftmaxWithLoss"'
NETS = {
    "Embed": (text('type: "Embed" embed_param { input_dim: 5 num_output: 3 }', x=(4,)), "x", [0, 7, 4, -1]),
    "SoftmaxWithLoss": (text(SOFTMAX, x=(4, 5), label=(4,)), "label", [0, 4, 5, 1]),
    "far beyond": (text(SOFTMAX, x=(4, 5), label=(4,)), "label", [0, 4, 1e9, 1]),
    "Accuracy": (text('type: "Accuracy"', x=(4, 5), label=(4,)), "label", [0, -1, 5, 1]),
    "BatchReindex": (text('type: "BatchReindex"', x=(4, 5), index=(3,)), "index", [0, 4, 1]),
    "GRU": (text('type: "GRU" recurrent_param { num_output: 3 }', x=(4, 2, 5), cont=(4, 2)), "cont", 0.5),
    "Lstm": (
        text('type: "Lstm" lstm_param { num_output: 3 batch_size: 2 }', x=(4, 5), clip=(4,)), "clip", [0, 1, 2, 1]
    ),
    "lengths": (
        text('type: "RNN" recurrent_param { num_output: 3 lengths: true }', x=(4, 2, 5), cont=(4, 2), n=(2,)),
        "n",
        [4, 5],
    ),
}  # fmt: skip


def made(name, ops):
    return Net(prototxt.load_net(NETS[name][0]), ops, seed=1)


def fill(net, name, values):
    blob = net.blobs[name]
    blob.data[...] = net.ops.xp.asarray(np.broadcast_to(np.asarray(values, np.float32), blob.shape))


@pytest.fixture
def no_transfers():
    """Counted on the emulated device; a GPU does not count."""
    try:
        return importlib.import_module("cupy_on_cpu").no_transfers
    except ImportError:
        return contextlib.nullcontext


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    with contextlib.suppress(DataError):
        deferred.look()


@pytest.mark.parametrize("name", NETS)
def test_the_sentence_is_that_of_the_cpu(name, no_transfers):
    _, blob, bad = NETS[name]
    on_cpu, on_gpu = made(name, Ops(np, "float32")), made(name, device_ops())
    fill(on_cpu, blob, bad)
    with pytest.raises(DataError) as expected:
        on_cpu.forward()
    on_gpu.forward()  # all compiled
    deferred.look()
    fill(on_gpu, blob, bad)
    with no_transfers():
        on_gpu.forward()
        on_gpu.backward()
    fill(on_gpu, blob, 0)
    with no_transfers():
        on_gpu.forward()  # what was wrong is found behind a batch that is not
    with pytest.raises(DataError) as found:
        deferred.look()
    assert str(found.value) == str(expected.value)
    assert "layer 'it'" in str(found.value)
    deferred.look()  # it is told once
    on_gpu.forward()
    deferred.look()


def test_the_first_of_several_is_told():
    net = made("Embed", device_ops())
    for bad in (7, 8, 9):
        fill(net, "x", bad)
        net.forward()
    with pytest.raises(DataError, match="7 in row 0 is out of range"):
        deferred.look()


def test_a_new_shape_looks_at_what_was_found_before():
    net = made("Embed", device_ops())
    fill(net, "x", 7)
    net.forward()
    net.blobs["x"].reshape(2)
    fill(net, "x", 0)
    with pytest.raises(DataError, match="7 in row 0 is out of range"):
        net.forward()


def test_two_nets_and_one_copy():
    counted = pytest.importorskip("cupy_on_cpu", reason="a GPU does not count copies").counted
    nets = [made("Embed", device_ops()), made("SoftmaxWithLoss", device_ops())]
    for net in nets:
        net.forward()
    with counted() as counts:
        deferred.look()
    assert counts["device_to_host_copies"] == 1
    with counted() as counts:
        deferred.look()
    assert counts["device_to_host_copies"] == 0


def test_a_layer_by_itself_is_asked_at_once():
    ops = device_ops()
    with pytest.raises(DataError):
        ops.require(ops.xp.zeros(3, bool), lambda *_: (_ for _ in ()).throw(DataError("it")))
