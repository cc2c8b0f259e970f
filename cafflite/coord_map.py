"""Where a point of one top lies in another, through the layers between them, and the Crop that lines the two up.

A map is (axis, scale, offset): position x in one top is position scale * x + offset in the other, counted from the
first element. `scale` and `offset` are arrays, of one number for all spatial axes or one for each; these stand behind
`axis`, which is None where every position is kept.

    net.score = crop(net.upscore, net.data)

After Long, Shelhamer and Darrell (2015), Fully Convolutional Networks for Semantic Segmentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from cafflite.errors import AxisMismatchException, CoordinateError, UndefinedMapException
from cafflite.net_spec import Function, Top, layers

Map = tuple[Any, Any, Any]

IDENTITY: Map = (None, 1, 0)
PASS_THROUGH_LAYERS = (
    "AbsVal", "BNLL", "BatchNorm", "Bias", "Clip", "Dropout", "ELU", "Eltwise", "Exp", "LRN", "Log", "MVN", "PReLU",
    "Power", "ReLU", "Scale", "Sigmoid", "Split", "Swish", "TanH", "Threshold",
)  # fmt: skip
WINDOW_PARAMS = {
    "Convolution": "convolution_param",
    "Deconvolution": "convolution_param",
    "Im2col": "convolution_param",
    "Pooling": "pooling_param",
}


def conv_params(fn: Function) -> tuple[int, numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """The windows of a convolution, a pooling or Im2col: axis, stride, extent, pad.

    The extent is that of the kernel with its dilation; the spatial axes stand behind `axis`. Raises
    UndefinedMapException without a kernel_size, as where a pooling is global.
    """
    params = fn.params.get(WINDOW_PARAMS.get(fn.type_name, ""), fn.params)
    kernel = _extents(params, "kernel_size", "kernel", 0)
    if not kernel.all():
        raise UndefinedMapException(f"{fn.type_name} without a kernel_size does not map coordinates")
    extent = (kernel - 1) * numpy.array(params.get("dilation", 1), ndmin=1) + 1
    return params.get("axis", 1), _extents(params, "stride", "stride", 1), extent, _extents(params, "pad", "pad", 0)


def crop_params(fn: Function) -> tuple[int, numpy.ndarray]:
    """The axis that a Crop begins at, and its offset there and behind: one number for all axes, or one for each."""
    params = fn.params.get("crop_param", fn.params)
    return params.get("axis", 2), numpy.array(params.get("offset", 0), ndmin=1)


def coord_map(fn: Function) -> Map:
    """The map from a layer's bottom to its top. Raises UndefinedMapException where the layer has none."""
    if fn.type_name in PASS_THROUGH_LAYERS:
        return IDENTITY
    if fn.type_name == "Crop":
        axis, offset = crop_params(fn)
        return axis - 1, 1, -offset
    if fn.type_name not in WINDOW_PARAMS:
        raise UndefinedMapException(f"{fn.type_name} does not map coordinates")
    axis, stride, extent, pad = conv_params(fn)
    centre = (extent - 1) / 2 - pad  # of the first window
    return (axis, stride, centre) if fn.type_name == "Deconvolution" else (axis, 1 / stride, -centre / stride)


def _extents(params: dict[str, Any], field: str, stem: str, default: int) -> numpy.ndarray:
    """A setting of windows: one number, one for each axis, or fields for height and width."""
    if f"{stem}_h" in params or f"{stem}_w" in params:
        return numpy.array([params.get(f"{stem}_{side}", default) for side in "hw"])
    return numpy.array(params.get(field, default), ndmin=1)


def compose(base_map: Map, next_map: Map) -> Map:
    """The map that applies `next_map` and then `base_map`. Raises AxisMismatchException."""
    axis, scale, offset = base_map
    next_axis, next_scale, next_offset = next_map
    if None not in (axis, next_axis) and axis != next_axis:
        raise AxisMismatchException(f"one map begins behind axis {axis}, the other behind axis {next_axis}")
    return next_axis if axis is None else axis, scale * next_scale, scale * next_offset + offset


def inverse(coord_map: Map) -> Map:
    """The map back."""
    axis, scale, offset = coord_map
    return axis, 1 / scale, -offset / scale


def coord_map_from_to(top_from: Top, top_to: Top) -> Map:
    """The map from one top to another, by way of the nearest top that both are made from.

    Raises CoordinateError when no layers that map coordinates connect them, and AxisMismatchException.
    """
    sources = dict(_sources(top_from))
    for source, to_map in _sources(top_to):
        if source in sources:
            return compose(to_map, inverse(sources[source]))
    raise CoordinateError(
        f"no layers that map coordinates connect {top_from.fn.type_name} and {top_to.fn.type_name}, "
        "which have to be made from one top"
    )


def _sources(top: Top) -> Iterator[tuple[Top, Map]]:
    """A top and all that it is made from, nearest first, each with its map to the top.

    Where several ways lead to one, all are taken to map alike.
    """
    maps = {top: IDENTITY}
    waiting = [top]
    for source in waiting:
        yield source, maps[source]
        try:
            step = coord_map(source.fn)
        except UndefinedMapException:
            continue
        for bottom in source.fn.inputs[:1] if source.fn.type_name == "Crop" else source.fn.inputs:
            if bottom not in maps:
                maps[bottom] = compose(maps[source], step)
                waiting.append(bottom)


def crop(top_from: Top, top_to: Top) -> Top:
    """A Crop layer that takes from one top what lies on another.

    Raises CoordinateError where they differ in scale, or by an offset that is not a whole number, 0 or more.
    """
    axis, scale, offset = coord_map_from_to(top_from, top_to)
    scale, offset = numpy.atleast_1d(scale), numpy.atleast_1d(offset)
    if (scale != 1).any():
        raise CoordinateError(f"cannot crop: the scale between the tops is {scale}, expected 1")
    if (offset > 0).any() or (offset != offset.round()).any():
        raise CoordinateError(f"cannot crop by an offset of {-offset}, expected whole numbers, 0 or more")
    first = 2 if axis is None else axis + 1
    return layers.Crop(top_from, top_to, crop_param=dict(axis=first, offset=[int(-number) for number in offset]))
