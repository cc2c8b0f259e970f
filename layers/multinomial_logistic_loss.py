"""MultinomialLogisticLoss: the mean of -log p[label], of probabilities."""

from cafflite.errors import ShapeError
from cafflite.layers._index import check_index, refuse_gradient
from cafflite.layers._loss import LEAST_PROBABILITY
from cafflite.layers.base import Blobs, LossLayer, layer


@layer("MultinomialLogisticLoss")
class MultinomialLogisticLoss(LossLayer):
    """
    bottom[0]  p       (N, K...)  probabilities of K classes
    bottom[1]  labels  (N,)       0 to K - 1
    top[0]     loss    ()
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        p, labels = bottom
        rows = p.count_axes(0, 1)
        if labels.count != rows:
            raise ShapeError(f"its labels {labels.shape} are {labels.count} values for {rows} rows of {p.shape}")
        self.view = (rows, p.count_axes(1))
        self.row = self.xp.arange(rows)
        self.divisor = max(1, rows)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        check_index(self.ops, bottom[1].data, self.view[1], "label")
        self.label = bottom[1].data.reshape(-1).astype(self.xp.int64)
        chosen = bottom[0].data.reshape(self.view)[self.row, self.label]
        self.chosen = self.xp.maximum(chosen, LEAST_PROBABILITY)
        top[0].data[...] = -self.xp.log(self.chosen).sum() / self.divisor

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[1], "labels")
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            bottom[0].diff.reshape(self.view)[self.row, self.label] = -top[0].diff / self.divisor / self.chosen
