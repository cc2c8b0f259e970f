"""CTCLoss: how likely recurrent outputs are to spell label sequences, whatever the time that each label takes."""

from cafflite.blob import Array
from cafflite.errors import DataError
from cafflite.layers._ctc import blank_class, check_shapes, label_counts, time_steps
from cafflite.layers._index import refuse_gradient
from cafflite.layers.base import Blobs, LossLayer, layer


@layer("CTCLoss")
class CTCLoss(LossLayer):
    """
    bottom[0]  x       (T, N, C)  T time steps of N sequences; a score for each class, before its softmax
    bottom[1]  cont    (T, N)     a sequence begins at step 0 and ends before the next 0; or lengths (N,), from 1 to T
    bottom[2]  labels  (L, N)     a column for each sequence: its labels, then -1 to the end
    top[0]     loss    ()         mean over the sequences of -log p(labels | x)

    Connectionist temporal classification (Graves, Fernandez, Gomez and Schmidhuber 2006), with the bottoms of ChWick's
    fork. p(labels | x) is the probability of all paths, one class a step, that spell the labels when repeated classes
    are merged and blanks are left out. The blank is the last class, or `blank_index`.
    """

    param_name = "ctc_loss_param"
    num_bottom = 3

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        check_shapes(bottom)
        self.blank = blank_class(self.param.blank_index, bottom[0].shape[2])
        top[0].reshape()
        self.log_prob = self.empty(*bottom[0].shape, dtype="float64")
        self.expected = self.xp.empty_like(self.log_prob)
        self.losses = self.empty(bottom[0].shape[1], dtype="float64")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        xp, x, log_prob = self.xp, bottom[0].data, self.log_prob
        log_prob[...] = x
        log_prob -= log_prob.max(axis=2, keepdims=True)
        log_prob -= xp.log(xp.exp(log_prob).sum(axis=2, keepdims=True))

        steps, labels = time_steps(self.ops, bottom[1], x.shape), bottom[2].data
        counts = label_counts(labels)
        labels = xp.where(xp.arange(len(labels))[:, None] < counts, labels, self.blank)
        self.check_labels(labels, counts, steps)
        states = xp.full((x.shape[1], 2 * len(labels) + 1), self.blank)
        states[:, 1::2] = labels.T
        passes = xp.zeros(states.shape, bool)
        passes[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
        self.ops.ctc_loss(log_prob, states, passes, steps, 2 * counts + 1, self.losses, self.expected)
        self.within = xp.arange(len(x))[:, None] < steps
        top[0].data[...] = self.losses.sum() / max(1, len(steps))

    def check_labels(self, labels: Array, counts: Array, steps: Array) -> None:
        """DataError for a label that is no class, or the blank, and for a sequence too short for its labels."""
        xp, classes = self.xp, self.log_prob.shape[2]
        within = xp.arange(len(labels))[:, None] < counts
        wrong = within & ((labels >= classes) | (labels != labels.round()) | (labels == self.blank))
        repeated = (within[1:] & (labels[1:] == labels[:-1])).sum(axis=0)

        def refuse_label(labels: Array, wrong: Array) -> None:
            i, n = (int(axis[0]) for axis in wrong.nonzero())
            raise DataError(
                f"label {i} of sequence {n} is {float(labels[i, n]):g}, expected one of the classes 0 to {classes - 1} "
                f"but for the blank {self.blank}"
            )

        def refuse_length(steps: Array, counts: Array, repeated: Array) -> None:
            n = int((counts + repeated > steps).argmax())
            raise DataError(
                f"sequence {n} has {int(steps[n])} time steps, and its {int(counts[n])} labels, of which "
                f"{int(repeated[n])} are the same as the one before, need {int(counts[n] + repeated[n])}"
            )

        self.ops.require(~wrong, refuse_label, labels, wrong)
        self.ops.require(counts + repeated <= steps, refuse_length, steps, counts, repeated)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[1], "sequence indicators")
        refuse_gradient(propagate_down[2], "labels")
        if propagate_down[0]:
            dx = self.xp.exp(self.log_prob)
            dx -= self.expected
            dx *= self.within[:, :, None] * (top[0].diff / max(1, len(self.losses)))
            bottom[0].diff[...] = dx

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index == 0
