"""Say what images show: the five most probable classes of each.

    cafflite classify --model_def=deploy.prototxt --pretrained_model=net.caffemodel --labels=names.txt cat.jpg
    cafflite classify --model_def=deploy.prototxt --pretrained_model=net.caffemodel images/ predictions.npy

INPUT is an image, a folder of them, or an .npy file of arrays (N, height, width, channels). OUTPUT, where it is given,
becomes an .npy file of what the net makes of each. The flags and what is done are those of Caffe's classify.py.

Names of classes and a .binaryproto mean can be given as well, as to Caffe's classification program; that one resizes to
the net's input size, takes no crops, and makes one number a channel of the mean image.
"""

import glob
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy

from cafflite import log, npy
from cafflite.backend.pool import one_blas_thread
from cafflite.classifier import Classifier
from cafflite.errors import DataError, UsageError
from cafflite.files import reason, replace_file
from cafflite.io import load_image
from cafflite.tools import _preprocessing
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    **_preprocessing.NET,
    "labels": ("", "a file with the name of each class on a line"),
    "center_only": (False, "look at the center of an image, not at ten crops of it"),
    "images_dim": ("256,256", "height,width that images get before they are cropped; empty for the net's input size"),
    **_preprocessing.FLAGS,
    "ext": ("jpg", "how the names of the images in a folder end"),
}
SHOWN = 5  # classes of an image


def run(flags: SimpleNamespace, input: str, output: str = "") -> int:
    _preprocessing.check(flags)
    classifier = _classifier(flags)
    batch_size, channels = classifier.blobs[classifier.inputs[0]].shape[:2]
    labels = _labels(flags.labels, classifier) if flags.labels else None
    images = _images(input, flags.ext, channels != 1)
    predictions = []
    start = time.perf_counter()
    with one_blas_thread:
        while some := list(islice(images, batch_size)):
            found = classifier.predict([image for _, image in some], oversample=not flags.center_only)
            predictions.append(found)
            for (name, _), scores in zip(some, found.reshape(len(some), -1), strict=True):
                _show(name, scores, labels)
    if not predictions:
        raise DataError(f"there are no images (--ext={flags.ext})").at(input)
    count = sum(map(len, predictions))
    log.info(f"Classified {count} inputs in {time.perf_counter() - start:.2f} s.")
    if output:
        path = output if output.endswith(".npy") else f"{output}.npy"
        log.info(f"Saving results into {path}")
        with replace_file(path) as temporary, temporary.open("wb") as file:
            numpy.save(file, numpy.concatenate(predictions))
    return 0


def _classifier(flags: SimpleNamespace) -> Classifier:
    size = _preprocessing.numbers("images_dim", flags.images_dim)
    if size and len(size) != 2:
        raise UsageError(f"--images_dim is '{flags.images_dim}', expected height,width")
    settings = _preprocessing.settings(flags)
    classifier = Classifier(flags.model_def, flags.pretrained_model, image_dims=size, **settings)
    _preprocessing.swap_colours(classifier)
    return classifier


def _labels(path: str, classifier: Classifier) -> list[str]:
    try:
        labels = Path(path).read_text(errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"the labels cannot be read: {reason(error)}").at(path) from error
    classes = classifier.blobs[classifier.outputs[0]].count_axes(1)
    if len(labels) != classes:
        raise DataError(f"there are {len(labels)} labels, expected one for each of the {classes} classes").at(path)
    return labels


def _images(path: str, ext: str, color: bool) -> Iterator[tuple[str, numpy.ndarray]]:
    """The images of INPUT with their names, each read when it is asked for."""
    path = os.path.expanduser(path)
    if path.endswith(".npy"):
        arrays = npy.read(path)
        if arrays.ndim != 4:
            raise DataError(f"it has shape {arrays.shape}, expected images (N, height, width, channels)").at(path)
        yield from ((f"{path}[{i}]", array) for i, array in enumerate(arrays))
        return
    files = sorted(glob.glob(f"{glob.escape(path)}/*.{ext}")) if os.path.isdir(path) else [path]
    yield from ((file, load_image(file, color)) for file in files)


def _show(name: str, scores: numpy.ndarray, labels: list[str] | None) -> None:
    print(f"---------- Prediction for {name} ----------")
    for number in numpy.argsort(-scores, kind="stable")[:SHOWN]:
        print(f"{scores[number]:.4f} - " + (f'"{labels[number]}"' if labels else str(number)))
