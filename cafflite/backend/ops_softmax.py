"""Softmax and its loss, over the middle one of three axes (outer, C, inner)."""

from cafflite.backend.base import Array, BaseOps

LEAST = 1.1754943508222875e-38  # the smallest normal float32, Caffe's bound under a probability before its logarithm


class SoftmaxOps(BaseOps):
    """Labels are numbers from 0 to C - 1, of any type and of shape (outer, inner)."""

    def softmax(self, x: Array, out: Array) -> None:
        """out = e^x / sum over C of e^x. `out` may be x."""
        self.xp.subtract(x, x.max(axis=1, keepdims=True), out=out)
        self.xp.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)

    def softmax_backward(self, dy: Array, y: Array, out: Array) -> None:
        """out = y (dy - sum over C of dy y), where y = softmax x. `out` may be dy."""
        self.xp.subtract(dy, (dy * y).sum(axis=1, keepdims=True), out=out)
        out *= y

    def softmax_loss(self, x: Array, label: Array, ignored: int | None, prob: Array) -> tuple[Array, Array]:
        """The sum of -log prob[label] where the label is not `ignored`, and how many labels that is.

        prob = softmax x is kept for the backward pass.
        """
        self.softmax(x, prob)
        kept, place = self._places(label, ignored)
        losses = -self.xp.log(self.xp.maximum(prob[place], LEAST))
        return (losses * kept).sum(), kept.sum()

    def softmax_loss_backward(self, prob: Array, label: Array, ignored: int | None, scale: Array, out: Array) -> None:
        """out = scale (prob - 1 at the label, prob elsewhere), and 0 where the label is `ignored`."""
        kept, place = self._places(label, ignored)
        self.xp.multiply(prob, scale, out=out)
        out[place] -= scale
        if ignored is not None:
            out *= kept[:, None, :]

    def _places(self, label: Array, ignored: int | None) -> tuple[Array, tuple[Array, ...]]:
        """Which labels count, and the index of each label's element in (outer, C, inner)."""
        xp = self.xp
        label = label.astype(xp.int64)
        kept = xp.ones(label.shape, bool) if ignored is None else label != ignored
        outer, inner = xp.arange(label.shape[0])[:, None], xp.arange(label.shape[1])
        return kept, (outer, xp.where(kept, label, 0), inner)
