"""Caffe's databases, LMDB and LevelDB: reading their records in the order of the keys, and making new ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cafflite import leveldb_reader
from cafflite.errors import CaffliteError, DataError, FileError, UsageError
from cafflite.files import new_folder
from cafflite.leveldb_reader import LevelDBReader
from cafflite.lmdb_reader import LmdbReader
from cafflite.proto.caffe_pb2 import DataParameter

LEVELDB, LMDB = DataParameter.LEVELDB, DataParameter.LMDB
RECORDS_AT_ONCE = 1000  # in a transaction
FIRST_SIZE = 2**30  # bytes of address space for a new LMDB, doubled as needed
_LONGEST_KEY = 511  # bytes, of an LMDB

Reader = LmdbReader | LevelDBReader
Put = Callable[[str, bytes], None]

_MARKS = {LMDB: "data.mdb", LEVELDB: "CURRENT"}  # a file that a database of this kind always has
_NAMES = {LMDB: "an LMDB", LEVELDB: "a LevelDB"}


def open_database(source: str | os.PathLike[str], backend: int) -> Reader:
    """The database in the folder `source`, for reading; `backend` is LMDB or LEVELDB of DataParameter.

    It has `records(start)`, an iterator over (key, value), `count`, the number of records where that is stored or None,
    and `close()`. Raises DataError when there is none, or one of the other kind, or one that is damaged or empty.
    """
    folder = Path(source)
    found = [kind for kind, mark in _MARKS.items() if (folder / mark).exists()]
    if backend in found:
        return LmdbReader(source) if backend == LMDB else LevelDBReader(source)
    expected = _NAMES[backend]
    if found:
        name = DataParameter.DB.Name(found[0])
        raise DataError(
            f"this is {_NAMES[found[0]]}, expected {expected}; set `backend: {name}` in a prototxt, "
            f"--backend={name.lower()} on a command line"
        ).at(str(source))
    if not folder.is_dir():
        why = "it is a file" if folder.exists() else "there is nothing of this name"
        raise DataError(f"{why}, expected the folder of {expected}").at(str(source))
    raise DataError(f"the folder holds no database, expected {expected}").at(str(source))


def backend_named(name: str) -> int:
    """The value of DataParameter for "lmdb" or "leveldb". Raises UsageError for any other name."""
    if name.upper() not in DataParameter.DB.keys():
        raise UsageError(f"the backend is '{name}', expected lmdb or leveldb")
    return DataParameter.DB.Value(name.upper())


class Cursor:
    """A place in a database that moves on by one record at a time, and after the last one to the first again.

    `position` is the number of the record that comes next, counted from 0.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.rewind()

    def next(self) -> tuple[str, bytes]:
        """(key, value) of the next record."""
        record = next(self._records, None)
        if record is None:
            self.rewind()
            record = next(self._records)
        self.position += 1
        return record

    def rewind(self) -> None:
        """Go to the first record."""
        self.seek(0)

    def seek(self, position: int) -> None:
        """Go to the record of this number; beyond the last one is the first."""
        self.position = position
        self._records = self._reader.records(position)


@contextmanager
def new_database(path: str | os.PathLike[str], backend: int) -> Iterator[Put]:
    """Yield `put(key, value)`, which adds a record to a new database; it becomes `path` when the block ends.

    After an error in the block nothing of it stays. Raises FileError when there is something called `path` or it cannot
    be written, DataError when a key is too long or a package is not installed.
    """
    write = _lmdb_writer if backend == LMDB else _leveldb_writer
    with new_folder(path) as folder, write(folder, str(path)) as write_batch:
        batch: list[tuple[bytes, bytes]] = []

        def put(key: str, value: bytes) -> None:
            batch.append((key.encode("utf-8", "surrogateescape"), value))
            if len(batch) == RECORDS_AT_ONCE:
                write_batch(batch)
                batch.clear()

        yield put
        write_batch(batch)


WriteBatch = Callable[[list[tuple[bytes, bytes]]], None]


@contextmanager
def _lmdb_writer(folder: Path, path: str) -> Iterator[WriteBatch]:
    try:
        import lmdb
    except ImportError:
        raise DataError("writing an LMDB needs the package lmdb; pip install 'cafflite[lmdb]' brings it") from None

    def write_batch(batch: list[tuple[bytes, bytes]]) -> None:
        for key, _ in batch:
            if len(key) > _LONGEST_KEY:
                start = key[:40].decode(errors="replace")
                raise DataError(f"the key '{start}...' has {len(key)} bytes, an LMDB takes up to {_LONGEST_KEY}")
        try:
            with environment.begin(write=True) as transaction:
                for key, value in batch:
                    transaction.put(key, value)
        except lmdb.MapFullError:
            environment.set_mapsize(2 * environment.info()["map_size"])
            write_batch(batch)

    with _writing(path, lmdb.Error):
        # No lock, as nobody else knows of the folder yet, and one sync at the end, as half of it is worth nothing.
        environment = lmdb.open(str(folder), map_size=FIRST_SIZE, lock=False, sync=False, metasync=False)
        with environment:
            yield write_batch
            environment.sync(True)


@contextmanager
def _leveldb_writer(folder: Path, path: str) -> Iterator[WriteBatch]:
    plyvel = leveldb_reader.plyvel()

    def write_batch(batch: list[tuple[bytes, bytes]]) -> None:
        with database.write_batch() as together:
            for key, value in batch:
                together.put(key, value)

    with _writing(path, plyvel.Error):
        # Caffe's settings
        database = plyvel.DB(
            str(folder), create_if_missing=True, block_size=65536, write_buffer_size=2**28, max_open_files=100
        )
        try:
            yield write_batch
        finally:
            database.close()


@contextmanager
def _writing(path: str, library_error: Any) -> Iterator[None]:
    try:
        yield
    except CaffliteError:
        raise
    except library_error as error:
        why = f"{leveldb_reader.text(error)}; is there room on the disk?"
        raise FileError(f"cannot be written: {why}").at(path) from error
