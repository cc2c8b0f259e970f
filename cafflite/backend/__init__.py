"""The switch between the CPU (NumPy) and the GPU (CuPy), as Caffe's mode: one for the process."""

import importlib.util
from functools import cache

import numpy

from cafflite import log
from cafflite.backend.ops import Ops

_gpu = False
_device = 0
_cpu_only = False
changes = 0  # how many times the mode or the device was set
_seeds = numpy.random.default_rng()


def set_mode_cpu() -> None:
    """Nets run on the CPU: those made from now on, and others from their next forward pass on."""
    global _gpu, changes
    _gpu = False
    changes += 1


def set_mode_gpu() -> None:
    """Nets run on the GPU: those made from now on, and others from their next forward pass on.

    Raises DeviceError, saying what is missing, where there is none to use.
    """
    global _gpu, changes
    if _cpu_only:
        _tell_once()
        return
    from cafflite.backend.cupy_probe import probe

    probe(_device)
    _gpu = True
    changes += 1


def set_device(device: int) -> None:
    """Choose the GPU by its number. Checked when the mode is, or becomes, GPU."""
    global _device
    if _cpu_only:
        _tell_once()
        return
    _device = device
    if _gpu:
        set_mode_gpu()


def stay_on_cpu() -> None:
    """From now on set_mode_gpu and set_device only warn, once: `cafflite run --cpu`."""
    global _cpu_only
    _cpu_only = True


@cache
def _tell_once() -> None:
    log.warning("set_mode_gpu and set_device are left out: this runs on the CPU, as --cpu asks for")


def set_random_seed(seed: int) -> None:
    """Make all that is random in nets built from now on repeatable: fillers, dropout, shuffling."""
    global _seeds
    _seeds = numpy.random.default_rng(abs(seed))


def next_seed() -> int:
    """The next number of the process's seeds, one for each net."""
    return int(_seeds.integers(2**63))


def current_ops(dtype: str = "float32") -> Ops:
    """The operations of the current mode for blobs of `dtype`, "float32" or (for gradient checks) "float64"."""
    return _ops(_gpu, _device, dtype)


@cache
def _ops(gpu: bool, device: int, dtype: str) -> Ops:
    if gpu:
        from cafflite.backend.cupy_ops import CupyOps

        return CupyOps(device, dtype)
    # The kernels are float32 only; without numba their readable twins do the same work.
    if dtype == "float32" and importlib.util.find_spec("numba"):
        from cafflite.backend.numpy_ops import NumpyOps

        return NumpyOps()
    return Ops(numpy, dtype)
