"""CTCGreedyDecoder: the label sequence of the likeliest class at each time step."""

from typing import Any

from cafflite.errors import NetError
from cafflite.layers._ctc import blank_class, check_shapes, label_counts, time_steps
from cafflite.layers._index import refuse_gradient
from cafflite.layers.base import Blobs, Layer, layer


@layer("CTCGreedyDecoder")
class CTCGreedyDecoder(Layer):
    """
    bottom[0]  x          (T, N, C)  a score or a probability for each class
    bottom[1]  cont       (T, N)     optional, as in CTCLoss; or lengths (N,)
    bottom[2]  labels     (L, N)     optional, as in CTCLoss
    top[0]     decoded    (T, N)     a column for each sequence: the labels that are found, then -1 to the end
    top[1]     scores     (N,)       minus the sum of the largest value of each step; with labels and two tops left out
    top[-1]    accuracy   ()         with labels: 1 - the edit distance of decoded and labels, divided by the length of
                                     the longer one, as a mean over the sequences

    Classes that repeat from step to step are merged (unless ctc_merge_repeated is false), and blanks left out, as in
    ChWick's fork. The blank is the last class, or `blank_index`; nets of caffe_ocr want `blank_index: 0`.
    """

    param_name = "ctc_decoder_param"
    num_bottom = (1, 3)
    num_top = (1, 3)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if len(top) > 2 and len(bottom) < 3:
            raise NetError("it has 3 tops, the last of them for the accuracy, which needs labels as the third bottom")
        self.with_accuracy = len(bottom) == 3 and len(top) > 1
        self.with_scores = len(top) > 1 + self.with_accuracy

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        check_shapes(bottom)
        steps, streams, classes = bottom[0].shape
        self.blank = blank_class(self.param.blank_index, classes)
        top[0].reshape(steps, streams)
        if self.with_scores:
            top[1].reshape(streams)
        if self.with_accuracy:
            top[-1].reshape()

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        xp, x = self.xp, bottom[0].data
        steps = time_steps(self.ops, bottom[1] if len(bottom) > 1 else None, x.shape)
        within = xp.arange(len(x))[:, None] < steps
        likeliest = x.argmax(axis=2)
        counts = within & (likeliest != self.blank)
        if self.param.ctc_merge_repeated:
            counts[1:] &= likeliest[1:] != likeliest[:-1]
        # the labels come first in the order of their steps; what is behind them stays -1
        order = xp.argsort(~counts, axis=0, kind="stable")
        found = xp.where(counts, likeliest, -1)
        top[0].data[...] = xp.take_along_axis(found, order, axis=0)
        if self.with_scores:
            top[1].data[...] = -(x.max(axis=2) * within).sum(axis=0)
        if self.with_accuracy:
            top[-1].data[...] = self.accuracy(*(self.ops.to_host(rows) for rows in (top[0].data, bottom[2].data)))

    def accuracy(self, decoded: Any, labels: Any) -> float:
        found, expected = (
            [column[:count].tolist() for column, count in zip(rows.T, label_counts(rows).tolist(), strict=True)]
            for rows in (decoded, labels)
        )
        alike = [1 - edit_distance(a, b) / max(1, len(a), len(b)) for a, b in zip(found, expected, strict=True)]
        return sum(alike) / max(1, len(alike))

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(any(propagate_down), "bottoms")

    def allow_force_backward(self, bottom_index: int) -> bool:
        return False


def edit_distance(a: list, b: list) -> int:
    """The least number of items to insert, delete or replace that makes one list the other (Levenshtein 1965)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]
