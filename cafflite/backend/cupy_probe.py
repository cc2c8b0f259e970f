"""What GPU mode needs, asked for piece by piece, so that an error names the one that is missing and what brings it."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from cafflite.errors import DeviceError


@cache
def probe(device: int) -> None:
    """Raise DeviceError unless CuPy, the driver, the GPU of that number, NVRTC, cuBLAS and a first kernel work."""
    cupy = _import()
    count = _count(cupy)
    if not 0 <= device < count:
        raise DeviceError(f"there is no GPU {device}: this machine has {count}, counted from 0")
    install = f"pip install '{_extra()}' brings it"
    with cupy.cuda.Device(device):
        with _needed("GPU mode needs the CUDA compiler NVRTC, which cannot be loaded", install):
            cupy.cuda.nvrtc.getVersion()
        with _needed(f"GPU mode needs cuBLAS, which does not start on GPU {device}", install):
            cupy.cuda.device.get_cublas_handle()
        with _needed(f"GPU {device}, NVRTC and cuBLAS are there, but a first kernel does not run", "update the driver"):
            if float((cupy.arange(4) + 1).sum()) != 10:
                raise ArithmeticError("the sum of 1 to 4 is not 10")


def _import() -> Any:
    try:
        import cupy
    except Exception as error:  # an incomplete installation raises more than ImportError
        raise DeviceError(
            f"GPU mode needs CuPy, which cannot be imported here ({_line(error)}): pip install '{_extra()}'"
        ) from error
    return cupy


def _count(cupy: Any) -> int:
    """How many GPUs there are, one or more."""
    try:
        return cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        reason, version = _line(error), _driver_cuda()
        if "NoDevice" in reason:
            sentence = f"GPU mode needs an NVIDIA GPU, and the driver finds none ({reason}): use set_mode_cpu()"
        elif not version:
            sentence = f"GPU mode needs NVIDIA's driver, which is missing ({reason}): install it, or use set_mode_cpu()"
        else:
            sentence = (
                f"NVIDIA's driver is for CUDA {version // 1000}.{version % 1000 // 10}, too old for this CuPy "
                f"({reason}): update the driver, or uninstall this CuPy and pip install '{_extra()}'"
            )
        raise DeviceError(sentence) from error


@contextmanager
def _needed(what: str, remedy: str) -> Iterator[None]:
    """An error in the block becomes one sentence."""
    try:
        yield
    except Exception as error:
        raise DeviceError(f"{what} ({_line(error)}): {remedy}") from error


def _line(error: Exception) -> str:
    """The last line of an error that may have many, and frames of them."""
    lines = [line.strip(" =") for line in str(error).splitlines()]
    return next(filter(None, reversed(lines)), type(error).__name__)


def _extra() -> str:
    """The extra of this package with the CuPy for the driver that is here."""
    return "cafflite[gpu-cuda13]" if _driver_cuda() >= 13000 else "cafflite[gpu]"


def _driver_cuda() -> int:
    """The newest CUDA that the driver knows, 12040 for 12.4; 0 without a driver."""
    version = ctypes.c_int(0)
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1").cuDriverGetVersion(
            ctypes.byref(version)
        )
    except (OSError, AttributeError):
        return 0
    return version.value
