"""What the layers that read images have in common: their sources, and how a batch gets into the net."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy

from cafflite import log
from cafflite.errors import CaffliteError, DataError, NetError
from cafflite.layers.base import Blobs, Count, Layer
from cafflite.prefetch import Prefetch
from cafflite.transform import Shape, Transformer

MOST_AHEAD = 1000  # batches; the field may say four billion, and each takes an object


class Batch:
    """Memory for a number of images, used again and again.

    images  (N, C, H, W)  as they go into the net
    labels  (N,)
    """

    def __init__(self, size: int, dtype: Any) -> None:
        self.images = numpy.empty((size, 0, 0, 0), dtype)
        self.labels = numpy.zeros(size, numpy.float32)

    def fit(self, shape: Shape) -> None:
        """Have room for images of this shape."""
        if self.images.shape[1:] != shape:
            self.images = numpy.empty((len(self.labels), *shape), self.images.dtype)

    def send(self) -> None:
        """Called when it is full, by the thread that has filled it."""

    def put(self, blobs: Blobs) -> None:
        """Give the images, and the labels where there is a second blob, to blobs of their shapes."""
        images, *labels = blobs
        if images.ops.xp is numpy:
            self.images = images.exchange_data(self.images)
        else:
            images.data[...] = images.ops.xp.asarray(self.images)
        for blob in labels:
            blob.data[...] = blob.ops.xp.asarray(self.labels)


class ImageSource(ABC):
    """The images of a layer in batches; a subclass says what they are.

    position  the number of the records before the next batch, the seed, and what the subclass adds

    It knows nothing of the layer: the threads that prefetch hold it, and they end when the layer goes.
    """

    def __init__(self, transformer: Transformer, batch_size: int, seed: int) -> None:
        self.transformer = transformer
        self.batch_size = batch_size
        self.position: dict[str, Any] = {"record": 0, "seed": seed}

    @abstractmethod
    def take(self) -> Any:
        """What the next batch is made of, and move on to the one behind it."""

    @abstractmethod
    def make(self, taken: Any, batch: Batch) -> None:
        """Fill a batch."""

    def draws(self, record: int, count: int) -> numpy.ndarray:
        """Random numbers (N, count) of at least 0 and below 1 for the batch that starts with this record."""
        return numpy.random.default_rng([self.position["seed"], record]).random((self.batch_size, count))

    def fill(self, batch: Batch, record: int, images: Iterable[tuple[str, numpy.ndarray, float]]) -> None:
        """Put images with their names and labels into a batch, transformed.

        Raises DataError with the name of an image that does not have the shape of the first.
        """
        draws = self.draws(record, 3).tolist()
        for i, (name, image, label) in enumerate(images):
            shape = self.shape(image, name)
            if i == 0:
                batch.fit(shape)
            elif shape != batch.images.shape[1:]:
                first = batch.images.shape[1:]
                raise DataError(f"it has the shape {shape}, and the first of its batch has {first}").at(name)
            self.transformer.put(image, draws[i], batch.images[i])
            batch.labels[i] = label
        batch.send()

    def shape(self, image: numpy.ndarray, name: str) -> Shape:
        """The shape in which an image goes into the net."""
        try:
            return self.transformer.shape(image.shape)
        except CaffliteError as error:
            raise error.at(name) from None


class DataLayer(Layer):
    """A layer without bottoms that takes batches from a source which is read ahead.

    A subclass makes its source and calls `start`. Its state is the place of the next batch in the source. `forward`
    copies no images: top[0] takes the memory of the batch, on a GPU the copy of it that is on its way since it was
    made, and the next batches are made in what it had. So there are `prefetch` + 1 arrays of the size of top[0].
    """

    num_bottom: Count = 0
    num_top: Count = 2

    def batch_size(self) -> int:
        """That of the prototxt. Raises NetError where there is none."""
        if self.param.batch_size < 1:
            raise NetError(f"batch_size is {self.param.batch_size}, expected 1 or more")
        return self.param.batch_size

    def transformer(self) -> Transformer:
        """What transform_param asks for, and a warning about the same fields in the layer's own message."""
        unused = [field for field in ("mean_file", "crop_size", "mirror") if self.param.HasField(field)]
        if unused:
            fields = ", ".join(unused)
            log.warning(f"layer '{self.name}': {fields} of {self.param_name} is not used, that of transform_param is")
        return Transformer(self.layer_param.transform_param, self.phase, self.ops)

    def start(self, source: ImageSource, shape: Shape, top: Blobs) -> None:
        """Get batches from `source` from now on, the first of them of this shape."""
        for blob, axes in zip(top, ((source.batch_size, *shape), (source.batch_size,)), strict=False):
            blob.reshape(*axes)
        ahead = self.layer_param.data_param.prefetch  # in Caffe, too, the field of all layers that read ahead
        if not 1 <= ahead <= MOST_AHEAD:
            raise NetError(f"prefetch is {ahead}, expected the number of batches to read ahead, 1 to {MOST_AHEAD:,}")
        count = ahead * top[0].count
        if count > top[0].max_count:
            raise NetError(
                f"prefetch is {ahead}, and as many batches of shape {top[0].shape} have {count:,} elements, more than "
                f"the {top[0].max_count:,} allowed (set Blob.max_count to allow more)"
            )
        self.source = source
        self.prefetch = Prefetch(source, [self.make_batch(source.batch_size) for _ in range(ahead)])

    def make_batch(self, size: int) -> Batch:
        if not self.ops.uploads:
            return Batch(size, self.ops.dtype)
        from cafflite.layers._upload import UploadedBatch  # which is made of this file

        return UploadedBatch(size, self.ops)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        with self.prefetch.next() as batch:
            top[0].reshape(*batch.images.shape)
            batch.put(top)

    def state(self) -> dict[str, Any]:
        return dict(self.prefetch.position)

    def restore(self, state: dict[str, Any]) -> None:
        self.prefetch.restart({name: state[name] for name in self.prefetch.position})


def check_files(paths: Iterable[tuple[str, str]]) -> None:
    """DataError, with the name of the first, for files (path, name) that are not there.

    Each folder is listed once, so that a million files take seconds.
    """
    names = cache(_names)
    missing = []
    for path, name in paths:
        folder, file = os.path.split(path)
        if file not in names(folder) and not os.path.exists(path):
            missing.append(name)
    if missing:
        others = f", and {len(missing) - 1} others of the list are not there either" if len(missing) > 1 else ""
        raise DataError(f"there is no such file{others}").at(missing[0])


def _names(folder: str) -> set[str]:
    try:
        return set(os.listdir(folder or "."))
    except OSError:
        return set()
