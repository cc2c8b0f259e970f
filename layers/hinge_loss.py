"""HingeLoss: one against all, with the L1 or the squared L2 norm of the margins."""

from cafflite.errors import ShapeError
from cafflite.layers._index import check_index, refuse_gradient
from cafflite.layers.base import Blobs, LossLayer, layer
from cafflite.proto.caffe_pb2 import HingeLossParameter


@layer("HingeLoss")
class HingeLoss(LossLayer):
    """
    bottom[0]  x       (N, K...)  a score for each of the K classes
    bottom[1]  labels  (N,)       0 to K - 1
    top[0]     loss    ()         sum over n, k of m^p / N, with m = max(0, 1 - x) at the label, max(0, 1 + x) elsewhere

    p is 1 for `norm: L1`, 2 for L2.
    """

    param_name = "hinge_loss_param"

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        x, labels = bottom
        rows = x.count_axes(0, 1)
        if labels.count != rows:
            raise ShapeError(f"its labels {labels.shape} are {labels.count} values for {rows} rows of {x.shape}")
        self.margin = self.empty(rows, x.count_axes(1))
        self.row = self.xp.arange(rows)
        self.divisor = max(1, rows)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        margin = self.margin
        check_index(self.ops, bottom[1].data, margin.shape[1], "label")
        self.label = bottom[1].data.reshape(-1).astype(self.xp.int64)
        margin[...] = bottom[0].data.reshape(margin.shape)
        margin[self.row, self.label] *= -1
        margin += 1
        self.xp.maximum(margin, 0, out=margin)
        flat = margin.reshape(-1)
        top[0].data[...] = (flat.sum() if self.param.norm == HingeLossParameter.L1 else flat @ flat) / self.divisor

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[1], "labels")
        if propagate_down[0]:
            scale = top[0].diff / self.divisor
            dx = bottom[0].diff.reshape(self.margin.shape)
            if self.param.norm == HingeLossParameter.L1:
                self.xp.sign(self.margin, out=dx)
                dx *= scale
            else:
                self.xp.multiply(self.margin, 2 * scale, out=dx)
            dx[self.row, self.label] *= -1
