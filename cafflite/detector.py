"""Caffe's Detector: a net that classifies windows of images, as R-CNN does (Girshick et al., 2014)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy

from cafflite.errors import BackendError, ShapeError
from cafflite.io import load_image
from cafflite.preprocess import image_transformer
from cafflite.proto.caffe_pb2 import TEST
from cafflite.pycaffe import Net
from cafflite.resample import resize_image

Window = Sequence[float] | numpy.ndarray  # ymin, xmin, ymax, xmax in pixels; the last two are not part of it


class Detector(Net):
    """A net whose first input is a window of an image.

    model_file       path of a deploy prototxt
    pretrained_file  its caffemodel, binary or HDF5
    mean, input_scale, raw_scale, channel_swap  as Transformer's setters take them
    context_pad      the width, in pixels of the net's input, of a border of what surrounds the window in its image;
                     the mean stands where the image ends

    Raises what Net raises, and ShapeError for settings that do not fit the input.
    """

    def __init__(
        self,
        model_file: str | os.PathLike[str],
        pretrained_file: str | os.PathLike[str],
        mean: numpy.ndarray | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
        context_pad: int | None = None,
    ) -> None:
        super().__init__(model_file, TEST, weights=pretrained_file)
        self.transformer = image_transformer(self, mean, input_scale, raw_scale, channel_swap)
        self.configure_crop(context_pad)

    def detect_windows(self, images_windows: Iterable[tuple[Any, Iterable[Window]]]) -> list[dict[str, Any]]:
        """Classify windows of images.

        images_windows  pairs of an image's path and its windows

        Returns a dict a window, in order: its "window", the "prediction" (an array, a row of the net's output), and the
        "filename". Raises DataError for an image that cannot be read, ShapeError for a window outside of it.
        """
        name = self.inputs[0]
        detections, crops = [], []
        for path, windows in images_windows:
            image = load_image(path, color=self.crop_dims[2] != 1)
            for window in windows:
                crops.append(self.transformer.preprocess(name, self.crop(image, window)))
                detections.append({"window": window, "filename": path})
        if not crops:
            return []
        batch: dict[str, Any] = {name: numpy.stack(crops)}
        predictions = self.forward_all(**batch)[self.outputs[0]]
        return [
            {**detection, "prediction": prediction}
            for detection, prediction in zip(detections, predictions, strict=True)
        ]

    def detect_selective_search(self, image_fnames: Iterable[Any]) -> list[dict[str, Any]]:
        """Not here: Caffe calls a MATLAB program for it. Raises BackendError."""
        raise BackendError(
            "selective search is a MATLAB program that is not part of cafflite; "
            "find windows by other means and give them to detect_windows"
        )

    def crop(self, im: numpy.ndarray, window: Window) -> numpy.ndarray:
        """The window of an image (H, W, K), as it is; with context_pad, of the net's input size with what surrounds it.

        Raises ShapeError for a window that has no part in the image, or without context_pad begins outside of it.
        """
        box = numpy.asarray(window, numpy.float64)
        if box.shape != (4,) or not numpy.isfinite(box).all():
            raise ShapeError(f"the window is {window}, expected ymin, xmin, ymax, xmax")
        if self.context_pad:
            return self._crop_with_context(im, box)
        top, left, bottom, right = box.astype(int)
        crop = im[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        if min(top, left) < 0 or crop.size == 0:
            raise _outside(im, box)
        return crop

    def _crop_with_context(self, im: numpy.ndarray, box: numpy.ndarray) -> numpy.ndarray:
        # As in R-CNN the last row and column count here, although they are not part of what is cut out.
        size = self.crop_dims[:2]
        half = (box[2:] - box[:2] + 1) / 2
        center = box[:2] + half
        half *= size / (size - 2.0 * self.context_pad)
        low, high = numpy.round(center - half), numpy.round(center + half)
        zoom = size / (high - low + 1)
        start = numpy.round(numpy.maximum(0, -low) * zoom).astype(int)
        low, high = low.clip(0, im.shape[:2]).astype(int), high.clip(0, im.shape[:2]).astype(int)
        extent = numpy.minimum(numpy.round((high - low + 1) * zoom).astype(int), size - start)
        if (high <= low).any() or (extent < 1).any():
            raise _outside(im, box)
        crop = self.crop_mean.copy()
        end = start + extent
        context = im[low[0] : high[0], low[1] : high[1]]
        crop[start[0] : end[0], start[1] : end[1]] = resize_image(context, extent)
        return crop

    def configure_crop(self, context_pad: int | None) -> None:
        """Set the border of context, in pixels of the net's input; None or 0 for none. Raises ShapeError."""
        name = self.inputs[0]
        shape = self.blobs[name].shape[1:]
        if context_pad and not 0 < 2 * context_pad < min(shape[1:]):
            raise ShapeError(f"context_pad is {context_pad}, and the net's input has {shape[1]} x {shape[2]} pixels")
        self.context_pad = context_pad or 0
        self.crop_mean = self.transformer.deprocess(name, numpy.zeros(shape, numpy.float32))
        self.crop_dims = numpy.array(self.crop_mean.shape)  # (H, W, K)


def _outside(im: numpy.ndarray, box: numpy.ndarray) -> ShapeError:
    return ShapeError(f"the window {box.tolist()} lies outside of its image of {im.shape[0]} x {im.shape[1]} pixels")
