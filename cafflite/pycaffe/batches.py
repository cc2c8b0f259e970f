"""Any number of samples through a net, in batches of its size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

import numpy

from cafflite.blob import Array
from cafflite.errors import NetError, ShapeError

Net = Any  # cafflite.pycaffe.Net, which uses this module
Arrays = dict[str, numpy.ndarray]


def split(net: Net, arrays: Mapping[str, Array]) -> Iterator[Arrays]:
    """Batches of the size of the net's first blob, of all arrays alike; the last one is filled up with zeros."""
    host = {name: numpy.asarray(array) for name, array in arrays.items()}
    size, count = _batch_size(net), _count(host)
    for start in range(0, count, size):
        batch = {name: array[start : start + size] for name, array in host.items()}
        missing = start + size - count
        if missing > 0:
            batch = {
                name: numpy.concatenate([part, numpy.zeros((missing, *part.shape[1:]), part.dtype)])
                for name, part in batch.items()
            }
        yield batch


def forward_all(net: Net, blobs: Iterable[str], inputs: Mapping[str, Array]) -> Arrays:
    """The work of `Net.forward_all`."""
    if not inputs:
        raise NetError(f"forward_all needs an array of samples for each of the net's inputs, {net.inputs}")
    data = _Collection(net, [*net.outputs, *blobs])
    for batch in split(net, inputs):
        data.add(net.forward(blobs=blobs, **batch))
    return data.joined(_count(inputs))


def forward_backward_all(
    net: Net, blobs: Iterable[str], diffs: Iterable[str], arrays: Mapping[str, Array]
) -> tuple[Arrays, Arrays]:
    """The work of `Net.forward_backward_all`."""
    unknown = set(arrays) - {*net.inputs, *net.outputs}
    if unknown or not arrays:
        raise NetError(
            f"arrays are given for {sorted(arrays)}, expected some for the net's inputs {net.inputs} or for the diffs "
            f"of its outputs {net.outputs}"
        )
    count = _count(arrays)
    inputs = {name: array for name, array in arrays.items() if name in net.inputs}
    tops = {name: array for name, array in arrays.items() if name in net.outputs}
    found, found_diffs = _Collection(net, [*net.outputs, *blobs]), _Collection(net, [*net.inputs, *diffs])
    forward = split(net, inputs) if inputs else iter(())
    backward = split(net, tops) if tops else iter(())
    nothing: Arrays = {}
    for batch, batch_diffs in zip_longest(forward, backward, fillvalue=nothing):
        found.add(net.forward(blobs=blobs, **batch))
        found_diffs.add(net.backward(diffs=diffs, **batch_diffs))
    return found.joined(count), found_diffs.joined(count)


class _Collection:
    """Arrays by the names of blobs, batch after batch."""

    def __init__(self, net: Net, names: Iterable[str]) -> None:
        self.net = net
        self.parts: dict[str, list[numpy.ndarray]] = {name: [] for name in names}
        for name in self.parts:
            if not net.blobs[name].shape:
                raise ShapeError(f"blob '{name}' is one value for a whole batch, so it cannot be had for each sample")

    def add(self, batch: Mapping[str, Array]) -> None:
        for name, array in batch.items():
            self.parts[name].append(self.net.ops.to_host(array).copy())

    def joined(self, count: int) -> Arrays:
        """All rows; of the blobs that have a row for a sample, those of the `count` samples."""
        size = _batch_size(self.net)
        joined = {}
        for name, parts in self.parts.items():
            blob = self.net.blobs[name]
            rows = numpy.concatenate([numpy.empty((0, *blob.shape[1:]), self.net.ops.dtype), *parts])
            joined[name] = rows[:count] if blob.shape[0] == size else rows
        return joined


def _batch_size(net: Net) -> int:
    name, blob = next(iter(net.blobs.items()))
    if not blob.shape or blob.shape[0] == 0:
        raise ShapeError(f"blob '{name}', the net's first, has shape {blob.shape}, expected a batch in its first axis")
    return blob.shape[0]


def _count(arrays: Mapping[str, Array]) -> int:
    shapes = {name: numpy.shape(array) for name, array in arrays.items()}
    counts = {shape[:1] for shape in shapes.values()}
    if len(counts) != 1 or counts == {()}:
        raise ShapeError(f"the arrays have shapes {shapes}, expected the same number of samples in each")
    return counts.pop()[0]
