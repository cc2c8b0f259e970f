"""What GPU mode says where a piece of what it needs is missing."""

import importlib
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

import cafflite
from cafflite import backend
from cafflite.backend import cupy_probe
from cafflite.errors import BackendError, DeviceError


def failing(message, kind=RuntimeError):
    def fail(*_, **__):
        raise kind(message)

    return fail


@pytest.fixture
def cupy(monkeypatch):
    """As much of CuPy as is asked for, on a machine with two GPUs and a driver for CUDA 12.4."""
    runtime = SimpleNamespace(getDeviceCount=lambda: 2)
    cuda = SimpleNamespace(
        runtime=runtime,
        Device=lambda number: nullcontext(),
        nvrtc=SimpleNamespace(getVersion=lambda: (12, 4)),
        device=SimpleNamespace(get_cublas_handle=lambda: 1),
    )
    numpy = importlib.import_module("numpy")
    module = SimpleNamespace(cuda=cuda, arange=numpy.arange)
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(cupy_probe, "_driver_cuda", lambda: 12040)
    cupy_probe.probe.cache_clear()
    yield module
    cupy_probe.probe.cache_clear()


def refused(device=0):
    with pytest.raises(DeviceError) as caught:
        cupy_probe.probe(device)
    return str(caught.value)


@pytest.mark.parametrize("device", [0, 1])
def test_nothing_is_missing(cupy, device):
    cupy_probe.probe(device)


@pytest.mark.parametrize(("driver", "extra"), [(0, "gpu"), (12040, "gpu"), (13000, "gpu-cuda13")])
def test_no_cupy_and_the_one_for_the_driver(cupy, monkeypatch, driver, extra):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(cupy_probe, "_driver_cuda", lambda: driver)
    assert re.fullmatch(
        rf"GPU mode needs CuPy, which cannot be imported here \(.*\): pip install 'cafflite\[{extra}\]'", refused()
    )


@pytest.mark.parametrize("device", [-1, 2])
def test_no_such_gpu(cupy, device):
    assert refused(device) == f"there is no GPU {device}: this machine has 2, counted from 0"


TOO_OLD = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"


@pytest.mark.parametrize(
    ("message", "driver", "sentence"),
    [
        (
            "cudaErrorNoDevice: no CUDA-capable device is detected",
            12040,
            "GPU mode needs an NVIDIA GPU, and the driver finds none "
            "(cudaErrorNoDevice: no CUDA-capable device is detected): use set_mode_cpu()",
        ),
        (
            TOO_OLD,
            0,
            f"GPU mode needs NVIDIA's driver, which is missing ({TOO_OLD}): install it, or use set_mode_cpu()",
        ),
        (
            TOO_OLD,
            12040,
            f"NVIDIA's driver is for CUDA 12.4, too old for this CuPy ({TOO_OLD}): update the driver, or uninstall "
            "this CuPy and pip install 'cafflite[gpu]'",
        ),
    ],
)
def test_no_gpu_or_no_driver_for_it(cupy, monkeypatch, message, driver, sentence):
    cupy.cuda.runtime.getDeviceCount = failing(message)
    monkeypatch.setattr(cupy_probe, "_driver_cuda", lambda: driver)
    assert refused() == sentence


def test_no_compiler(cupy):
    cupy.cuda.nvrtc.getVersion = failing("CuPy failed to load libnvrtc.so.12: OSError: no such file")
    assert refused() == (
        "GPU mode needs the CUDA compiler NVRTC, which cannot be loaded (CuPy failed to load libnvrtc.so.12: OSError: "
        "no such file): pip install 'cafflite[gpu]' brings it"
    )


def test_no_cublas(cupy):
    cupy.cuda.device.get_cublas_handle = failing("CuPy failed to load libcublas.so.12", ImportError)
    assert refused(1) == (
        "GPU mode needs cuBLAS, which does not start on GPU 1 (CuPy failed to load libcublas.so.12): "
        "pip install 'cafflite[gpu]' brings it"
    )


@pytest.mark.parametrize(
    ("arange", "reason"),
    [
        (failing("kernel.cu(1): error: no header\n====\n1 error detected"), "1 error detected"),
        (failing(""), "RuntimeError"),
        (lambda count: importlib.import_module("numpy").zeros(count), "the sum of 1 to 4 is not 10"),
    ],
)
def test_no_kernel_runs(cupy, arange, reason):
    cupy.arange = arange
    assert refused() == (
        f"GPU 0, NVRTC and cuBLAS are there, but a first kernel does not run ({reason}): update the driver"
    )


def test_a_gpu_that_is_refused_leaves_the_mode_as_it_was(cupy):
    cupy.cuda.nvrtc.getVersion = failing("none")
    before = backend.current_ops()
    with pytest.raises(BackendError):
        cafflite.set_mode_gpu()
    assert backend.current_ops() is before


CODE = "import cafflite; cafflite.set_device({device}); cafflite.set_mode_gpu(); print('on the GPU')"


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("devices", "device", "expected"),
    [
        (1, 0, "on the GPU"),
        (2, 1, "on the GPU"),
        (2, 2, "there is no GPU 2: this machine has 2, counted from 0"),
        (0, 0, "GPU mode needs an NVIDIA GPU, and the driver finds none ("),
    ],
)
def test_on_the_emulated_device(devices, device, expected):
    pytest.importorskip("cupy_on_cpu", reason="counts devices as it is told, which a GPU does not")
    environment = os.environ | {"CUPY_ON_CPU_DEVICES": str(devices)}
    code = CODE.format(device=device)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert expected in (done.stdout + done.stderr).splitlines()[-1]
