"""The windows of images that R-CNN trains with: the file that lists them, and how one is fitted into a square."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy

from cafflite.errors import DataError, NetError
from cafflite.files import reason

f32 = numpy.float32  # what Caffe calculates with here


@dataclass
class WindowList:
    """What a file of windows has.

    paths, names  of the images; the names are for errors
    windows       (n, 7): image, line in the file, class, x1, y1, x2, y2
    overlaps      (n,)
    """

    source: str
    paths: list[str]
    names: list[str]
    windows: numpy.ndarray
    overlaps: numpy.ndarray

    def place(self, window: numpy.ndarray) -> str:
        """Where a window stands, for errors."""
        return f"{self.source}:{window[1]}: {self.paths[window[0]]}"


def read_windows(source: str, root_folder: str) -> WindowList:
    """The content of a file of windows, whose format is in layers/window_data.py. Raises DataError."""
    if not source:
        raise NetError("window_data_param has no source")
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        raise DataError(f"the list '{source}' cannot be read: {reason(error)}") from error
    lines = [(i, text.strip()) for i, text in enumerate(os.fsdecode(content).split("\n"), 1) if text.strip()]
    if not lines:
        raise DataError(f"the list '{source}' is empty, expected images with their windows")
    rest = iter(lines)
    found = WindowList(source, [], [], numpy.zeros((0, 7), numpy.int64), numpy.zeros(0, f32))
    rows: list[tuple[float, ...]] = []
    for number, text in rest:
        if not text.startswith("#"):
            place = f"{source}:{number}"
            raise DataError(f"'{text}' is found where an image begins, expected # and its number").at(place)
        rows.extend(_read_image(rest, found, root_folder))
    table = numpy.array(rows).reshape(-1, 8)
    found.windows, found.overlaps = table[:, [0, 1, 2, 4, 5, 6, 7]].astype(numpy.int64), table[:, 3].astype(f32)
    return found


def _read_image(lines: Iterator[tuple[int, str]], found: WindowList, root_folder: str) -> Iterator[tuple[float, ...]]:
    """The windows of the next image, as rows of image, line, class, overlap, x1, y1, x2, y2."""

    def following(what: str) -> tuple[int, str]:
        line = next(lines, None)
        if line is None:
            raise DataError(f"the file ends where {what} should follow").at(found.source)
        return line

    number, name = following("the name of an image")
    image = len(found.paths)
    found.paths.append(root_folder + name)
    found.names.append(f"{found.source}:{number}: {root_folder}{name}")
    sizes = [_numbers(found.source, *following(what), 1) for what in ("its channels", "its height", "its width")]
    if sizes[0] != [3]:
        raise DataError(f"the image has {sizes[0][0]:g} channels, expected 3").at(found.names[-1])
    (count,) = _numbers(found.source, *following("the number of its windows"), 1)
    for _ in range(int(count)):
        number, text = following("a window")
        yield image, number, *_numbers(found.source, number, text, 6)


def _numbers(source: str, line: int, text: str, count: int) -> list[float]:
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        what = "a number" if count == 1 else "class, overlap, x1, y1, x2, y2"
        raise DataError(f"'{text}' is found, expected {what}").at(f"{source}:{line}")
    return numbers


@dataclass(frozen=True)
class Span:
    """How the rows, or columns, of a window come into those of the result.

    start, stop    in the image
    length         in the result
    before, after  what lies outside of the image, in the result
    """

    start: int
    stop: int
    length: int
    before: int = 0
    after: int = 0


def widen(first: int, last: int, half: float, extent: int, size: int, context_pad: int) -> Span:
    """The rows `first` to `last` widened to twice `half` and so much more that `context_pad` rows of the result are
    context on each side, in an image of `extent` rows and a result of `size`. By Caffe's rule, its rounding included.
    """
    context = f32(size) / f32(size - 2 * context_pad)
    centre = f32(first) + f32((last - first + 1) / 2)
    low, high = _round(centre - f32(half) * context), _round(centre + f32(half) * context)
    scale = f32(size) / f32(high - low + 1)
    before, after = max(0, -low), max(0, high - extent + 1)
    start, stop = low + before, high - after + 1
    return Span(start, stop, _round(f32(stop - start) * scale), _round(f32(before) * scale), _round(f32(after) * scale))


def _round(number: numpy.float32) -> int:
    """To the nearest whole number; halves away from 0, as C does."""
    return int(math.copysign(math.floor(abs(number) + 0.5), number))
