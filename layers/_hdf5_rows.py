"""Rows of the data sets of one HDF5 file, in any order, with little of a large file in memory at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy

from cafflite.errors import CaffliteError, DataError
from cafflite.hdf5 import member, reading

WINDOW = 2**24  # bytes in memory at once: of a file that has no more, all
BLOCK = 2**16  # bytes that are read about as fast as one row


class Rows:
    """
    count   how many rows each data set of the file has
    shapes  the shape of a row of each

    Raises DataError for a file that cannot be read, and for data sets that are missing, empty, of different lengths,
    or of anything but numbers.
    """

    def __init__(self, path: str, names: list[str]) -> None:
        self.path = path
        self.names = names
        with reading(path, DataError) as file:
            sets = self._sets(file)
            self.count = len(sets[0])
            self.shapes = [data.shape[1:] for data in sets]
            self.most = max(1, WINDOW // max(1, sum(map(_row_size, sets))))
        self.arrange(None)

    def arrange(self, order: numpy.ndarray | None) -> None:
        """Take the rows in `order`, a permutation of them, from now on; without one, as they are in the file."""
        self.order = order
        self.window = slice(0, 0)
        self.values: list[numpy.ndarray] = []

    def take(self, start: int, most: int) -> list[numpy.ndarray]:
        """For each data set the rows from number `start` on: at least one, at most `most`."""
        if not self.window.start <= start < self.window.stop:
            first = start if self.count > self.most else 0
            self.window = slice(first, min(first + self.most, self.count))
            with reading(self.path, DataError) as file:
                self.values = [self._read(data) for data in self._sets(file)]
        place = start - self.window.start
        return [rows[place : place + most] for rows in self.values]

    def _read(self, data: Any) -> numpy.ndarray:
        """The rows of the window."""
        count = self.window.stop - self.window.start
        rows = numpy.empty((count, *data.shape[1:]), data.dtype.newbyteorder("="))
        if self.order is None:
            data.read_direct(rows, self.window)
        elif count == self.count:
            data.read_direct(rows)
            rows = rows[self.order]
        else:
            self._gather(data, self.order[self.window].astype(numpy.int64), rows)
        return rows

    def _gather(self, data: Any, wanted: numpy.ndarray, out: numpy.ndarray) -> None:
        """Read the rows `wanted`, block by block as they lie in the file."""
        chunk = min(data.chunks[0], self.most) if data.chunks else 1
        block = max(chunk, BLOCK // max(1, _row_size(data)))
        places = numpy.argsort(wanted)
        wanted = wanted[places]
        for start in numpy.unique(wanted // block) * block:
            here = slice(*numpy.searchsorted(wanted, (start, start + block)))
            out[places[here]] = data[start : start + block][wanted[here] - start]

    def _sets(self, file: Any) -> list[Any]:
        """The data sets, looked up in the open file and checked."""
        try:
            sets = [self._set(file, name) for name in self.names]
            for name, data in zip(self.names, sets, strict=True):
                if len(data) != len(sets[0]):
                    raise DataError(
                        f"data set '{name}' has {len(data)} rows and '{self.names[0]}' has {len(sets[0])}, "
                        "expected as many"
                    )
        except CaffliteError as error:
            raise error.at(self.path) from error
        return sets

    def _set(self, file: Any, name: str) -> Any:
        import h5py

        data = file
        for part in name.split("/"):
            data = member(data, part, DataError) if isinstance(data, h5py.Group) else None
        if not isinstance(data, h5py.Dataset):
            raise DataError(f"'{name}' is not a data set")
        if data.dtype.kind not in "iuf":
            raise DataError(f"data set '{name}' holds {data.dtype}, expected numbers")
        if data.ndim == 0 or len(data) == 0:
            raise DataError(f"data set '{name}' of shape {data.shape} has no rows")
        return data


def _row_size(data: Any) -> int:
    """Bytes of a row."""
    return data.dtype.itemsize * math.prod(data.shape[1:])
