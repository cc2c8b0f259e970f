"""The updates of the solvers on a GPU: one kernel each. The scale of clipping stays there."""

from cafflite.backend.base import Array
from cafflite.backend.cupy_kernels import launch, launch_blocks
from cafflite.backend.ops_update import Scale, UpdateOps

BLOCKS = 256  # that add up the squares of a gradient, each its share


class CupyUpdate(UpdateOps):
    """As `UpdateOps`, with the same shapes and errors."""

    def clipping(self, x: Array, most: float) -> tuple[Array, Scale]:
        sums, found = self.xp.empty(BLOCKS, self.dtype), self.xp.empty(2, self.dtype)
        launch_blocks("squares", BLOCKS, x, x.size, sums)
        launch_blocks("clipping", 1, sums, BLOCKS, float(most), found)
        return found[0], found[1]

    def update_sgd(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, momentum: float,
    ) -> None:  # fmt: skip
        _run("sgd", [data, diff, history], scale, l1, l2, rate, momentum)

    def update_nesterov(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, momentum: float,
    ) -> None:  # fmt: skip
        _run("nesterov", [data, diff, history], scale, l1, l2, rate, momentum)

    def update_adagrad(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, delta: float,
    ) -> None:  # fmt: skip
        _run("adagrad", [data, diff, history], scale, l1, l2, rate, delta)

    def update_rmsprop(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, decay: float, delta: float,
    ) -> None:  # fmt: skip
        _run("rmsprop", [data, diff, history], scale, l1, l2, rate, decay, delta)

    def update_adadelta(
        self, data: Array, diff: Array, gradients: Array, updates: Array,
        scale: Scale, l1: float, l2: float, rate: float, decay: float, delta: float,
    ) -> None:  # fmt: skip
        _run("adadelta", [data, diff, gradients, updates], scale, l1, l2, rate, decay, delta)

    def update_adam(
        self, data: Array, diff: Array, mean: Array, square: Array,
        scale: Scale, l1: float, l2: float, rate: float, beta1: float, beta2: float, delta: float,
    ) -> None:  # fmt: skip
        _run("adam", [data, diff, mean, square], scale, l1, l2, rate, beta1, beta2, delta)


def _run(kernel: str, arrays: list[Array], scale: Scale, *numbers: float) -> None:
    on_host = isinstance(scale, float | int)
    factor, scale = (None, scale) if on_host else (scale, 1)
    launch(kernel, arrays[0].size, *arrays, factor, *map(float, (scale, *numbers)))
