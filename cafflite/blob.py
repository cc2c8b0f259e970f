"""Blob: a shape and two arrays of it, the data and its diff, on the net's device."""

from __future__ import annotations

import math
from typing import Any

from cafflite.backend import current_ops
from cafflite.backend.ops import Ops
from cafflite.errors import NetError, ShapeError

Array = Any  # numpy.ndarray or cupy.ndarray


class Blob:
    """
    data, diff  arrays of `shape`, C-contiguous, made (as zeros) when first looked at
    """

    max_count = 2**31  # a larger blob is refused before it is allocated

    __slots__ = ("ops", "shape", "count", "_data", "_diff", "name")

    def __init__(self, shape: tuple[int, ...] = (), ops: Ops | None = None) -> None:
        self.ops = ops or current_ops()
        self.shape: tuple[int, ...] = ()
        self.count = 1
        self._data: Array | None = None
        self._diff: Array | None = None
        self.name = ""  # as an error calls it where there is no memory for it
        self.reshape(*shape)

    @property
    def data(self) -> Array:
        """The values."""
        if self._data is None:
            self._data = self._zeros()
        return self._data

    @property
    def diff(self) -> Array:
        """The gradient of the loss with respect to the values."""
        if self._diff is None:
            self._diff = self._zeros()
        return self._diff

    def _zeros(self) -> Array:
        try:
            with self.ops.on_device():
                return self.ops.zeros(*self.shape)
        except MemoryError as error:
            raise NetError(
                f"{self.name or 'a blob'} of shape {self.shape} takes {self.count * self.ops.dtype.itemsize:,} bytes "
                f"for its data and as many for its diff, and there is no memory on the {self.ops.name} for it: {error}"
            ) from error

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def reshape(self, *shape: int) -> None:
        """Take another shape. Values stay, in memory order, unless the new shape is larger: then all are zero."""
        shape = _whole(shape)
        if shape == self.shape:
            return
        count = math.prod(shape)
        if any(n < 0 for n in shape):
            raise ShapeError(f"a blob of shape {shape} cannot be: no axis may be negative")
        if count > self.max_count:
            raise ShapeError(
                f"a blob of shape {shape} would have {count:,} elements, more than the {self.max_count:,} allowed "
                "(set Blob.max_count to allow more)"
            )
        self.shape, self.count = shape, count
        self._data = self._refit(self._data)
        self._diff = self._refit(self._diff)

    def _refit(self, array: Array | None) -> Array | None:
        if array is None or array.size < self.count:
            return None
        return array.reshape(-1)[: self.count].reshape(self.shape)

    def count_axes(self, start: int, end: int | None = None) -> int:
        """The number of elements over the axes from `start` to before `end`."""
        return math.prod(self.shape[start:end])

    def axis(self, index: int) -> int:
        """`index` counted from the front; negative ones count from the back. ShapeError when there is no such axis."""
        if not -self.ndim <= index < self.ndim:
            raise ShapeError(f"axis {index} is out of range for a blob of shape {self.shape}")
        return index % self.ndim

    def exchange_data(self, data: Array) -> Array:
        """Take `data`, an array of this shape, as the values. Returns the array that they were in."""
        before, self._data = self.data, data
        return before

    def share_data(self, other: Blob) -> None:
        """Use the values of `other`, which has the same count, as one's own."""
        self._data = other.data.reshape(self.shape)

    def share_diff(self, other: Blob) -> None:
        """Use the diff of `other`, which has the same count, as one's own."""
        self._diff = other.diff.reshape(self.shape)

    def place(self, data: Array, diff: Array) -> None:
        """Move into `data` and `diff`, flat arrays of this count that belong to the net; the values come along."""
        data[:] = self.data.reshape(-1)
        diff[:] = 0 if self._diff is None else self._diff.reshape(-1)
        self._data, self._diff = data.reshape(self.shape), diff.reshape(self.shape)

    def move(self, ops: Ops) -> None:
        """Go on with `ops`, with the same values in memory of one's own."""
        if ops is not self.ops:
            with ops.on_device():
                self._data, self._diff = (
                    None if array is None else ops.xp.asarray(self.ops.to_host(array), ops.dtype)
                    for array in (self._data, self._diff)
                )
            self.ops = ops

    def _legacy_axis(self, index: int) -> int:
        if self.ndim > 4:
            raise ShapeError(
                f"num, channels, height and width exist for up to 4 axes, and this blob has shape {self.shape}"
            )
        return self.shape[index] if index < self.ndim else 1

    @property
    def num(self) -> int:
        """The first extent; 1 where there is none. ShapeError above 4 axes, as for those below."""
        return self._legacy_axis(0)

    @property
    def channels(self) -> int:
        """The second extent, 1 where there is none."""
        return self._legacy_axis(1)

    @property
    def height(self) -> int:
        """The third extent, 1 where there is none."""
        return self._legacy_axis(2)

    @property
    def width(self) -> int:
        """The fourth extent, 1 where there is none."""
        return self._legacy_axis(3)

    def __repr__(self) -> str:
        return f"Blob{self.shape}"


def _whole(shape: tuple[Any, ...]) -> tuple[int, ...]:
    try:
        extents = tuple(int(n) for n in shape)
        if extents == shape:
            return extents
    except (TypeError, ValueError, OverflowError):
        pass  # not even numbers
    raise ShapeError(f"a blob takes the extents of its axes, whole numbers, one by one, found reshape{shape}")
