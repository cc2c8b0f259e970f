"""The operations on a GPU, through CuPy."""

from functools import cache

from cafflite.backend.base import Array
from cafflite.backend.cupy_channels import CupyChannels
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.cupy_neuron import CupyNeuron
from cafflite.backend.cupy_softmax import CupySoftmax
from cafflite.backend.ops import Ops
from cafflite.errors import DeviceError


@cache
def probe(device: int) -> None:
    """Raise DeviceError, saying what is missing and what brings it, unless one small kernel runs on `device`."""
    try:
        import cupy
    except ImportError as error:
        raise DeviceError(
            f"GPU mode needs CuPy, which cannot be imported here ({error}): pip install 'cafflite[gpu]'"
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        raise DeviceError(
            f"GPU mode needs an NVIDIA GPU with its driver, and CuPy finds none here ({error}): "
            "install the driver, or use set_mode_cpu()"
        ) from error
    if device >= count:
        raise DeviceError(f"there is no GPU {device}: this machine has {count}, counted from 0")
    try:
        with cupy.cuda.Device(device):
            float((cupy.arange(4) + 1).sum())
    except Exception as error:
        raise DeviceError(
            f"GPU {device} is there but a first small kernel does not run ({error}): the CUDA runtime compiler is "
            "missing or does not fit the driver; pip install 'cafflite[gpu]' brings it"
        ) from error


class CupyOps(CupyChannels, CupyNeuron, CupySoftmax, Ops):
    """Overrides what a kernel of our own, or one of cuBLAS, does in fewer launches than array expressions."""

    def __init__(self, device: int, dtype: str) -> None:
        import cupy

        super().__init__(cupy, dtype)
        self.device = device

    def add_matmul(self, a: Array, b: Array, out: Array) -> None:
        from cupy import cublas

        if out.size and a.size:
            cublas.gemm("N", "N", a, b, out=out, beta=1.0)

    def take_rows(self, table: Array, index: Array, out: Array) -> None:
        self.xp.take(table, index, axis=0, out=out)

    def add_to_rows(self, rows: Array, index: Array, table: Array) -> None:
        order = self.xp.argsort(index)  # it is stable: rows of one index stay in their order
        launch("add_to_rows", rows.size, rows, index[order], order, *rows.shape, table)
