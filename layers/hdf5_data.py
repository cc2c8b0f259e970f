"""HDF5Data: batches of rows from a list of HDF5 files, one data set for each top."""

import os
from pathlib import Path
from typing import Any

import numpy

from cafflite.errors import DataError, NetError
from cafflite.files import reason
from cafflite.layers._hdf5_rows import WINDOW, Rows
from cafflite.layers._upload import TopUploads
from cafflite.layers.base import Blobs, Layer, layer


@layer("HDF5Data")
class HDF5Data(Layer):
    """
    top[i]  rows of the data set that is called as the top  (batch_size, ...)   integers or floats of any size

    `source` is a text file with the name of a file on each line, from the working directory or else from its own
    folder. Batches run on from file to file, and from the last to the first. With `shuffle` the order of the files,
    and that of the rows of each, is another in every pass; of a file over 32 MB or a million rows, blocks of rows
    change places, and rows within each 32 MB of them.
    """

    param_name = "hdf5_data_param"
    num_bottom = 0
    num_top = (1, None)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.layer_param.HasField("transform_param"):
            raise NetError("it has a transform_param, and HDF5Data does not transform; prepare the data in the file")
        if self.param.batch_size < 1:
            raise NetError(f"batch_size is {self.param.batch_size}, expected 1 or more")
        self.files = read_list(self.param.source)
        self.epoch = self.file = self.row = 0
        self.shapes: list[tuple[int, ...]] = []
        self.small_files: dict[str, Rows] = {}
        self.uploads = TopUploads()
        self.open()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for blob, shape in zip(top, self.shapes, strict=True):
            blob.reshape(self.param.batch_size, *shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        uploads = self.ops.uploads
        arrays = self.uploads.begin(top) if uploads else [blob.data for blob in top]
        done = 0
        while done < self.param.batch_size:
            if self.row == self.rows.count:
                self.next_file()
            parts = self.rows.take(self.row, self.param.batch_size - done)
            count = len(parts[0])
            for array, part in zip(arrays, parts, strict=True):
                array[done : done + count] = part if uploads else self.xp.asarray(part)
            self.row += count
            done += count
        if uploads:
            self.uploads.finish(top)

    def next_file(self) -> None:
        """Go to the first row of the next file, in the next pass where this was the last."""
        self.row = 0
        self.file += 1
        if self.file == len(self.files):
            self.file = 0
            self.epoch += 1
        if len(self.files) > 1 or self.param.shuffle:
            self.open()

    def open(self) -> None:
        """Open the file at `file` in this pass's order, and put its rows in this pass's order."""
        order = numpy.arange(len(self.files))
        if self.param.shuffle:
            numpy.random.default_rng([self.seed, self.epoch]).shuffle(order)
        self.rows = self.rows_of(self.files[order[self.file]])
        self.shapes = self.shapes or self.rows.shapes
        for name, shape, first in zip(self.rows.names, self.rows.shapes, self.shapes, strict=True):
            if shape != first:
                raise DataError(
                    f"data set '{name}' has rows of shape {shape}, and in the file before they have {first}"
                ).at(self.rows.path)
        self.rows.arrange([self.seed, self.epoch, self.file] if self.param.shuffle else None)

    def rows_of(self, path: str) -> Rows:
        """The rows of a file: those of small files stay in memory."""
        if path not in self.small_files:
            rows = Rows(path, list(self.layer_param.top))
            if not rows.is_all or sum(small.size for small in self.small_files.values()) + rows.size > WINDOW:
                return rows
            self.small_files[path] = rows
        return self.small_files[path]

    def state(self) -> dict[str, Any]:
        return {"seed": self.seed, "epoch": self.epoch, "file": self.file, "row": self.row}

    def restore(self, state: dict[str, Any]) -> None:
        self.seed, self.epoch, self.file, self.row = (state[key] for key in ("seed", "epoch", "file", "row"))
        if self.file < len(self.files):
            self.open()
            if self.row <= self.rows.count:
                return
        raise DataError(
            f"it is to go on at row {self.row} of file {self.file}, and '{self.param.source}' has no such row"
        )


def read_list(source: str) -> list[str]:
    """The files that a list names. Raises DataError where there are none, or where one is not there."""
    if not source:
        raise NetError("hdf5_data_param has no source")
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        raise DataError(f"the list '{source}' cannot be read: {reason(error)}") from error
    if content.startswith(b"\x89HDF"):
        raise DataError(f"'{source}' is an HDF5 file, expected a text file with the names of such files")
    names = [line.strip() for line in os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).splitlines() if line.strip()]
    if not names:
        raise DataError(f"the list '{source}' is empty, expected the name of an HDF5 file on each line")
    folder = os.path.dirname(source)
    paths = {name: find(name, folder) for name in names}
    missing = [f"'{name}'" for name, path in paths.items() if not path]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        place = f"neither in the working directory nor in '{folder or '.'}', the folder of the list"
        raise DataError(f"not found, {place}: {', '.join(missing[:5])}{more}")
    return [paths[name] for name in names]


def find(name: str, folder: str) -> str:
    """The path of a file that is named from the working directory, or else from `folder`; empty when there is none."""
    there = [path for path in (name, os.path.join(folder, name)) if os.path.exists(path)]
    return os.path.abspath(there[0]) if there else ""
