"""NormStabilizerLoss: keeps the norms of hidden values from one time step to the next alike."""

from cafflite.errors import ShapeError
from cafflite.layers._index import refuse_gradient
from cafflite.layers._order import check_indicators
from cafflite.layers.base import Blobs, LossLayer, layer


@layer("NormStabilizerLoss")
class NormStabilizerLoss(LossLayer):
    """
    bottom[0]  h     (T, N, ...)  T time steps of N streams
    bottom[1]  cont  (T, N)       optional: a step where it is 0 is not compared to the one before
    top[0]     loss  ()           sum over t > 0 and n of (|h[t, n]| - |h[t-1, n]|)^2, divided by T N

    The norm stabiliser of Krueger and Memisevic, "Regularizing RNNs by Stabilizing Activations" (2015), with the norm
    |h| that of Euclid; its beta is the loss_weight.
    """

    num_bottom = (1, 2)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        h = bottom[0].shape
        if len(h) < 2 or h[0] < 1:
            raise ShapeError(f"its input is {h}, expected (T, N, ...): one time step or more, streams, values")
        if len(bottom) == 2 and bottom[1].shape != h[:2]:
            raise ShapeError(f"its sequence indicators are {bottom[1].shape}, expected {h[:2]} as its input is {h}")
        top[0].reshape()

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        steps, streams = bottom[0].shape[:2]
        h = bottom[0].data.reshape(steps, streams, bottom[0].count_axes(2))
        self.norms = self.xp.sqrt((h * h).sum(axis=2))
        self.change = self.norms[1:] - self.norms[:-1]
        if len(bottom) == 2:
            check_indicators(self.ops, bottom[1].data)
            self.change *= bottom[1].data[1:]
        top[0].data[...] = (self.change * self.change).sum() / max(1, self.norms.size)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(len(bottom) == 2 and propagate_down[1], "sequence indicators")
        if propagate_down[0]:
            slope = self.xp.zeros_like(self.norms)
            slope[1:] += self.change
            slope[:-1] -= self.change
            slope *= 2 / max(1, self.norms.size) * top[0].diff
            slope /= self.xp.where(self.norms > 0, self.norms, 1)
            steps, streams = slope.shape
            shape = (steps, streams, *[1] * (bottom[0].ndim - 2))
            self.xp.multiply(bottom[0].data, slope.reshape(shape), out=bottom[0].diff)

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index == 0
