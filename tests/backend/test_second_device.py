"""Nets on the second of two GPUs: all that they make and launch is there, whichever device is current in a thread."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import cafflite
from cafflite import backend
from cafflite.errors import NetError

pytestmark = pytest.mark.gpu

NET = """
layer { name: "data" type: "DummyData" top: "x" top: "label" dummy_data_param {
  shape { dim: 4 dim: 3 dim: 8 dim: 8 } shape { dim: 4 } data_filler { type: "gaussian" } data_filler { value: 2 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param {
  num_output: 5 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "norm" }
layer { name: "drop" type: "Dropout" bottom: "norm" top: "norm" }
layer { name: "ip" type: "InnerProduct" bottom: "norm" top: "ip" inner_product_param {
  num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = f"""net_param {{ {NET} }} test_iter: 1 test_interval: 2
base_lr: 0.1 lr_policy: "fixed" type: "Adam" momentum: 0.9
clip_gradients: 0.5 max_iter: 4 display: 2 snapshot: 3 average_loss: 2 random_seed: 1"""


def on_two_devices(test):
    """Run this test in a process that has two devices, where this one has fewer."""

    def run(tmp_path):
        cupy = pytest.importorskip("cupy")
        if cupy.cuda.runtime.getDeviceCount() > 1:
            test(tmp_path)
            return
        pytest.importorskip("cupy_on_cpu", reason="needs two GPUs")
        command = [sys.executable, "-m", "pytest", "-q", f"{__file__}::{test.__name__}", "--basetemp", tmp_path / "t"]
        environment = os.environ | {"CUPY_ON_CPU_DEVICES": "2"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout

    run.__name__ = test.__name__
    return run


def devices_of(net):
    scratch = [value for step in net.steps for value in vars(step.layer).values() if hasattr(value, "data")]
    blobs = [array for step in net.steps for blob in (*step.top, *step.layer.blobs) for array in (blob.data, blob.diff)]
    arrays = (*blobs, *scratch, net.data_buffer, net.diff_buffer)
    return {array.device.id for array in arrays if isinstance(array, net.ops.xp.ndarray)}


@on_two_devices
def test_training_on_the_second_device(tmp_path):
    import cupy

    os.chdir(tmp_path)
    cafflite.set_device(1)
    cafflite.set_mode_gpu()
    solver = cafflite.get_solver(SOLVER + f' snapshot_prefix: "{tmp_path}/it"')
    with cupy.cuda.Device(0):
        used = cupy.get_default_memory_pool().used_bytes()
        solver.solve()
        assert cupy.get_default_memory_pool().used_bytes() == used
    assert devices_of(solver.net) | devices_of(solver.test_nets[0]) == {1}
    assert {array.device.id for array in solver.history} == {1}
    assert cupy.cuda.runtime.getDevice() == 0
    expected = solver.net.params["ip"][0].data.copy()

    again = cafflite.get_solver(SOLVER + f' snapshot_prefix: "{tmp_path}/again"')
    thread = threading.Thread(target=again.solve, args=(str(tmp_path / "it_iter_3.solverstate"),))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(again.net.params["ip"][0].data, expected)


@on_two_devices
def test_a_net_stays_on_its_device_or_moves_to_the_one_that_is_chosen(tmp_path):
    cafflite.set_device(0)
    cafflite.set_mode_gpu()
    first = cafflite.Net(NET, cafflite.TRAIN, seed=1)
    fixed = cafflite.Net(NET, cafflite.TRAIN, seed=1, ops=backend.current_ops())
    expected = fixed.forward()["loss"].copy()
    cafflite.set_device(1)
    assert devices_of(first) == devices_of(fixed) == {0}
    fixed.backward()
    fixed.forward()
    loss = first.forward()["loss"]
    first.backward()
    assert (devices_of(first), devices_of(fixed)) == ({1}, {0})
    assert loss.shape == expected.shape
    with pytest.raises(NetError, match="on the GPU 0, expected float32 on the GPU 1"):
        first.share_with(fixed)
    cafflite.set_device(0)
