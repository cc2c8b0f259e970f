"""What `debug_info: true` prints: the mean absolute value of every blob as the net computes it."""

from __future__ import annotations

from typing import Any

from cafflite.blob import Array
from cafflite.log import info

Net = Any  # cafflite.net.Net, which stands above this module


def _mean(array: Array) -> str:
    return f"{float(abs(array).sum()) / max(1, array.size):g}"


def _norm(arrays: list[Array], p: int) -> float:
    return sum(float((abs(array) ** p).sum()) for array in arrays) ** (1 / p)


def forward(net: Net, index: int) -> None:
    """Print the tops and parameters of a layer after its forward pass."""
    step = net.steps[index]
    head = f"    [Forward] Layer {step.layer.name}, "
    for name, blob in zip(step.top_names, step.top, strict=True):
        info(f"{head}top blob {name} data: {_mean(blob.data)}")
    for name, blob in zip(net.param_names(index), step.layer.blobs, strict=True):
        info(f"{head}param blob {name} data: {_mean(blob.data)}")


def backward(net: Net, index: int) -> None:
    """Print the diffs of a layer's bottoms and parameters after its backward pass."""
    step = net.steps[index]
    head = f"    [Backward] Layer {step.layer.name}, "
    for name, blob, wanted in zip(step.bottom_names, step.bottom, step.propagate_down, strict=True):
        if wanted:
            info(f"{head}bottom blob {name} diff: {_mean(blob.diff)}")
    for name, blob, wanted in zip(
        net.param_names(index), step.layer.blobs, step.layer.param_propagate_down, strict=True
    ):
        if wanted:
            info(f"{head}param blob {name} diff: {_mean(blob.diff)}")


def params(net: Net) -> None:
    """Print the norms of all parameters and of their diffs, after a backward pass."""
    data, diff = net.param_arrays(), [net.diff_buffer]
    l1, l2 = (f"({_norm(data, p):g}, {_norm(diff, p):g})" for p in (1, 2))
    norms = f"L1 norm = {l1}; L2 norm = {l2}"
    info(f"    [Backward] All net params (data, diff): {norms}")
