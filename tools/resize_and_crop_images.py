"""Resize images so that the shorter side has a given length, and cut out the square in their middle.

    cafflite resize_and_crop_images --input=images.txt --input_folder=photos --output_folder=squares

Each line of the list `input` is the path of an image in input_folder; a label after it is passed over. The squares get
the same paths in output_folder.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy

from cafflite import image, image_list, log
from cafflite.backend import pool
from cafflite.errors import DataError, FileError, UsageError
from cafflite.files import reason
from cafflite.image_list import Line
from cafflite.tools import _images
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "input": ("", "the list of images"),
    "input_folder": ("", "the folder the images are in"),
    "output_folder": ("", "the folder for the squares; it is made where it is missing"),
    "output_side_length": (256, "the height and width of the squares"),
    "num_clients": (0, "how many images are worked on at once; 0 for as many as there are cores"),
    "image_lib": ("opencv", "opencv, whose way of resizing is used"),
    **_images.SKIP_BAD,
}


LONGEST = 100  # times the shorter side is the longer one, so that a line of pixels is not resized to gigabytes


def run(flags: SimpleNamespace) -> int:
    for name in ("input", "input_folder", "output_folder"):
        if not getattr(flags, name):
            raise UsageError(f"it needs --{name}")
    if flags.image_lib.lower() != "opencv":
        raise UsageError(f"--image_lib is '{flags.image_lib}', expected opencv")
    if flags.output_side_length < 1:
        raise UsageError(f"--output_side_length is {flags.output_side_length}, expected 1 or more")
    lines = image_list.read(flags.input, labelled=False)

    def convert(line: Line) -> None:
        name = os.path.normpath(line.name.removeprefix(flags.input_folder).lstrip("/"))
        if name.startswith(".."):
            raise DataError(f"'{line.name}' lies outside of the folder")
        source = os.path.join(flags.input_folder, name)
        try:
            square = _square(image.read(source, color=True), flags.output_side_length)
        except DataError as error:
            raise error.at(source) from None
        kind = os.path.splitext(name)[1][1:]
        _write(Path(flags.output_folder, name), image.encode(square, kind))

    threads = flags.num_clients if flags.num_clients > 0 else pool.threads()
    count = sum(1 for _ in _images.each(convert, lines, flags.skip_bad, threads))
    log.info(f"Processed {count} files.")
    return 0


def _square(pixels: numpy.ndarray, side: int) -> numpy.ndarray:
    """The middle of an image (C, H, W), as (C, side, side)."""
    _, height, width = pixels.shape
    shorter = min(height, width)
    if max(height, width) > LONGEST * shorter:
        raise DataError(f"the image is {height} x {width}, expected sides that differ by a factor of {LONGEST} at most")
    height, width = side * height // shorter, side * width // shorter
    top, left = (height - side) // 2, (width - side) // 2
    return image.resize(pixels, height, width)[:, top : top + side, left : left + side]


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; without a sync for each, which would take longer than all the rest."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(f"cannot be written: {reason(error)}").at(str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
