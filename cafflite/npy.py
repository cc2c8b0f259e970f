"""Arrays in .npy files."""

from __future__ import annotations

import os

import numpy

from cafflite.errors import DataError
from cafflite.files import reason


def read(path: str | os.PathLike[str]) -> numpy.ndarray:
    """The array of real numbers in an .npy file. Raises DataError."""
    try:
        with open(path, "rb") as file:
            array = numpy.lib.format.read_array(file)
    except OSError as error:
        raise DataError(f"the file cannot be read: {reason(error)}").at(os.fspath(path)) from error
    except (ValueError, EOFError, MemoryError) as error:
        raise DataError("this is not an .npy file of numbers, or a damaged one").at(os.fspath(path)) from error
    if array.dtype.kind not in "biuf":
        raise DataError(f"it holds {array.dtype}, expected real numbers").at(os.fspath(path))
    return array
