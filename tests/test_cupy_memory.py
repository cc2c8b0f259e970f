"""The memory of a GPU that a net is said to take, and what happens where there is less."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

import cafflite.models
from cafflite import cupy_memory
from cafflite.net import Net
from cafflite.proto import prototxt

MODELS = next(iter(cafflite.models.__path__))
NETS = {
    "lenet/train_test": {"data": (16, 1, 28, 28), "label": (16,)},
    "text_gen/train": {"input_sequence": (10, 20), "cont_sequence": (10, 20), "target_sequence": (10, 20)},
    "cosine_rnn/gru": None,
}
MEASURE = """
import json, sys
import cafflite, cupy_on_cpu
from cafflite.net import Net
from cafflite.proto import prototxt
cafflite.set_mode_gpu()
before = cupy_on_cpu.stats()["bytes_in_use"]
net = Net(prototxt.load_net(sys.argv[1]), seed=1, data_shapes=json.loads(sys.argv[2]))
for _ in range(2):
    net.clear_param_diffs()
    net.forward()
    net.backward()
print(cupy_on_cpu.stats()["peak_bytes"] - before)
"""
CONVOLUTION = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 8 dim: 3 dim: 32 dim: 32 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param { num_output: 32 kernel_size: 5 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" }
layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "batch_norm" type: "BatchNorm" bottom: "pool" top: "batch_norm" }
layer { name: "ip" type: "InnerProduct" bottom: "batch_norm" top: "ip" inner_product_param { num_output: 10 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


def planned(name, **options):
    source = CONVOLUTION if name == "convolution" else f"{MODELS}/{name}.prototxt"
    net = Net(prototxt.load_net(source), cupy_memory.PlannedOps(), data_shapes=NETS.get(name))
    return cupy_memory.plan(net, **options)


def test_the_parts_of_a_small_net():
    plan = planned("convolution", history_count=2)
    conv, pool = 8 * 32 * 28 * 28 * 4, 8 * 32 * 14 * 14 * 4
    parameters = 4 * (32 * 3 * 25 + 32 + (32 + 32 + 1) + 10 * 32 * 14 * 14 + 10)
    flat = -(-parameters // 512) * 512
    small = (8 * 3 * 32 * 32 * 4, 512, 2 * 512, 2 * 512)  # x, label, ip, loss
    assert plan.blobs == 2 * (2 * conv + 2 * pool) + sum(small)
    assert (plan.parameters, plan.history) == (2 * flat, 2 * flat)
    columns = 3 * 25 * 8 * 28 * 28 * 4
    assert plan.scratch > columns + 2 * conv  # and the results, before they lie image by image; the scale of LRN
    assert plan.passing == conv
    assert str(plan).endswith(" in passing") and "history" in str(plan)


def test_without_a_solver_there_is_no_history():
    assert "history" not in str(planned("convolution"))


@pytest.mark.gpu
@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("name", [*NETS, "convolution"])
def test_what_is_said_is_what_is_taken(name, pool, tmp_path):
    pytest.importorskip("cupy_on_cpu", reason="a GPU does not count the memory of a process")
    path = tmp_path / "net.prototxt"
    path.write_text(CONVOLUTION if name == "convolution" else open(f"{MODELS}/{name}.prototxt").read())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path, json.dumps(NETS.get(name))],
        env=os.environ | {"CUPY_ON_CPU_POISON": "" if pool else "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sum(planned(name)) == pytest.approx(int(done.stdout), rel=0.12)


LARGE = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 64 dim: 12288 } } }
layer { name: "s" type: "Input" top: "s" input_param { shape { dim: 200 dim: 30 dim: 2 } } }
layer { name: "c" type: "Input" top: "cont" input_param { shape { dim: 200 dim: 30 } } }
"""
NO_MEMORY = {
    "a blob": (
        'layer { name: "wide" type: "Tile" bottom: "x" top: "wide" tile_param { axis: 1 tiles: 40 } }',
        "net.prototxt:5: layer 'wide' (Tile): blob 'wide' of shape (64, 491520) takes 125,829,120 bytes for its data "
        "and as many for its diff, and there is no memory on the GPU 0 for it: Out of memory allocating 125,829,120 ",
    ),
    "a parameter": (
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 2000 } }',
        "net.prototxt:5: layer 'ip' (InnerProduct): its parameter 0 of shape (2000, 12288) takes 98,304,000 bytes for ",
    ),
    "the parameters and their diffs": (
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 500 } }',
        "the net's 6,144,500 parameters and their diffs: it needs more memory than there is: Out of ",
    ),
    "scratch": (
        'layer { name: "lstm" type: "LSTM" bottom: "s" bottom: "cont" top: "h" recurrent_param { num_output: 1000 } }',
        "net.prototxt:5: layer 'lstm' (LSTM): it needs more memory than there is: Out of memory allocating ",
    ),
}


@pytest.mark.gpu
@pytest.mark.parametrize("what", NO_MEMORY)
def test_too_little_memory_is_one_sentence(what, tmp_path):
    pytest.importorskip("cupy_on_cpu", reason="a GPU has the memory that it has")
    layer, expected = NO_MEMORY[what]
    (tmp_path / "net.prototxt").write_text(LARGE + layer)
    code = "import cafflite; cafflite.set_mode_gpu(); cafflite.Net('net.prototxt', cafflite.TRAIN).forward()"
    environment = os.environ | {"CUPY_ON_CPU_MEMORY_MB": "64", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"cafflite.errors.NetError: {expected}") and "(allocated so far: " in last


def test_the_batches_of_a_data_layer_wait_on_the_device(tmp_path):
    Image.new("RGB", (20, 10)).save(tmp_path / "0.png")
    (tmp_path / "list.txt").write_text("0.png 0\n")
    text = (
        'layer { name: "data" type: "ImageData" top: "x" top: "label" data_param { prefetch: 3 } image_data_param { '
        f'source: "{tmp_path}/list.txt" root_folder: "{tmp_path}/" batch_size: 4 }} }}'
    )
    plan = cupy_memory.plan(Net(prototxt.load_net(text), cupy_memory.PlannedOps()))
    images, labels = -(-4 * 3 * 20 * 10 * 4 // 512) * 512, 512
    assert (plan.blobs, plan.scratch) == (images + labels, 3 * (images + labels))
