"""The recurrent operations on a CPU: streams shared among the threads, each of which walks its own through time."""

from functools import cache
from typing import Any

import numpy

from cafflite.backend import numpy_matmul, pool
from cafflite.backend.base import Array
from cafflite.backend.numpy_matmul import by
from cafflite.backend.ops_recurrent import RecurrentOps

SMALL = 2**17  # multiply-adds of one step up to which a compiled loop beats a call of the BLAS
SERIAL = 2**18  # multiply-adds that are not worth a second thread
STEPS = 8  # from which on one product a step, of input and hidden values, is worth laying out its weights
NOTHING = numpy.empty((0, 0, 0), numpy.float32)


@cache
def _kernels() -> Any:
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_recurrent

    return kernels_recurrent


def _share(count: int, work: int) -> list[slice]:
    """`count` rows or streams, of `work` multiply-adds each, as a slice for each thread that is worth waking."""
    return pool.split(count, -(-SERIAL // max(1, work)))


def _multiply(a: Array, b: Array, out: Array) -> None:
    """out = a b, for (T, N, K), (K, M) and (T, N, M), whose first two axes lie behind one another."""
    rows = len(a) * a.shape[1]
    a, out = a.reshape(rows, a.shape[2]), out.reshape(rows, out.shape[2])
    pool.run(lambda s: numpy_matmul.multiply(a[s], b, out[s]), _share(len(a), b.size))


def _joins(steps: int, streams: int, inputs: int, h: int) -> bool:
    """Whether input and hidden values are better multiplied as one, step by step, than the input of all steps at once.

    That is so for a narrow input, whose own product would be thin, with enough streams for a product of one step.
    """
    return streams * 4 * h * (inputs + h) <= SMALL or (2 * inputs <= h and streams >= 64 and steps >= STEPS)


class NumpyRecurrent(RecurrentOps):
    """Step by step a product of the BLAS and one kernel; all in one kernel for a small H, or a few steps alone."""

    def lstm_unit(self, gates: Array, cont: Array, before: Array, cell: Array, top: Array) -> None:
        kernels = _kernels()
        kernels.lstm_unit(0, len(gates), gates, cont, before, cell, top)

    def lstm_unit_backward(
        self, gates: Array, cont: Array, before: Array, cell: Array, dh: Array, dc: Array, threshold: float, diff: Array
    ) -> None:
        kernels = _kernels()
        limit = numpy.float32(threshold)
        kernels.lstm_unit_backward(0, len(gates), gates, cont, before, cell, dh, dc, limit, diff)

    def lstm(
        self,
        weight_x: Array,
        weight_h: Array,
        offset: Array,
        cont: Array,
        seen: Array,
        cells: Array,
        gates: Array,
        top: Array,
        scratch: Array,
    ) -> None:
        kernels = _kernels()
        steps, streams, h = top.shape
        if streams == 1 and steps < STEPS:
            kernels.lstm_rows(weight_x, weight_h, offset, cont, seen, cells, gates, top)
            return
        inputs = weight_x.shape[1]
        # The columns of `seen` from `first` on are multiplied step by step, those before it all at once.
        first = 0 if _joins(steps, streams, inputs, h) else inputs
        if first:
            _multiply(seen[:-1, :, :first], weight_x.T, gates)
        weight = scratch[streams + first :]
        small = streams * weight.size <= SMALL
        if small:
            weight[: inputs - first], weight[inputs - first :] = weight_x.T[first:], weight_h.T
        else:
            multiply = by(*([weight_h.T] if first else [weight_x.T, weight_h.T]), times=steps)
        seen[0, :, inputs:] *= cont[0][:, None]

        def walk(s: slice) -> None:
            if small:
                kernels.lstm_sequence(s.start, s.stop, first, weight, offset, cont, seen, cells, gates, top)
                return
            for t in range(steps):
                multiply(seen[t, s, first:], gates[t, s], first > 0)
                kernels.lstm_step(t, s.start, s.stop, offset, cont, seen, cells, gates, top)

        pool.run(walk, _share(streams, steps * weight.size))

    def lstm_backward(
        self,
        weight_x: Array,
        weight_h: Array,
        cont: Array,
        cells: Array,
        gates: Array,
        top_diff: Array,
        threshold: float,
        dh: Array,
        dc: Array,
        diff: Array,
        dx: Array | None,
        scratch: Array,
    ) -> None:
        kernels = _kernels()
        steps, streams, h = top_diff.shape
        inputs = weight_x.shape[1]
        given = cont, cells, gates, top_diff, numpy.float32(threshold), dh, dc, diff
        weight, first = weight_h, inputs
        if dx is not None and _joins(steps, streams, inputs, h):
            weight, first = scratch[streams:].reshape(4 * h, inputs + h), 0
            weight[:, :inputs], weight[:, inputs:] = weight_x, weight_h

        small = streams * weight.size <= SMALL
        multiply = by(weight, times=0 if small else steps)

        def walk(s: slice) -> None:
            if small:
                kernels.lstm_sequence_backward(s.start, s.stop, first, weight, *given, NOTHING if first else dx)
                return
            below = dh if first else scratch.reshape(-1)[: streams * (inputs + h)].reshape(streams, inputs + h)
            for t in reversed(range(steps)):
                kernels.lstm_step_backward(t, s.start, s.stop, *given)
                multiply(diff[t, s], below[s], False)
                if dx is not None and not first:
                    dx[t, s], dh[s] = below[s, :inputs], below[s, inputs:]
            dh[s] *= cont[0, s, None]

        pool.run(walk, _share(streams, steps * weight.size))
        if dx is not None and first:
            _multiply(diff, weight_x, dx)

    def rnn(
        self,
        weight_x: Array,
        weight_h: Array,
        offset: Array,
        cont: Array,
        seen: Array,
        hidden: Array,
        scratch: Array,
    ) -> None:
        kernels = _kernels()
        steps, streams, _ = hidden.shape
        inputs = weight_x.shape[1]
        product, multiply = scratch[:streams], by(weight_h.T, times=steps)
        _multiply(seen[:-1, :, :inputs], weight_x.T, hidden)
        seen[0, :, inputs:] *= cont[0][:, None]

        def walk(s: slice) -> None:
            for t in range(steps):
                multiply(seen[t, s, inputs:], product[s], False)
                kernels.rnn_step(t, s.start, s.stop, product, offset, cont, seen, hidden)

        pool.run(walk, _share(streams, steps * weight_h.size))

    def rnn_backward(
        self, weight_x: Array, weight_h: Array, cont: Array, hidden: Array, dh: Array, diff: Array, dx: Array | None
    ) -> None:
        kernels = _kernels()
        steps, streams, _ = hidden.shape
        multiply = by(weight_h, times=steps)

        def walk(s: slice) -> None:
            for t in reversed(range(steps)):
                kernels.rnn_step_backward(t, s.start, s.stop, cont, hidden, dh, diff)
                multiply(diff[t, s], dh[s], False)
            dh[s] *= cont[0, s, None]

        pool.run(walk, _share(streams, steps * weight_h.size))
        if dx is not None:
            _multiply(diff, weight_x, dx)

    def gru(
        self,
        weight_x: Array,
        weight_h: Array,
        bias_h: Array,
        offset: Array,
        cont: Array,
        seen: Array,
        gates: Array,
        part: Array,
        top: Array,
        scratch: Array,
    ) -> None:
        kernels = _kernels()
        steps, streams, _ = top.shape
        inputs = weight_x.shape[1]
        product, multiply = scratch[:streams], by(weight_h.T, times=steps)
        _multiply(seen[:-1, :, :inputs], weight_x.T, gates)
        seen[0, :, inputs:] *= cont[0][:, None]

        def walk(s: slice) -> None:
            for t in range(steps):
                multiply(seen[t, s, inputs:], product[s], False)
                kernels.gru_step(t, s.start, s.stop, product, bias_h, offset, cont, seen, gates, part, top)

        pool.run(walk, _share(streams, steps * weight_h.size))

    def gru_backward(
        self,
        weight_x: Array,
        weight_h: Array,
        cont: Array,
        seen: Array,
        gates: Array,
        part: Array,
        top_diff: Array,
        dh: Array,
        diff: Array,
        diff_h: Array,
        dx: Array | None,
        scratch: Array,
    ) -> None:
        kernels = _kernels()
        steps, streams, _ = top_diff.shape
        product, multiply = scratch.reshape(-1)[: dh.size].reshape(dh.shape), by(weight_h, times=steps)

        def walk(s: slice) -> None:
            for t in reversed(range(steps)):
                kernels.gru_step_backward(t, s.start, s.stop, cont, seen, gates, part, top_diff, dh, diff, diff_h)
                multiply(diff_h[t, s], product[s], False)
                dh[s] += product[s]
            dh[s] *= cont[0, s, None]

        pool.run(walk, _share(streams, steps * weight_h.size))
        if dx is not None:
            _multiply(diff, weight_x, dx)
