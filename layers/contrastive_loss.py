"""ContrastiveLoss: draws similar pairs together and pushes others at least `margin` apart (Hadsell et al. 2006)."""

from cafflite.errors import ShapeError
from cafflite.layers._index import refuse_gradient
from cafflite.layers.base import Blobs, LossLayer, layer


@layer("ContrastiveLoss")
class ContrastiveLoss(LossLayer):
    """
    bottom[0]  a        (N, C) or (N, C, 1, 1)
    bottom[1]  b        the same
    bottom[2]  similar  (N,)  not 0 where a and b are alike
    top[0]     loss     ()    sum over n of d^2 (alike) or max(0, margin - d)^2 (not), d = |a - b|, over 2N

    With legacy_version, pairs that are not alike give max(0, margin - d^2).
    """

    param_name = "contrastive_loss_param"
    num_bottom = 3

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index != 2

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        a, b, similar = bottom
        if a.shape != b.shape or a.count_axes(2) != 1:
            raise ShapeError(f"it compares {a.shape} with {b.shape}, expected twice (N, C) or (N, C, 1, 1)")
        pairs = a.count_axes(0, 1)
        if similar.count != pairs:
            raise ShapeError(f"it has {similar.count} labels {similar.shape} for {pairs} pairs")
        self.view = (pairs, a.count_axes(1))
        self.divisor = max(1, pairs)
        self.difference = self.empty(*self.view)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        xp, margin = self.xp, self.param.margin
        a, b = (blob.data.reshape(self.view) for blob in bottom[:2])
        self.xp.subtract(a, b, out=self.difference)
        square = (self.difference * self.difference).sum(axis=1)
        similar = bottom[2].data.reshape(-1).astype(xp.int64) != 0
        if self.param.legacy_version:
            apart = margin - square
            loss = xp.maximum(apart, 0)
            push = xp.ones_like(square)
        else:
            distance = xp.sqrt(square)
            apart = margin - distance
            loss = xp.maximum(apart, 0) ** 2
            push = apart / (distance + 1e-4)
        self.pull = xp.where(similar, 1, xp.where(apart > 0, -push, 0))[:, None]
        top[0].data[...] = xp.where(similar, square, loss).sum() / (2 * self.divisor)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down[2], "labels")
        scale = self.pull * (top[0].diff / self.divisor)
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=False):
            if wanted:
                self.xp.multiply(self.difference, sign * scale, out=blob.diff.reshape(self.view))
