"""Classify windows of images, as R-CNN does.

    cafflite detect --model_def=deploy.prototxt --pretrained_model=net.caffemodel windows.csv detections.csv
    cafflite detect --model_def=deploy.prototxt --pretrained_model=net.caffemodel windows.csv detections.h5

INPUT is a .csv file with the columns filename, ymin, xmin, ymax and xmax, one window of an image a row, in pixels; ymax
and xmax are not part of it. OUTPUT has the windows image by image: a .csv file in the same columns, then class0,
class1, ... for what the net makes of each; an .h5 file in the data sets filename (N,), window (N, 4) and prediction
(N, classes).

The flags and what is done are those of Caffe's detect.py. Its other --crop_mode, selective_search, finds the windows by
a MATLAB program, which is not here.
"""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy

from cafflite import hdf5, log
from cafflite.backend.pool import one_blas_thread
from cafflite.detector import Detector
from cafflite.errors import DataError, UsageError
from cafflite.files import reason, replace_file
from cafflite.tools import _preprocessing
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    **_preprocessing.NET,
    "crop_mode": ("list", "where the windows come from: list, which is INPUT"),
    "context_pad": (16, "the border, in pixels of the net's input, of what surrounds a window in its image"),
    **_preprocessing.FLAGS,
    "raw_scale": ("", "the factor in front of the mean: 255 for nets of bytes, as images are 0 to 1"),
}
COORDINATES = ["ymin", "xmin", "ymax", "xmax"]

Windows = dict[str, list[list[float]]]  # by the names of images


def run(flags: SimpleNamespace, input: str, output: str) -> int:
    ending = Path(output).suffix.lower()
    if ending not in (".csv", ".h5"):
        raise UsageError(f"OUTPUT is '{output}', expected a name that ends in .csv or .h5")
    if flags.crop_mode not in ("list", "selective_search"):
        raise UsageError(f"--crop_mode is '{flags.crop_mode}', expected list")
    if flags.crop_mode == "selective_search" or not input.lower().endswith(".csv"):
        raise UsageError(
            "selective search is a MATLAB program that is not part of cafflite: find windows by other means, and give "
            "them as a .csv file with --crop_mode=list"
        )
    _preprocessing.check(flags)
    windows = _read(input)
    detector = _detector(flags)
    start = time.perf_counter()
    with one_blas_thread:
        detections = detector.detect_windows(windows.items())
    log.info(f"Processed {len(detections)} windows in {time.perf_counter() - start:.3f} s.")
    (_write_csv if ending == ".csv" else _write_hdf5)(output, detections)
    log.info(f"Saved to {output}")
    return 0


def _detector(flags: SimpleNamespace) -> Detector:
    settings = _preprocessing.settings(flags)
    mean = settings["mean"]
    if mean is not None and mean.ndim > 1:  # a window has no place in a mean image
        settings["mean"] = mean.mean(axis=(-2, -1))
    detector = Detector(flags.model_def, flags.pretrained_model, **settings)
    _preprocessing.swap_colours(detector)
    detector.configure_crop(flags.context_pad)
    return detector


def _read(path: str) -> Windows:
    """The windows of each image, both in the order of the file."""
    windows: Windows = {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            missing = [name for name in ("filename", *COORDINATES) if name not in (rows.fieldnames or ())]
            if missing:
                raise DataError(f"the columns {rows.fieldnames or []} lack {', '.join(missing)}").at(f"{path}:1")
            for row in rows:
                windows.setdefault(row["filename"], []).append(_window(row, f"{path}:{rows.line_num}"))
    except OSError as error:
        raise DataError(f"the file cannot be read: {reason(error)}").at(path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"this is no .csv file: {error}").at(path) from error
    if not windows:
        raise DataError("there are no windows in this file").at(path)
    return windows


def _window(row: dict[str, Any], place: str) -> list[float]:
    try:
        return [float(row[name]) for name in COORDINATES]
    except (TypeError, ValueError):
        found = [row[name] for name in COORDINATES]
        raise DataError(f"the window is {found}, expected the numbers {', '.join(COORDINATES)}").at(place) from None


def _write_csv(path: str, detections: list[dict[str, Any]]) -> None:
    classes = detections[0]["prediction"].size
    with replace_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["filename", *COORDINATES, *(f"class{number}" for number in range(classes))])
        writer.writerows(_row(detection) for detection in detections)


def _row(detection: dict[str, Any]) -> Iterator[str]:
    yield detection["filename"]
    yield from (f"{number:.10g}" for number in detection["window"])
    yield from map(str, detection["prediction"].ravel())


def _write_hdf5(path: str, detections: list[dict[str, Any]]) -> None:
    with hdf5.writing(path) as file:
        file["filename"] = [detection["filename"] for detection in detections]
        file["window"] = numpy.array([detection["window"] for detection in detections])
        file["prediction"] = numpy.stack([detection["prediction"].ravel() for detection in detections])
