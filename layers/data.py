"""Data: the records of an LMDB or LevelDB, images with their labels."""

from __future__ import annotations

import os
import weakref
from typing import Any

import numpy

from cafflite import datum, log
from cafflite.database import LMDB, Cursor, Reader, open_database
from cafflite.errors import NetError
from cafflite.layers._data import Batch, DataLayer, ImageSource
from cafflite.layers.base import Blobs, Count, layer
from cafflite.transform import Transformer

Record = tuple[str, bytes]  # key and value


@layer("Data")
class Data(DataLayer):
    """
    top[0]  images  (N, C, H, W)  as they are in the database, or decoded
    top[1]  labels  (N,)          may be left out

    The records come in the order of their keys, and after the last one the first again. They are cut and mirrored as
    transform_param says; those of a batch have to be of one size, which may be another one for each batch.
    """

    param_name = "data_param"
    num_top: Count = (1, 2)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if not self.param.source:
            raise NetError("data_param has no source")
        if self.param.rand_skip:
            log.warning(f"layer '{self.name}': rand_skip is not used by Data layers, as in Caffe since 2015")
        transformer, batch_size = self.transformer(), self.batch_size()
        reader = open_shared(self.param.source, self.param.backend)
        source = Records(reader, transformer, batch_size, self.seed)
        if self.param.backend == LMDB:
            weakref.finalize(source, reader.close)
        first = source.first()
        name, image, _ = source.read(first)
        if transformer.color is not None and not datum.parse(first[1], name).encoded:
            log.warning(f"layer '{self.name}': force_color and force_gray are for encoded images only, and not used")
        self.start(source, source.shape(image, name), top)


class Records(ImageSource):
    """The records of a database, again and again."""

    def __init__(self, reader: Reader, transformer: Transformer, batch_size: int, seed: int) -> None:
        self.name = reader.source
        self.cursor = Cursor(reader)
        super().__init__(transformer, batch_size, seed)

    @property
    def position(self) -> dict[str, Any]:
        """As of every source, and the `place` of the next record in the database."""
        return self._position

    @position.setter
    def position(self, position: dict[str, Any]) -> None:
        self._position = {"place": 0, **position}
        self.cursor.seek(self._position["place"])

    def take(self) -> tuple[int, list[Record]]:
        record = self._position["record"]
        records = [self.cursor.next() for _ in range(self.batch_size)]
        place = self.cursor.position
        self._position = {**self._position, "record": record + self.batch_size, "place": place}
        return record, records

    def make(self, taken: tuple[int, list[Record]], batch: Batch) -> None:
        record, records = taken
        self.fill(batch, record, map(self.read, records))

    def read(self, record: Record) -> tuple[str, numpy.ndarray, float]:
        """The place of a record for errors, its image and its label."""
        key, value = record
        name = f"{self.name}: record '{key}'"
        found = datum.parse(value, name)
        return name, datum.to_array(found, name, self.transformer.color), found.label

    def first(self) -> Record:
        """The first record, without going on."""
        record = self.cursor.next()
        self.cursor.rewind()
        return record


_open_databases: weakref.WeakValueDictionary[str, Reader] = weakref.WeakValueDictionary()


def open_shared(source: str, backend: int) -> Reader:
    """A reader of the database: of a LevelDB, which a process can open once only, the one that is open already."""
    if backend == LMDB:
        return open_database(source, backend)
    path = os.path.realpath(source)
    reader = _open_databases.get(path) or open_database(source, backend)
    _open_databases[path] = reader
    return reader
