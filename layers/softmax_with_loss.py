"""SoftmaxWithLoss: the mean of -log softmax(x)[label]."""

from cafflite.errors import ShapeError
from cafflite.layers._index import check_index, refuse_gradient
from cafflite.layers._loss import Mode, divisor, ignored_label, normalization
from cafflite.layers.base import Blobs, LossLayer, layer


@layer("SoftmaxWithLoss")
class SoftmaxWithLoss(LossLayer):
    """
    bottom[0]  x       (M..., C, K...)   C classes at `axis` of softmax_param
    bottom[1]  labels  M K values        0 to C - 1, or `ignore_label`
    top[0]     loss    ()

    `normalization` says what the sum of the losses is divided by.
    """

    param_name = "softmax_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.ignored = ignored_label(self.layer_param.loss_param)
        self.normalization = normalization(self.layer_param.loss_param, Mode.VALID)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        x, labels = bottom
        axis = x.axis(self.param.axis)
        self.outer, self.classes, self.inner = x.count_axes(0, axis), x.shape[axis], x.count_axes(axis + 1)
        if self.classes == 0:
            raise ShapeError(f"its predictions {x.shape} have no classes on axis {axis}")
        if labels.count != self.outer * self.inner:
            raise ShapeError(
                f"its labels {labels.shape} are {labels.count} values, and predictions {x.shape} with classes on axis "
                f"{axis} need {self.outer * self.inner}"
            )
        self.prob = self.empty(self.outer, self.classes, self.inner)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        check_index(self.ops, bottom[1].data, self.classes, "label", self.ignored)
        x, label = bottom[0].data.reshape(self.prob.shape), bottom[1].data.reshape(self.outer, self.inner)
        total, valid = self.ops.softmax_loss(x, label, self.ignored, prob=self.prob)
        self.divisor = divisor(self.xp, self.normalization, self.outer, self.inner, valid)
        top[0].data[...] = total / self.divisor

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[1], "labels")
        if propagate_down[0]:
            label, dx = bottom[1].data.reshape(self.outer, self.inner), bottom[0].diff.reshape(self.prob.shape)
            scale = top[0].diff / self.divisor
            self.ops.softmax_loss_backward(self.prob, label, self.ignored, scale, out=dx)
