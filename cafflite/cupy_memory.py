"""How much memory of a GPU a net takes, worked out from its shapes, without a GPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy

from cafflite.backend.base import Array
from cafflite.backend.cupy_convolution import CupyConvolution
from cafflite.backend.ops import Ops
from cafflite.backend.window import Window
from cafflite.blob import Blob
from cafflite.layers._data import DataLayer
from cafflite.layers.base import Layer
from cafflite.net import Net
from cafflite.summary import blobs_with_diff, size_of

UNIT = 512  # bytes: CuPy gives memory in multiples of it


class Plan(NamedTuple):
    """Bytes on a GPU.

    blobs       the data and diffs of all tops
    parameters  and their diffs
    history     what a solver keeps of them
    scratch     what layers keep from one pass to the next, what operations work in, and the batches that wait
    passing     room for one more array as large as the largest blob, for what operations make for a moment
    """

    blobs: int
    parameters: int
    history: int
    scratch: int
    passing: int

    def __str__(self) -> str:
        names = "for blobs", "for parameters and their diffs", "for the solver's history", "of scratch", "in passing"
        parts = ", ".join(f"{size_of(count)} {name}" for name, count in zip(names, self, strict=True) if count)
        return f"{size_of(sum(self))} of GPU memory: {parts}"


class PlannedOps(Ops):
    """Operations to make a net with that is only to be planned: its arrays are not looked into, and take no memory."""

    def __init__(self) -> None:
        super().__init__(numpy, "float32")

    def convolution(self, x_shape: tuple[int, ...], outputs: int, window: Window, group: int) -> CupyConvolution:
        return CupyConvolution(self, x_shape, outputs, window, group)


def plan(net: Net, history_count: int = 0) -> Plan:
    """What the passes of a net made with PlannedOps take, with a solver that keeps so many numbers of each parameter.

    CUDA itself and its libraries take some hundred megabytes beside it.
    """
    with_diff = blobs_with_diff(net)
    tops = {id(blob): blob for step in net.steps for blob in step.top}
    shared = {id(blob) for step in net.steps if step.layer.shares_data for blob in step.top}
    bytes_of = {key: _rounded(blob.count * net.ops.dtype.itemsize) for key, blob in tops.items()}
    blobs = sum(count * ((key not in shared) + (key in with_diff)) for key, count in bytes_of.items())
    flat = _rounded(net.data_buffer.nbytes)
    return Plan(blobs, 2 * flat, history_count * flat, _scratch(net), max(bytes_of.values(), default=0))


def _scratch(net: Net) -> int:
    kept: dict[int, int] = {}
    shared: dict[str, int] = {}
    for step in net.steps:
        if isinstance(step.layer, DataLayer):  # its batches wait on the device
            for batch in step.layer.prefetch.batches:
                kept.update({id(batch) + i: blob.count * net.ops.dtype.itemsize for i, blob in enumerate(step.top)})
        if not step.bottom:
            continue  # what else it holds is on the host
        for found in _members(vars(step.layer).values(), set()):
            if isinstance(found, CupyConvolution):
                for name, count in found.workspace().items():
                    shared[name] = max(shared.get(name, 0), count * net.ops.dtype.itemsize)
            else:
                kept[id(found)] = found.nbytes
    return sum(map(_rounded, [*kept.values(), *shared.values()]))


def _members(values: Iterable[Any], seen: set[int]) -> Iterator[Array | CupyConvolution]:
    """The arrays and the convolutions that a layer holds, however deep; of a part of an array the whole."""
    for value in values:
        if id(value) in seen or isinstance(value, Blob | Ops | Layer):
            continue
        seen.add(id(value))
        if isinstance(value, CupyConvolution):
            yield value
        elif isinstance(value, numpy.ndarray):
            while isinstance(value.base, numpy.ndarray):
                value = value.base
            yield value
        elif isinstance(value, list | tuple):
            yield from _members(value, seen)
        elif type(value).__module__.startswith("cafflite.layers"):
            yield from _members(vars(value).values(), seen)


def _rounded(count: int) -> int:
    return -(-count // UNIT) * UNIT
