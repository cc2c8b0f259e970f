"""Accuracy: the share of samples whose label is among the top_k best classes."""

from cafflite.errors import NetError, ShapeError
from cafflite.layers._index import check_index
from cafflite.layers.base import Blobs, Layer, layer


@layer("Accuracy")
class Accuracy(Layer):
    """
    bottom[0]  x         (M..., C, K...)   scores of C classes at `axis`
    bottom[1]  labels    M K values        0 to C - 1, or `ignore_label`
    top[0]     accuracy  ()                over the labels that are not ignored; 0 without any
    top[1]     accuracy  (C,)              of each class, where wanted; 0 for a class without samples

    A class that scores as high as the label's counts as better.
    """

    param_name = "accuracy_param"
    num_bottom = 2
    num_top = (1, 2)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.ignored = self.param.ignore_label if self.param.HasField("ignore_label") else None

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x, labels = bottom
        axis = x.axis(self.param.axis)
        self.shape = x.count_axes(0, axis), x.shape[axis], x.count_axes(axis + 1)
        outer, classes, inner = self.shape
        if labels.count != outer * inner:
            raise ShapeError(
                f"its labels {labels.shape} are {labels.count} values, and predictions {x.shape} with classes on axis "
                f"{axis} need {outer * inner}"
            )
        if self.param.top_k > classes:
            raise NetError(f"top_k is {self.param.top_k}, more than the {classes} classes")
        top[0].reshape()
        if len(top) > 1:
            top[1].reshape(classes)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        outer, classes, inner = self.shape
        check_index(self.ops, bottom[1].data, classes, "label", self.ignored)
        xp, x = self.xp, bottom[0].data.reshape(self.shape)
        label = bottom[1].data.reshape(outer, inner).astype(int)
        counted = xp.ones(label.shape, bool) if self.ignored is None else label != self.ignored
        label = xp.where(counted, label, 0)
        score = x[xp.arange(outer)[:, None], label, xp.arange(inner)]
        better = (x >= score[:, None, :]).sum(axis=1) - 1  # the label's class itself is not
        correct = counted & (better < self.param.top_k)
        top[0].data[...] = correct.sum() / xp.maximum(counted.sum(), 1)
        if len(top) > 1:
            label = label.reshape(-1)
            samples, hits = xp.zeros((2, classes), "float64")
            xp.add.at(samples, label, counted.reshape(-1))
            xp.add.at(hits, label, correct.reshape(-1))
            top[1].data[...] = hits / xp.maximum(samples, 1)

    def allow_force_backward(self, bottom_index: int) -> bool:
        return False
