"""HDF5 files that grow by a batch of rows at a time, and are whole after each."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from itertools import groupby
from mmap import ACCESS_COPY, mmap
from typing import Any

from cafflite.errors import CaffliteError, DataError, FileError
from cafflite.files import reason
from cafflite.hdf5 import member, writing

# h5py is imported where it is used, because that takes long.

Path = str | os.PathLike[str]
Batch = Mapping[str, Any]  # a numpy.ndarray (N, ...) by the name of its data set

CHUNK = 2**18  # bytes that lie together in the file, in whole rows
PAGE = 2**12


def write(path: Path, batch: Batch, anew: bool) -> None:
    """Write a file of these data sets if `anew`, or else add to the rows that the file at `path` has.

    Each array has the same last axes in every call. Raises DataError where the rows cannot follow those before, and
    FileError where the file cannot be written; then it stays as it was. A process that is killed at any time leaves a
    file that can be read, with all rows before the last batch.
    """
    if anew:
        with writing(path) as file:
            _create(file, batch)  # all sets before any rows: what each batch changes lies together at the beginning
            _add(file, batch)
    else:
        with _ctrl_c_later():  # HDF5 could not go on after it
            _append(path, batch)


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Let a Ctrl-C in the block take effect behind it. (Only the main thread is ever interrupted by one.)"""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        signal.raise_signal(signal.SIGINT)


def _create(file: Any, batch: Batch) -> None:
    for name, rows in batch.items():
        shape = rows.shape[1:]
        chunk = max(1, min(len(rows), CHUNK // max(1, rows[:1].nbytes)))
        chunks = (chunk, *(max(1, n) for n in shape))
        limits = (None, *(n or None for n in shape))  # a chunk holds something, which has to fit
        file.create_dataset(name, (0, *shape), rows.dtype, chunks=chunks, maxshape=limits)


def _add(file: Any, batch: Batch) -> None:
    for name, rows in batch.items():
        data = member(file, name, FileError)
        if data.shape[1:] != rows.shape[1:]:
            raise DataError(f"rows of shape {rows.shape} cannot follow {data.shape} of '{name}'")
        data.resize(len(data) + len(rows), axis=0)
        data[len(data) - len(rows) :] = rows


def _append(path: Path, batch: Batch) -> None:
    import h5py

    try:
        with open(path, "r+b", buffering=0) as disk:
            changes = _Changes(disk)
            with h5py.File(changes, "r+") as file:
                _add(file, batch)
            changes.write_down()
    except CaffliteError as error:
        raise error.at(str(path)) from error
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise FileError(f"cannot be written as HDF5: {why}").at(str(path)) from error


class _Changes:
    """A file for h5py whose changes stay in memory until `write_down`.

    On a full disk the HDF5 library ends the process, and the order in which it writes leaves a damaged file to one that
    is killed in between.
    """

    def __init__(self, disk: FileIO) -> None:
        self.disk = disk
        self.old = mmap(disk.fileno(), 0, access=ACCESS_COPY)
        self.new = bytearray()  # what comes behind it
        self.changed: set[int] = set()  # pages of `old`
        self.place = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.place = offset + (len(self.old) + len(self.new) if whence == os.SEEK_END else 0)
        return self.place

    def tell(self) -> int:
        return self.place

    def read(self, size: int) -> bytes:
        old, new = self.split(size)
        return self.old[old] + self.new[new]

    def write(self, content: bytes) -> int:
        old, new = self.split(len(content))
        border = old.stop - old.start
        self.old[old] = content[:border]
        self.changed.update(range(old.start // PAGE, -(-old.stop // PAGE)))
        self.new.extend(bytes(max(0, new.stop - len(self.new))))
        self.new[new] = content[border:]
        return len(content)

    def split(self, size: int) -> tuple[slice, slice]:
        """Where the next `size` bytes are in `old`, and where in `new`."""
        start, stop, end = self.place, self.place + size, len(self.old)
        return slice(min(start, end), min(stop, end)), slice(max(start - end, 0), max(stop - end, 0))

    def truncate(self, size: int) -> None:
        del self.new[max(0, size - len(self.old)) :]

    def flush(self) -> None:
        """There is nothing to do before the end."""

    def write_down(self) -> None:
        """Write what is new first, as no one finds it yet, then the changed pages, those of the beginning first.

        They tell where the file ends, how many rows there are, and where the upper nodes of the trees of chunks are.
        """
        try:
            self.put(len(self.old), self.new)
        except OSError:
            self.disk.truncate(len(self.old))
            raise
        for _, run in groupby(enumerate(sorted(self.changed)), lambda pair: pair[1] - pair[0]):
            pages = [page for _, page in run]
            self.put(pages[0] * PAGE, self.old[pages[0] * PAGE : (pages[-1] + 1) * PAGE])

    def put(self, place: int, content: bytes | bytearray) -> None:
        self.disk.seek(place)
        rest = memoryview(content)
        while rest:
            rest = rest[self.disk.write(rest) :]
