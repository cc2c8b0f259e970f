"""Fillers: the first values of a parameter, by the name that a prototxt gives as a filler's `type`."""

import math
from typing import Any

import numpy

from cafflite.errors import NetError, ShapeError

Array = numpy.ndarray


def fill(array: Any, filler: Any, rng: numpy.random.Generator) -> None:
    """Fill `array`, C-contiguous and of any shape on any device, as a FillerParameter says.

    Raises NetError when the filler's type or a value of it makes no sense, and ShapeError when it cannot fill an
    array of this shape.
    """
    if filler.type not in fillers:
        raise NetError(f"unknown filler type '{filler.type}', expected one of {', '.join(fillers)}")
    if filler.sparse != -1 and filler.type != "gaussian":
        raise NetError(f"a filler of type '{filler.type}' has sparse: {filler.sparse}, which only 'gaussian' knows")
    on_host = isinstance(array, numpy.ndarray)
    values = array if on_host else numpy.empty(array.shape, array.dtype)
    fillers[filler.type](values, filler, rng)
    if not on_host:
        array.set(values)


def _constant(out: Array, filler: Any, rng: numpy.random.Generator) -> None:
    out[...] = filler.value


def _uniform(out: Array, filler: Any, rng: numpy.random.Generator) -> None:
    if not filler.min <= filler.max:
        raise NetError(f"a 'uniform' filler has min {filler.min:g} above max {filler.max:g}")
    _draw_uniform(out, filler.min, filler.max, rng)


def _gaussian(out: Array, filler: Any, rng: numpy.random.Generator) -> None:
    if not filler.std >= 0:
        raise NetError(f"a 'gaussian' filler has std {filler.std:g}, expected 0 or more")
    if filler.sparse < -1:
        raise NetError(f"a 'gaussian' filler has sparse: {filler.sparse}, expected 0 or more, or -1 for no zeros")
    _draw_gaussian(out, filler.mean, filler.std, rng)
    if filler.sparse >= 0:
        # Caffe's rule: on average `sparse` of the weights that leave an input are not zero.
        outputs = max(1, _rows(out, filler).shape[0])
        out *= rng.random(out.shape, out.dtype) < filler.sparse / outputs


def _positive_unitball(out: Array, filler: Any, rng: numpy.random.Generator) -> None:
    """Weights of 0 or more whose sum over each output is 1."""
    rows = _rows(out, filler)
    _draw_uniform(out, 0, 1, rng)
    rows /= rows.sum(axis=1, keepdims=True)


def _xavier(out: Array, filler: Any, rng: numpy.random.Generator) -> None:
    """Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010."""
    bound = math.sqrt(3 / _fan(out, filler))
    _draw_uniform(out, -bound, bound, rng)


def _msra(out: Array, filler: Any, rng: numpy.random.Generator) -> None:
    """He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015."""
    _draw_gaussian(out, 0, math.sqrt(2 / _fan(out, filler)), rng)


def _bilinear(out: Array, filler: Any, rng: numpy.random.Generator) -> None:
    """The kernel of bilinear interpolation, for a Deconvolution that enlarges."""
    if out.ndim != 4 or out.shape[2] != out.shape[3]:
        raise ShapeError(f"a 'bilinear' filler needs a blob of four axes and square kernels, not {out.shape}")
    size = out.shape[3]
    half = math.ceil(size / 2)
    ramp = 1 - numpy.abs(numpy.arange(size) / half - (size - 1) / (2 * half))
    out[...] = numpy.outer(ramp, ramp)


fillers = {
    "constant": _constant,
    "uniform": _uniform,
    "gaussian": _gaussian,
    "xavier": _xavier,
    "msra": _msra,
    "positive_unitball": _positive_unitball,
    "bilinear": _bilinear,
}


def _draw_uniform(out: Array, low: float, high: float, rng: numpy.random.Generator) -> None:
    rng.random(dtype=out.dtype, out=out)
    out *= high - low
    out += low


def _draw_gaussian(out: Array, mean: float, std: float, rng: numpy.random.Generator) -> None:
    rng.standard_normal(dtype=out.dtype, out=out)
    out *= std
    out += mean


def _rows(out: Array, filler: Any) -> Array:
    """The weights as (outputs, weights of each output)."""
    if out.ndim == 0:
        raise ShapeError(f"a filler of type '{filler.type}' needs a blob with at least one axis")
    return out.reshape(out.shape[0], math.prod(out.shape[1:]))


def _fan(out: Array, filler: Any) -> float:
    """How many values are summed: the inputs of an output, the outputs of an input, or the mean of both."""
    outputs, fan_in = _rows(out, filler).shape
    fan_out = outputs * math.prod(out.shape[2:])
    norm = filler.variance_norm
    if norm == filler.FAN_OUT:
        return max(1, fan_out)
    return max(1, fan_in if norm == filler.FAN_IN else (fan_in + fan_out) / 2)
