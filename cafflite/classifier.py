"""Caffe's Classifier: a net that says what images show."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy

from cafflite import resample
from cafflite.preprocess import image_transformer
from cafflite.proto.caffe_pb2 import TEST
from cafflite.pycaffe import Net


class Classifier(Net):
    """A net whose first input is an image and whose first output is a probability a class.

    model_file       path of a deploy prototxt
    pretrained_file  its caffemodel, binary or HDF5
    image_dims       (height, width) that images are resized to before they are cropped; without it the net's input size
    mean, input_scale, raw_scale, channel_swap  as Transformer's setters take them

    Raises what Net raises, and ShapeError for settings that do not fit the input.
    """

    def __init__(
        self,
        model_file: str | os.PathLike[str],
        pretrained_file: str | os.PathLike[str],
        image_dims: resample.Size | None = None,
        mean: numpy.ndarray | None = None,
        input_scale: float | None = None,
        raw_scale: float | None = None,
        channel_swap: Sequence[int] | None = None,
    ) -> None:
        super().__init__(model_file, TEST, weights=pretrained_file)
        self.transformer = image_transformer(self, mean, input_scale, raw_scale, channel_swap)
        self.crop_dims = numpy.array(self.blobs[self.inputs[0]].shape[2:])
        self.image_dims: resample.Size = self.crop_dims if image_dims is None else image_dims

    def predict(self, inputs: resample.Images, oversample: bool = True) -> numpy.ndarray:
        """The output of the net for each of N images.

        inputs      arrays (H, W, K), of any sizes, as `load_image` gives them
        oversample  take the mean of ten crops of each image: corners, center, and all mirrored; else only the center's

        Returns (N, classes) with `oversample`, else (N, ...) as the output is. Raises ShapeError.
        """
        images = [resample.resize_image(image, self.image_dims) for image in inputs]
        cut = resample.oversample if oversample else resample.center_crop
        name = self.inputs[0]
        crops = [self.transformer.preprocess(name, crop) for crop in cut(images, self.crop_dims)]
        batch: dict[str, Any] = {name: numpy.stack(crops)}
        predictions = self.forward_all(**batch)[self.outputs[0]]
        return predictions.reshape(len(images), 10, -1).mean(axis=1) if oversample else predictions
