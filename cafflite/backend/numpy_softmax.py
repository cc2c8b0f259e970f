"""Softmax on a CPU: a compiled kernel where C is the last axis, and slices on the thread pool."""

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_neuron import kernels
from cafflite.backend.ops_softmax import SoftmaxOps

BLOCK = 2**14  # elements of a block, that stays in the cache through all passes over it
SERIAL = 2**13  # elements that are not worth a second thread


class NumpySoftmax(SoftmaxOps):
    def softmax(self, x: Array, out: Array) -> None:
        outer, count, inner = x.shape
        if inner == 1:
            self._softmax_of_rows(x[:, :, 0], out[:, :, 0])
            return

        def run(piece: tuple[slice, ...]) -> None:
            SoftmaxOps.softmax(self, x[piece], out[piece])

        if inner > outer:
            pool.run(lambda s: run((slice(None), slice(None), s)), pool.split(inner, SERIAL // max(1, outer * count)))
        else:
            pool.run(lambda s: run((s,)), pool.split(outer, SERIAL // max(1, count * inner)))

    def _softmax_of_rows(self, x: Array, out: Array) -> None:
        rows = max(1, BLOCK // x.shape[1])  # of a block
        pool.run(lambda s: kernels().softmax(x, s.start, s.stop, rows, out), pool.split(len(x), SERIAL // x.shape[1]))
