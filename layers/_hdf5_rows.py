"""Rows of the data sets of one HDF5 file, in any order, with little of a large file in memory at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy

from cafflite.errors import CaffliteError, DataError
from cafflite.hdf5 import member, reading

WINDOW = 2**25  # bytes in memory at once: of a file that has no more, all
ROWS = 2**20  # so many at most
BLOCK = 2**16  # bytes that are read about as fast as one row
LEAST_BLOCKS = 64  # in memory at once of a shuffled file
MOST_BLOCKS = 2**22  # that can be shuffled: at least a quarter of a terabyte


class Rows:
    """
    count   how many rows each data set of the file has
    shapes  the shape of a row of each
    size    bytes of all data sets
    is_all  whether all of them are in memory at once

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
            self.size = sum(data.nbytes for data in sets)
            largest = max(sets, key=_row_size)
        most = max(1, min(ROWS, WINDOW * self.count // max(1, self.size)))
        self.is_all = self.count <= most
        self.block = max(1, min(_block(largest), most // LEAST_BLOCKS))
        self.most = most - most % self.block
        self.seed: list[int] | None = None
        self.window = slice(0, 0)
        self.values: list[numpy.ndarray] = []

    def arrange(self, seed: list[int] | None) -> None:
        """Take the rows shuffled by `seed` from now on; without one, as they are in the file.

        Of a file that is not in memory at once, blocks of rows are shuffled, and the rows within each window of them.
        """
        self.seed = seed
        if not self.is_all:
            self._forget()
        if seed is None:
            return
        blocks = 0 if self.is_all else self.count // self.block
        if blocks > MOST_BLOCKS:
            raise DataError(f"{self.count:,} rows are more than can be shuffled: cut the file into parts").at(self.path)
        shuffled = numpy.random.default_rng(seed).permutation(self.count if self.is_all else blocks)
        self.order = shuffled if self.is_all else numpy.append(shuffled, blocks)  # the rest of the rows stays the last

    def take(self, start: int, most: int) -> list[numpy.ndarray]:
        """For each data set the rows from number `start` on: at least one, at most `most`."""
        if not self.window.start <= start < self.window.stop:
            self._forget()
            first = 0 if self.is_all else start - start % self.most
            window = slice(first, self.count if self.is_all else min(first + self.most, self.count))
            with reading(self.path, DataError) as file:
                self.values = [self._read(data, window) for data in self._sets(file)]
            self.window = window
        here: Any = slice(start - self.window.start, min(start + most, self.window.stop) - self.window.start)
        if self.is_all and self.seed is not None:
            here = self.order[here]
        return [rows[here] for rows in self.values]

    def _forget(self) -> None:
        self.window = slice(0, 0)
        self.values = []

    def _read(self, data: Any, window: slice) -> numpy.ndarray:
        """The rows of a window: of a whole file as they are there, and else in their order."""
        rows = numpy.empty((window.stop - window.start, *data.shape[1:]), data.dtype.newbyteorder("="))
        if self.is_all or self.seed is None:
            data.read_direct(rows, window)
        else:
            self._gather(data, self._shuffled(window), rows)
        return rows

    def _shuffled(self, window: slice) -> numpy.ndarray:
        """The numbers of the rows in a window of blocks."""
        blocks = self.order[window.start // self.block : -(-window.stop // self.block)]
        rows = (blocks[:, numpy.newaxis] * self.block + numpy.arange(self.block)).ravel()
        rows = rows[rows < self.count]
        numpy.random.default_rng([*(self.seed or []), window.start]).shuffle(rows)
        return rows

    def _gather(self, data: Any, wanted: numpy.ndarray, out: numpy.ndarray) -> None:
        """Read the rows `wanted`, block by block as they lie in the file."""
        block = min(_block(data), self.most)
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


def _block(data: Any) -> int:
    """How many rows are best read together."""
    return max(data.chunks[0] if data.chunks else 1, BLOCK // max(1, _row_size(data)))


def _row_size(data: Any) -> int:
    """Bytes of a row."""
    return data.dtype.itemsize * math.prod(data.shape[1:])
