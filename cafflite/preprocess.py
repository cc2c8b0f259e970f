"""From an image to the input of a net and back, as `caffe.io.Transformer` does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from cafflite.errors import NetError, ShapeError, UnknownNameError
from cafflite.resample import resize_image


class Transformer:
    """Makes the inputs of a net from images, in this order: resized, transposed, channels swapped, times raw_scale,
    minus the mean, times input_scale.

    inputs  the shape (N, K, H, W) of each input blob by its name, as in {"data": net.blobs["data"].data.shape}

    Its settings are by input as well, each done only where it is set. All methods raise UnknownNameError for an input
    that is not in `inputs`, and ShapeError for what does not fit its shape.
    """

    def __init__(self, inputs: Mapping[str, Sequence[int]]) -> None:
        self.inputs = inputs
        self.transpose: dict[str, Sequence[int]] = {}
        self.channel_swap: dict[str, Sequence[int]] = {}
        self.raw_scale: dict[str, float] = {}
        self.mean: dict[str, numpy.ndarray] = {}
        self.input_scale: dict[str, float] = {}

    def preprocess(self, in_: str, data: numpy.ndarray) -> numpy.ndarray:
        """An image (H', W', K) as the input `in_` takes it: float32 (K, H, W) with the transpose (2, 0, 1)."""
        size = self._shape(in_)[2:]
        array = numpy.array(data, numpy.float32)
        if array.shape[:2] != size:
            array = resize_image(array, size)
        if in_ in self.transpose:
            order = self.transpose[in_]
            if len(order) != array.ndim:
                raise ShapeError(f"the data for input '{in_}' has shape {array.shape}, expected {len(order)} axes")
            array = array.transpose(order)
        if in_ in self.channel_swap:
            order = self.channel_swap[in_]
            if len(order) != len(array):
                raise ShapeError(f"the data for input '{in_}' has {len(array)} channels, expected {len(order)}")
            array = array[list(order)]
        if in_ in self.raw_scale:
            array *= self.raw_scale[in_]
        if in_ in self.mean:
            array -= self._mean_for(in_, array.shape)
        if in_ in self.input_scale:
            array *= self.input_scale[in_]
        return array

    def deprocess(self, in_: str, data: numpy.ndarray) -> numpy.ndarray:
        """The image of an input (K, H, W) or (1, K, H, W): the steps of `preprocess` undone, but for the resizing.

        Without a transpose axes of length 1 are left out, as Caffe has it.
        """
        shape = self._shape(in_)
        array = numpy.array(data, numpy.result_type(data, numpy.float32))
        if array.ndim == len(shape) and len(array) == 1:
            array = array[0]
        if array.ndim != len(shape) - 1:
            raise ShapeError(f"the data of input '{in_}' has shape {array.shape}, expected {len(shape) - 1} axes")
        if in_ in self.input_scale:
            array /= self.input_scale[in_]
        if in_ in self.mean:
            array += self._mean_for(in_, array.shape)
        if in_ in self.raw_scale:
            array /= self.raw_scale[in_]
        if in_ in self.channel_swap:
            array = array[numpy.argsort(self.channel_swap[in_])]
        if in_ in self.transpose:
            return array.transpose(numpy.argsort(self.transpose[in_]))
        return array.squeeze()

    def set_transpose(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of the axes: (2, 0, 1) makes (K, H, W) of (H, W, K)."""
        axes = len(self._shape(in_)) - 1
        if sorted(order) != list(range(axes)):
            raise ShapeError(f"the transpose of input '{in_}' is {tuple(order)}, expected an order of 0 to {axes - 1}")
        self.transpose[in_] = order

    def set_channel_swap(self, in_: str, order: Sequence[int]) -> None:
        """Set the order of the channels, the first axis behind the transpose: (2, 1, 0) makes BGR of RGB."""
        channels = self._shape(in_)[1]
        if len(order) != channels or not all(-channels <= channel < channels for channel in order):
            raise ShapeError(f"the channel swap of input '{in_}' is {tuple(order)}, expected {channels} channels")
        self.channel_swap[in_] = order

    def set_raw_scale(self, in_: str, scale: float) -> None:
        """Set the factor in front of the mean: 255 for a net that was trained on bytes, as images are 0 to 1 here."""
        self._shape(in_)
        self.raw_scale[in_] = scale

    def set_mean(self, in_: str, mean: numpy.ndarray) -> None:
        """Set what is subtracted behind the raw scale.

        mean  (K,), a number a channel; or (K, H', W') or (H', W'), a number a pixel, resized to the input
        """
        channels, *size = self._shape(in_)[1:]
        mean = numpy.asarray(mean)
        if mean.shape != (channels,) and mean.ndim != 2 and (mean.ndim != 3 or len(mean) not in (1, channels)):
            raise ShapeError(
                f"the mean of input '{in_}' has shape {mean.shape}, "
                f"expected ({channels},), ({channels}, height, width) or (height, width)"
            )
        if mean.ndim == 1:
            mean = mean[:, None, None]
        else:
            mean = mean.reshape(-1, *mean.shape[-2:])
            if mean.shape[1:] != tuple(size):
                mean = resize_image(mean.transpose(1, 2, 0), size).transpose(2, 0, 1)
        self.mean[in_] = mean

    def set_input_scale(self, in_: str, scale: float) -> None:
        """Set the factor behind the mean."""
        self._shape(in_)
        self.input_scale[in_] = scale

    def _shape(self, in_: str) -> tuple[int, ...]:
        if in_ not in self.inputs:
            raise UnknownNameError(f"'{in_}' is none of the inputs that there are shapes for: {', '.join(self.inputs)}")
        return tuple(self.inputs[in_])

    def _mean_for(self, in_: str, shape: tuple[int, ...]) -> numpy.ndarray:
        mean = self.mean[in_]
        try:
            return numpy.broadcast_to(mean, shape)
        except ValueError:
            raise ShapeError(f"the mean of input '{in_}' has shape {mean.shape}, and the data has {shape}") from None


def image_transformer(
    net: Any,
    mean: numpy.ndarray | None,
    input_scale: float | None,
    raw_scale: float | None,
    channel_swap: Sequence[int] | None,
) -> Transformer:
    """A Transformer from images (H, W, K) to the first input of a net, with each setting that is not None.

    Raises NetError for a net without an input blob (N, K, H, W), and what the setters raise.
    """
    if not net.inputs or net.blobs[net.inputs[0]].ndim != 4:
        raise NetError("the net has no input for images, expected a first Input layer of shape (N, channels, H, W)")
    name = net.inputs[0]
    transformer = Transformer({name: net.blobs[name].shape})
    transformer.set_transpose(name, (2, 0, 1))
    if mean is not None:
        transformer.set_mean(name, mean)
    if input_scale is not None:
        transformer.set_input_scale(name, input_scale)
    if raw_scale is not None:
        transformer.set_raw_scale(name, raw_scale)
    if channel_swap is not None:
        transformer.set_channel_swap(name, channel_swap)
    return transformer
