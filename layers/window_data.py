"""WindowData: windows of images, objects and background, as R-CNN trains with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from cafflite import image, log
from cafflite.errors import DataError, NetError
from cafflite.layers._data import Batch, DataLayer, ImageSource, check_files
from cafflite.layers._windows import Span, WindowList, f32, read_windows, widen
from cafflite.layers.base import Blobs, layer
from cafflite.transform import Transformer

CHANNELS = 3


@layer("WindowData")
class WindowData(DataLayer):
    """
    top[0]  images  (N, 3, S, S)  S = transform_param.crop_size; blue, green, red
    top[1]  labels  (N,)          0 for background

    `source` is a text file with these lines for each image: # and its number, its name, channels, height, width, the
    number of its windows, and for each window its class, its overlap with an object, x1, y1, x2 and y2. `root_folder`
    is put in front of the names as it is.

    Of a batch, the first are background (overlap below bg_threshold), and the share fg_fraction at its end are objects
    (overlap of fg_threshold or more), all drawn at random. A window is warped to S x S, or with crop_mode "square" the
    smallest square around it. With context_pad it shows that many pixels of what is around it on each side; what would
    be outside of the image is 0.
    """

    param_name = "window_data_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p, transform = self.param, self.layer_param.transform_param
        if transform.crop_size < 1:
            raise NetError("transform_param has no crop_size, the size that windows are warped to")
        if 2 * p.context_pad >= transform.crop_size:
            raise NetError(f"context_pad is {p.context_pad}, expected less than half of crop_size")
        if p.crop_mode not in ("warp", "square"):
            raise NetError(f"crop_mode is '{p.crop_mode}', expected warp or square")
        if not 0 <= p.fg_fraction <= 1:
            raise NetError(f"fg_fraction is {p.fg_fraction:g}, expected 0 to 1, the share of objects in a batch")
        if transform.HasField("scale"):
            log.warning(f"layer '{self.name}': WindowData is scaled by window_data_param alone, as in Caffe")
        source = Windows(read_windows(p.source, p.root_folder), p, self.transformer(), self.batch_size(), self.seed)
        self.start(source, (CHANNELS, transform.crop_size, transform.crop_size), top)


class Windows(ImageSource):
    """Windows drawn at random, so many of each kind for a batch."""

    def __init__(self, found: WindowList, param: Any, transformer: Transformer, batch_size: int, seed: int) -> None:
        super().__init__(transformer, batch_size, seed)
        self.found = found
        self.param = param
        self.mean = self.central_mean()
        check_files(zip(found.paths, found.names, strict=True))
        pairs = enumerate(zip(found.paths, found.names, strict=True)) if param.cache_images else ()
        self.contents = {i: image.content(path, name) for i, (path, name) in pairs}
        self.kinds = self.split(int(f32(batch_size) * f32(param.fg_fraction)))

    def central_mean(self) -> numpy.ndarray:
        """The part of the mean that is subtracted from every window: (1 or 3, 1, 1) or (3, S, S)."""
        mean, size = self.transformer.mean, self.transformer.crop_size
        if mean.shape[0] not in (1, CHANNELS) or mean.shape[1:] != (1, 1) and min(mean.shape[1:]) < size:
            raise DataError(f"the mean has shape {mean.shape}, expected (3, H, W) with H and W of {size} or more")
        offset = (mean.shape[2] - size) // 2  # for rows, too
        return mean if mean.shape[1:] == (1, 1) else mean[:, offset : offset + size, offset : offset + size]

    def split(self, objects_wanted: int) -> list[tuple[numpy.ndarray, int]]:
        """The background windows and the objects, with how many of each come into a batch. Raises DataError."""
        objects = self.found.windows[self.found.overlaps >= f32(self.param.fg_threshold)]
        limit = min(f32(self.param.bg_threshold), f32(self.param.fg_threshold))
        background = self.found.windows[self.found.overlaps < limit]
        background[:, 2] = 0
        for window in objects[objects[:, 2] < 1]:
            raise DataError(f"an object has class {window[2]}, expected 1 or more").at(self.found.place(window))
        kinds = [(background, self.batch_size - objects_wanted), (objects, objects_wanted)]
        for name, (windows, count) in zip(("background", "object"), kinds, strict=True):
            if count and not len(windows):
                raise DataError(f"there is no {name} window, and a batch has {count} of them").at(self.found.source)
        return kinds

    def take(self) -> int:
        record = self.position["record"]
        self.position = {**self.position, "record": record + self.batch_size}
        return record

    def make(self, taken: int, batch: Batch) -> None:
        size = self.transformer.crop_size
        batch.fit((CHANNELS, size, size))
        draws = self.draws(taken, 2)
        for i, window in enumerate(self.sample(draws[:, 0])):
            self.warp(window, self.transformer.mirror and bool(draws[i, 1] < 0.5), batch.images[i])
            batch.labels[i] = window[2]
        batch.send()

    def sample(self, draws: numpy.ndarray) -> Iterator[numpy.ndarray]:
        """A window for each random number."""
        done = 0
        for windows, count in self.kinds:
            for u in draws[done : done + count]:
                yield windows[int(u * len(windows))]
            done += count

    def warp(self, window: numpy.ndarray, mirrored: bool, out: numpy.ndarray) -> None:
        """out (3, S, S) = a window of an image, less the mean and scaled; mirrored or not."""
        number = int(window[0])
        name = self.found.names[number]
        pixels = image.decode(self.contents.get(number) or image.content(self.found.paths[number], name), True, name)
        rows, columns = self.spans(window, *pixels.shape[1:])
        left = columns.after if mirrored else columns.before
        high = min(rows.length, len(out[0]) - rows.before)
        wide = min(columns.length, len(out[0]) - left)
        out[...] = 0
        if high < 1 or wide < 1:
            return
        part = image.resize(pixels[:, rows.start : rows.stop, columns.start : columns.stop], high, wide)
        place = (slice(None), slice(rows.before, rows.before + high), slice(left, left + wide))
        mean = self.mean if self.mean.shape[1:] == (1, 1) else self.mean[place]
        numpy.subtract(part[:, :, ::-1] if mirrored else part, mean, out=out[place])
        out[place] *= f32(self.param.scale)

    def spans(self, window: numpy.ndarray, height: int, width: int) -> tuple[Span, Span]:
        """The rows and the columns of a window in an image. Raises DataError for one that is not in it."""
        size, (x1, y1, x2, y2) = self.transformer.crop_size, window[3:].tolist()
        if not (x1 <= x2 and y1 <= y2 and x1 < width and y1 < height and x2 >= 0 and y2 >= 0):
            raise DataError(
                f"the window {x1} {y1} {x2} {y2} is not in its image, which has {width} columns and {height} rows"
            ).at(self.found.place(window))
        halves = [(y2 - y1 + 1) / 2, (x2 - x1 + 1) / 2]
        square = self.param.crop_mode == "square"
        if not (square or self.param.context_pad):
            return Span(max(y1, 0), min(y2 + 1, height), size), Span(max(x1, 0), min(x2 + 1, width), size)
        if square:
            halves = [max(halves)] * 2
        pad = self.param.context_pad
        return widen(y1, y2, halves[0], height, size, pad), widen(x1, x2, halves[1], width, size, pad)
