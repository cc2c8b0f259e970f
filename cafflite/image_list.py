"""Lists of images: on each line the name of a file, a space, and a whole number, the label."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cafflite.errors import DataError
from cafflite.files import reason


@dataclass(frozen=True, slots=True)
class Line:
    """An image of a list; `place` is the list and the number of the line, for errors."""

    place: str
    name: str
    label: int


def read(source: str | os.PathLike[str], labelled: bool = True) -> list[Line]:
    """The lines of a list; without labels, unless `labelled`, a label that stands there is passed over.

    Raises DataError for a line that says something else, and for a list that is empty or cannot be read.
    """
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        raise DataError(f"the list of images cannot be read: {reason(error)}").at(str(source)) from error
    texts = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).split("\n")
    lines = [_line(text.strip(), f"{source}:{i}", labelled) for i, text in enumerate(texts, 1) if text.strip()]
    if not lines:
        raise DataError("the list is empty, expected the name of an image on each line").at(str(source))
    return lines


def _line(text: str, place: str, labelled: bool) -> Line:
    name, _, number = text.replace("\t", " ").rpartition(" ")
    try:
        label = int(number)
    except ValueError:
        label = None
    if name and label is not None and -(2**31) <= label < 2**31:
        return Line(place, name.strip(), label)
    if labelled:
        raise DataError(f"'{text}' is not the name of an image, a space, and a whole number as its label").at(place)
    return Line(place, text, 0)
