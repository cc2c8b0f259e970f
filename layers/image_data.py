"""ImageData: images and their labels from a list of files."""

from __future__ import annotations

from typing import Any

import numpy

from cafflite import image, image_list
from cafflite.errors import NetError
from cafflite.image_list import Line
from cafflite.layers._data import Batch, DataLayer, ImageSource, check_files
from cafflite.layers.base import Blobs, layer
from cafflite.transform import Transformer


@layer("ImageData")
class ImageData(DataLayer):
    """
    top[0]  images  (N, C, H, W)  C is 3 (blue, green, red), or 1 unless `is_color`
    top[1]  labels  (N,)

    `source` is a text file with the name of an image, a space and a whole number on each line. `root_folder` is put in
    front of the names as it is, so that it ends with a slash. Images are resized to new_height and new_width where
    these are given, then cut and mirrored as transform_param says; those of a batch have to be of one size, which may
    be another one for each batch. With `shuffle` the order is another in every pass.
    """

    param_name = "image_data_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if bool(self.param.new_height) != bool(self.param.new_width):
            raise NetError("it has only one of new_height and new_width, expected both or neither")
        if not self.param.source:
            raise NetError("image_data_param has no source")
        source = ListedImages(self.param, self.transformer(), self.batch_size(), self.seed)
        name, pixels, _ = source.load(source.line(source.position["record"]))
        self.start(source, source.shape(pixels, name), top)


class ListedImages(ImageSource):
    """The images of a list, in order or shuffled, again and again."""

    def __init__(self, param: Any, transformer: Transformer, batch_size: int, seed: int) -> None:
        super().__init__(transformer, batch_size, seed)
        self.param = param
        self.lines = image_list.read(param.source)
        paths = [(param.root_folder + line.name, line.place) for line in self.lines]
        check_files((path, f"{place}: {path}") for path, place in paths)
        self.order: tuple[list[int], numpy.ndarray] = ([], numpy.zeros(0))  # of a seed and a pass
        if param.rand_skip:
            self.position["record"] = int(numpy.random.default_rng(seed).integers(param.rand_skip)) % len(self.lines)

    def take(self) -> tuple[int, list[Line]]:
        record = self.position["record"]
        lines = [self.line(record + i) for i in range(self.batch_size)]
        self.position = {**self.position, "record": record + self.batch_size}
        return record, lines

    def line(self, record: int) -> Line:
        """The line of a record, counted over all passes."""
        number, place = divmod(record, len(self.lines))
        return self.lines[self.place(number, place) if self.param.shuffle else place]

    def place(self, number: int, place: int) -> int:
        """What line stands at a place in the order of the pass of this number."""
        key = [self.position["seed"], number, 0]
        if self.order[0] != key:
            self.order = key, numpy.random.default_rng(key).permutation(len(self.lines))
        return int(self.order[1][place])

    def make(self, taken: tuple[int, list[Line]], batch: Batch) -> None:
        record, lines = taken
        self.fill(batch, record, map(self.load, lines))

    def load(self, line: Line) -> tuple[str, numpy.ndarray, float]:
        """The place of an image for errors, the image (C, H, W), resized, and its label."""
        path = self.param.root_folder + line.name
        name = f"{line.place}: {path}"
        pixels = image.decode(image.content(path, name), self.param.is_color, name)
        if self.param.new_height:
            pixels = image.resize(pixels, self.param.new_height, self.param.new_width)
        return name, pixels, line.label
