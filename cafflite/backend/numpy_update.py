"""The updates of the solvers on a CPU: compiled loops over slices on the thread pool."""

from collections.abc import Callable
from functools import cache

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_update import Scale, UpdateOps

LEAST = 2**15  # elements that are worth a second thread


@cache
def _kernels():
    """The compiled kernels, imported when first needed: numba takes its time."""
    from cafflite.backend import kernels_update

    return kernels_update


class NumpyUpdate(UpdateOps):
    """UpdateOps for float32 arrays."""

    def norm(self, x: Array) -> float:
        pieces = pool.split(x.size, LEAST)
        squares = numpy.zeros(len(pieces))

        def add(piece: slice) -> None:
            squares[pieces.index(piece)] = numpy.dot(x[piece], x[piece])

        pool.run(add, pieces)
        return float(squares.sum()) ** 0.5

    def update_sgd(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, momentum: float,
    ) -> None:  # fmt: skip
        _run(_kernels().sgd, [data, diff, history], scale, l1, l2, rate, momentum)

    def update_nesterov(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, momentum: float,
    ) -> None:  # fmt: skip
        _run(_kernels().nesterov, [data, diff, history], scale, l1, l2, rate, momentum)

    def update_adagrad(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, delta: float,
    ) -> None:  # fmt: skip
        _run(_kernels().adagrad, [data, diff, history], scale, l1, l2, rate, delta)

    def update_rmsprop(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, decay: float, delta: float,
    ) -> None:  # fmt: skip
        _run(_kernels().rmsprop, [data, diff, history], scale, l1, l2, rate, decay, delta)

    def update_adadelta(
        self, data: Array, diff: Array, gradients: Array, updates: Array,
        scale: Scale, l1: float, l2: float, rate: float, decay: float, delta: float,
    ) -> None:  # fmt: skip
        _run(_kernels().adadelta, [data, diff, gradients, updates], scale, l1, l2, rate, decay, delta)

    def update_adam(
        self, data: Array, diff: Array, mean: Array, square: Array,
        scale: Scale, l1: float, l2: float, rate: float, beta1: float, beta2: float, delta: float,
    ) -> None:  # fmt: skip
        _run(_kernels().adam, [data, diff, mean, square], scale, l1, l2, rate, beta1, beta2, delta)


def _run(kernel: Callable[..., None], arrays: list[Array], *numbers: float) -> None:
    singles = [numpy.float32(number) for number in numbers]
    pool.run(lambda piece: kernel(*[array[piece] for array in arrays], *singles), pool.split(arrays[0].size, LEAST))
