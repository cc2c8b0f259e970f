"""Batches that go to a GPU ahead of their time are those that the CPU gets."""

import threading

import h5py
import numpy as np
import pytest
from PIL import Image

import cafflite
from cafflite.backend import cupy_upload
from cafflite.backend.ops import Ops
from cafflite.net import Net
from cafflite.proto import prototxt
from tests.device_twins import device_ops

pytestmark = pytest.mark.gpu


@pytest.fixture
def images(tmp_path):
    """Seven images, each of a size of its own."""
    for i in range(7):
        values = np.random.default_rng(i).integers(0, 256, (5 + i, 9 - i, 3)).astype(np.uint8)
        Image.fromarray(values).save(tmp_path / f"{i}.png")
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(7)))
    return tmp_path


def net_of(folder, ops, batch_size=3, transform="crop_size: 3 mirror: true", ahead=2):
    text = (
        f'layer {{ name: "data" type: "ImageData" top: "x" top: "label" transform_param {{ {transform} }} '
        f'image_data_param {{ source: "{folder}/list.txt" root_folder: "{folder}/" '
        f"batch_size: {batch_size} shuffle: true }} data_param {{ prefetch: {ahead} }} }}"
    )
    return Net(prototxt.load_net(text), ops, seed=5)


def batch_of(net):
    net.forward()
    return [net.ops.to_host(blob.data).copy() for blob in net.blobs.values()]


def assert_equal(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ahead": 1},
        {"ahead": 5},
        {"batch_size": 1, "transform": "mean_value: 7"},  # another shape each time
    ],
)
def test_the_batches_are_those_of_the_cpu(images, options):
    on_cpu, on_gpu = (net_of(images, ops, **options) for ops in (Ops(np, "float32"), device_ops()))
    for _ in range(12):
        assert_equal(batch_of(on_gpu), batch_of(on_cpu))


def test_a_batch_stays_while_later_ones_arrive(images):
    net = net_of(images, device_ops(), ahead=3)
    for _ in range(6):
        expected = batch_of(net)
        for _ in range(50):  # the threads go on
            if len(net.steps[0].layer.prefetch.work.made) == 3:
                break
            threading.Event().wait(0.02)
        assert_equal([net.ops.to_host(blob.data) for blob in net.blobs.values()], expected)


def test_a_resume_goes_on_with_the_same_images(images):
    net = net_of(images, device_ops())
    for _ in range(4):
        batch_of(net)
    state, expected = net.state(), [batch_of(net) for _ in range(5)]
    again = net_of(images, device_ops())
    batch_of(again)
    again.restore(state)
    for batch in expected:
        assert_equal(batch_of(again), batch)


def test_the_threads_that_read_send_on_a_stream_of_their_own(images, monkeypatch):
    senders, send = set(), cupy_upload.Upload.send
    monkeypatch.setattr(cupy_upload.Upload, "send", lambda self: (senders.add(threading.get_ident()), send(self)))
    net = net_of(images, device_ops())
    for _ in range(4):
        batch_of(net)
    assert senders and threading.get_ident() not in senders
    assert cupy_upload._copies(0).ptr != net.ops.xp.cuda.get_current_stream().ptr


def test_a_net_that_moves_goes_on_with_the_next_batch(images):
    device_ops()
    expected = net_of(images, Ops(np, "float32"))
    net = net_of(images, None)
    for mode in (cafflite.set_mode_cpu, cafflite.set_mode_gpu, cafflite.set_mode_cpu, cafflite.set_mode_gpu):
        mode()
        for _ in range(3):
            assert_equal(batch_of(net), batch_of(expected))


def rows_net(folder, ops):
    """A net with rows of a file, which two layers read, and with arrays of the program's own."""
    with h5py.File(folder / "rows.h5", "w") as file:
        file["rows"] = np.arange(35, dtype=np.float32).reshape(7, 5)
    (folder / "rows.txt").write_text("rows.h5")
    text = (
        f'layer {{ name: "file" type: "HDF5Data" top: "rows" hdf5_data_param {{ source: "{folder}/rows.txt" '
        "batch_size: 3 shuffle: true } }"
        'layer { name: "double" type: "Power" bottom: "rows" top: "double" power_param { scale: 2 } }'
        'layer { name: "same" type: "Power" bottom: "rows" top: "same" }'
        'layer { name: "memory" type: "MemoryData" top: "x" top: "label" '
        "memory_data_param { batch_size: 2 channels: 1 height: 2 width: 3 } }"
    )
    net = Net(prototxt.load_net(text), ops, seed=5)
    net.steps[-1].layer.reset(np.arange(24, dtype=np.float32).reshape(4, 1, 2, 3), np.arange(4))
    return net


def test_layers_without_threads_send_what_the_cpu_gets(images):
    on_cpu, on_gpu = (rows_net(images, ops) for ops in (Ops(np, "float32"), device_ops()))
    assert [step.layer.type for step in on_gpu.steps].count("Split") == 1
    for _ in range(6):
        assert_equal(batch_of(on_gpu), batch_of(on_cpu))


def test_layers_without_threads_go_on_where_their_net_moves(images):
    expected, net = rows_net(images, Ops(np, "float32")), rows_net(images, device_ops())
    for ops in (Ops(np, "float32"), device_ops(), Ops(np, "float32")):
        for _ in range(2):
            assert_equal(batch_of(net), batch_of(expected))
        net.move(ops)
