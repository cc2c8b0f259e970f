"""Blobs of a GPU as NumPy arrays that can be read and written at any time, as Caffe's Python interface promises it.

A look at `data` or `diff` copies it to the host, and from then on the values there are the newer ones: `flush`, which
is called before whatever reads or writes the blobs of nets, copies them back. What nobody looks at is never copied.
"""

from __future__ import annotations

from typing import Any

import numpy

from cafflite.backend import deferred
from cafflite.blob import Array, Blob

# What was looked at since the last `flush`, on the device and on the host. Blobs that share memory share these arrays.
_newer: dict[tuple[int, int], tuple[Array, numpy.ndarray]] = {}


def flush() -> None:
    """Copy to the devices all that was looked at since the last time, and may have been written."""
    if _newer:
        for array, host in _newer.values():
            array.set(host)
        _newer.clear()


class HostBlob:
    """A blob, with its arrays on the host.

    `data` and `diff` stay the same arrays as long as the shape stays. An array that was kept from before a pass is
    brought up to date, and can be written again, by the next look: `net.blobs["x"].data`, as in Caffe.
    """

    def __init__(self, blob: Blob) -> None:
        self.blob = blob
        self._arrays: dict[str, numpy.ndarray] = {}

    @property
    def data(self) -> numpy.ndarray:
        """The values."""
        return self._look("data", self.blob.data)

    @property
    def diff(self) -> numpy.ndarray:
        """The gradient of the loss with respect to the values."""
        return self._look("diff", self.blob.diff)

    def _look(self, name: str, array: Array) -> numpy.ndarray:
        if isinstance(array, numpy.ndarray):
            return array  # its net has moved to the CPU
        place = array.data.ptr, array.size
        if place not in _newer:
            deferred.look()
            host = self._arrays.get(name)
            if host is None or host.shape != array.shape:
                host = self._arrays[name] = numpy.empty(array.shape, array.dtype)
            _newer[place] = array, array.get(out=host)
        host = _newer[place][1]
        return host if host.shape == array.shape else host.reshape(array.shape)

    def reshape(self, *shape: int) -> None:
        """As `Blob.reshape`."""
        flush()
        self.blob.reshape(*shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.blob, name)

    def __repr__(self) -> str:
        return repr(self.blob)


class HostBlobs(list[HostBlob]):
    """The parameters of a layer as blobs on the host."""

    def __init__(self, blobs: Any) -> None:
        super().__init__(map(HostBlob, blobs))
        self._blobs = blobs

    def add_blob(self, *shape: int) -> HostBlob:
        """Append a blob of `shape`, filled with zeros."""
        self.append(HostBlob(self._blobs.add_blob(*shape)))
        return self[-1]


class HostLayer:
    """A layer, with its parameters on the host. All else is the layer's own."""

    def __init__(self, layer: Any) -> None:
        self.__dict__.update(layer=layer, blobs=HostBlobs(layer.blobs))

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What isinstance sees."""
        return type(self.layer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.layer, name, value)


# Blobs and layers as a user gets them: themselves on the CPU.


def blob_on_host(blob: Any) -> Any:
    blob = blob.blob if isinstance(blob, HostBlob) else blob
    return blob if blob.ops.xp is numpy else HostBlob(blob)


def blobs_on_host(blobs: Any) -> Any:
    return blobs if blobs.ops.xp is numpy else HostBlobs(blobs)


def layer_on_host(layer: Any) -> Any:
    return layer if layer.xp is numpy else HostLayer(layer)
