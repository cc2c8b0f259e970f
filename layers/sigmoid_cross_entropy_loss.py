"""SigmoidCrossEntropyLoss: cross entropy of sigmoid(x) with targets, each value on its own."""

from cafflite.errors import ShapeError
from cafflite.layers._index import refuse_gradient
from cafflite.layers._loss import Mode, divisor, ignored_label, normalization
from cafflite.layers.base import Blobs, LossLayer, layer


@layer("SigmoidCrossEntropyLoss")
class SigmoidCrossEntropyLoss(LossLayer):
    """
    bottom[0]  x        (N, ...)
    bottom[1]  targets  as many values  0 to 1, or `ignore_label`
    top[0]     loss     ()              sum of -t log s(x) - (1 - t) log(1 - s(x)), divided by the `normalization`

    The loss is divided by N unless the prototxt says otherwise.
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.ignored = ignored_label(self.layer_param.loss_param)
        self.normalization = normalization(self.layer_param.loss_param, Mode.BATCH_SIZE)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        x, targets = bottom
        if x.count != targets.count:
            raise ShapeError(f"predictions {x.shape} and targets {targets.shape} are not as many values")
        self.work = self.empty(*x.shape)
        self.kept = self.empty(*x.shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        xp, work = self.xp, self.work
        x, t = bottom[0].data, bottom[1].data.reshape(work.shape)
        self.kept[...] = 1 if self.ignored is None else xp.trunc(t) != self.ignored
        # max(x, 0) - x t + log(1 + e^-|x|) is the cross entropy without an overflow.
        xp.abs(x, out=work)
        xp.negative(work, out=work)
        xp.exp(work, out=work)
        xp.log1p(work, out=work)
        work += xp.maximum(x, 0)
        work -= x * t
        work *= self.kept
        rows, columns = bottom[0].count_axes(0, 1), bottom[0].count_axes(1)
        self.divisor = divisor(xp, self.normalization, rows, columns, self.kept.sum())
        top[0].data[...] = work.sum() / self.divisor

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[1], "targets")
        if propagate_down[0]:
            dx = bottom[0].diff
            self.ops.sigmoid(bottom[0].data, out=dx)
            dx -= bottom[1].data.reshape(dx.shape)
            dx *= self.kept
            dx *= top[0].diff / self.divisor
