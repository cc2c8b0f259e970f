"""Softmax and its loss on a GPU: one kernel for each row's maximum, sum and division; one for all labels."""

from cafflite.backend.base import Array
from cafflite.backend.cupy_kernels import launch, launch_blocks
from cafflite.backend.ops_softmax import LEAST, SoftmaxOps

WARP = 32  # threads that do a row together where it lies in order


def _over_rows(name: str, *arrays: Array) -> None:
    """Launch a kernel for all rows of the arrays, (outer, C, inner)."""
    outer, classes, inner = arrays[0].shape
    lanes = WARP if inner == 1 else 1
    launch(name, outer * inner * lanes, *arrays[:-1], classes, inner, lanes, arrays[-1])


class CupySoftmax(SoftmaxOps):
    """As `SoftmaxOps`, with the same shapes and errors."""

    def softmax(self, x: Array, out: Array) -> None:
        _over_rows("softmax", x, out)

    def softmax_backward(self, dy: Array, y: Array, out: Array) -> None:
        _over_rows("softmax_backward", dy, y, out)

    def softmax_loss(self, x: Array, label: Array, ignored: int | None, prob: Array) -> tuple[Array, Array]:
        self.softmax(x, prob)
        sums = self.xp.empty(2, self.dtype)
        label = label.astype(self.dtype, copy=False)
        launch_blocks("label_losses", 1, prob, label, label.size, *x.shape[1:], *_kept(ignored), LEAST, sums)
        return sums[0], sums[1]

    def softmax_loss_backward(self, prob: Array, label: Array, ignored: int | None, scale: Array, out: Array) -> None:
        label, scale = label.astype(self.dtype, copy=False), self.xp.asarray(scale, self.dtype)
        launch("softmax_loss_backward", prob.size, prob, label, scale, *prob.shape[1:], *_kept(ignored), out)


def _kept(ignored: int | None) -> tuple[bool, int]:
    """Whether a label does not count, and which."""
    return ignored is not None, ignored or 0
