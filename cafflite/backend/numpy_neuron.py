"""Activations and dropout on a CPU: compiled kernels over blocks on the thread pool."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_neuron import NeuronOps, dropout_constants

BLOCK = 2**16  # elements of a block, that stays in the cache from its copy to its change
SERIAL = 2**15  # elements that are not worth a second thread


@cache
def kernels() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels

    return kernels


def _change(source: Array, out: Array, change: Callable[[slice, Array], None]) -> None:
    """Copy `source` to `out`, where they are not the same, and call `change(place, block)` for each block of `out`."""
    source, out, in_place = source.reshape(-1), out.reshape(-1), source is out

    def run(piece: slice) -> None:
        for start in range(piece.start, piece.stop, BLOCK):
            place = slice(start, min(start + BLOCK, piece.stop))
            if not in_place:
                out[place] = source[place]
            change(place, out[place])

    pool.run(run, pool.split(out.size, SERIAL))


class NumpyNeuron(NeuronOps):
    def relu(self, x: Array, slope: float, out: Array) -> None:
        factor = numpy.float32(slope)
        _change(x, out, lambda place, y: kernels().relu(y, factor))

    def relu_backward(self, dy: Array, x: Array, slope: float, out: Array) -> None:
        x, factor = x.reshape(-1), numpy.float32(slope)
        _change(dy, out, lambda place, dx: kernels().relu_backward(dx, x[place], factor))

    def relu_of_sum(self, a: Array, b: Array, slope: float, out: Array) -> None:
        a, b, y, factor = a.reshape(-1), b.reshape(-1), out.reshape(-1), numpy.float32(slope)
        pool.run(lambda s: kernels().relu_of_sum(a[s], b[s], y[s], factor), pool.split(y.size, SERIAL))

    def elu(self, x: Array, alpha: float, out: Array) -> None:
        factor = numpy.float32(alpha)
        _change(x, out, lambda place, y: kernels().elu(y, factor))

    def elu_backward(self, dy: Array, x: Array, y: Array, alpha: float, out: Array) -> None:
        x, y, term = x.reshape(-1), y.reshape(-1), numpy.float32(alpha)
        _change(dy, out, lambda place, dx: kernels().elu_backward(dx, x[place], y[place], term))

    def tanh(self, x: Array, out: Array) -> None:
        _change(x, out, lambda place, y: kernels().tanh(y))

    def tanh_backward(self, dy: Array, y: Array, out: Array) -> None:
        y = y.reshape(-1)
        _change(dy, out, lambda place, dx: kernels().tanh_backward(dx, y[place]))

    def sigmoid(self, x: Array, out: Array) -> None:
        _change(x, out, lambda place, y: kernels().sigmoid(y))

    def sigmoid_backward(self, dy: Array, y: Array, out: Array) -> None:
        y = y.reshape(-1)
        _change(dy, out, lambda place, dx: kernels().sigmoid_backward(dx, y[place]))

    def dropout(self, x: Array, ratio: float, seed: int, step: int, out: Array) -> None:
        limit, scale, first, second = dropout_constants(ratio, seed, step)
        constants = numpy.uint32(limit), numpy.float32(scale), numpy.uint32(first), numpy.uint32(second)
        _change(x, out, lambda place, y: kernels().dropout(y, place.start, *constants))
