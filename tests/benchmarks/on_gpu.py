"""The timed work on the first GPU. Each call waits for the kernels that it has launched."""

from collections.abc import Callable
from typing import Any

Work = Callable[[], object]


def cafflite(function: str, given: tuple[Any, ...]) -> Work:
    """The work of ours.py."""
    import cupy
    import ours

    ours.cafflite.set_mode_gpu()
    work = getattr(ours, function)(*given)
    return lambda: (work(), cupy.cuda.get_current_stream().synchronize())


def pytorch(function: str, given: tuple[Any, ...]) -> Work:
    """The work of theirs.py."""
    import theirs
    import torch

    torch.set_default_device("cuda")
    work = getattr(theirs, function)(*given)
    return lambda: (work(), torch.cuda.synchronize())


def name() -> str:
    """The GPU, by the driver's name."""
    import cupy

    return cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()


def pytorch_has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
