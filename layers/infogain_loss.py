"""InfogainLoss: cross entropy of softmax(x), with a matrix H that says what each answer is worth for each label."""

import math

from cafflite.blob import Array
from cafflite.errors import DataError, NetError, ShapeError, WeightsError
from cafflite.files import reason
from cafflite.layers._index import check_index, refuse_gradient
from cafflite.layers._loss import LEAST_PROBABILITY, Mode, divisor, ignored_label, normalization
from cafflite.layers.base import Blobs, LossLayer, layer
from cafflite.proto import blob_proto


@layer("InfogainLoss")
class InfogainLoss(LossLayer):
    """
    bottom[0]  x       (M..., C, K...)  C classes at `axis`
    bottom[1]  labels  M K values       0 to C - 1, or `ignore_label`
    bottom[2]  H       C C values       without it, read from the file `source`, a BlobProto
    top[0]     loss    ()               sum of -H[label, c] log softmax(x)[c], divided by the `normalization`
    """

    param_name = "infogain_loss_param"
    num_bottom = (2, 3)

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index == 0

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.ignored = ignored_label(self.layer_param.loss_param)
        self.normalization = normalization(self.layer_param.loss_param, Mode.VALID)
        if len(bottom) == 2:
            if not self.param.source:
                raise NetError("it has neither a third bottom nor a source for its matrix")
            self.source = self.read(self.param.source)

    def read(self, path: str) -> Array:
        """The array of a BlobProto file."""
        try:
            with open(path, "rb") as file:
                return blob_proto.parse(file.read())
        except OSError as error:
            raise DataError(f"{path}: {reason(error)}") from error
        except WeightsError as error:
            raise DataError(f"{path}: {error}") from error

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        if len(bottom) == 2:
            self.matrix = self.xp.asarray(self.source, self.ops.dtype)
        x, labels = bottom[:2]
        axis = x.axis(self.param.axis)
        self.view = (x.count_axes(0, axis), x.shape[axis], x.count_axes(axis + 1))
        outer, classes, inner = self.view
        if labels.count != outer * inner:
            raise ShapeError(
                f"its labels {labels.shape} are {labels.count} values, and predictions {x.shape} need {outer * inner}"
            )
        matrix = bottom[2].shape if len(bottom) == 3 else self.matrix.shape
        if matrix[-2:] != (classes, classes) or math.prod(matrix) != classes**2:
            raise ShapeError(f"its matrix has shape {matrix}, expected {classes} by {classes} classes")
        self.prob = self.empty(*self.view)
        self.work = self.empty(*self.view)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        xp, (outer, classes, inner) = self.xp, self.view
        check_index(self.ops, bottom[1].data, classes, "label", self.ignored)
        label = bottom[1].data.reshape(outer, inner).astype(xp.int64)
        kept = xp.ones(label.shape, bool) if self.ignored is None else label != self.ignored
        matrix = (bottom[2].data if len(bottom) == 3 else self.matrix).reshape(classes, classes)
        self.worth = (matrix[xp.where(kept, label, 0)] * kept[:, :, None]).transpose(0, 2, 1)  # (outer, C, inner)
        self.ops.softmax(bottom[0].data.reshape(self.view), out=self.prob)
        xp.maximum(self.prob, LEAST_PROBABILITY, out=self.work)
        xp.log(self.work, out=self.work)
        self.work *= self.worth
        self.divisor = divisor(xp, self.normalization, outer, inner, kept.sum())
        top[0].data[...] = -self.work.sum() / self.divisor

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[1], "labels")
        refuse_gradient(len(bottom) == 3 and propagate_down[2], "matrix")
        if propagate_down[0]:
            dx = bottom[0].diff.reshape(self.view)
            self.xp.multiply(self.prob, self.worth.sum(axis=1, keepdims=True), out=dx)
            dx -= self.worth
            dx *= top[0].diff / self.divisor
