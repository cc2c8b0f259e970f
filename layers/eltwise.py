"""Eltwise: the product, the sum or the maximum of blobs, element by element."""

from cafflite.blob import Array
from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Eltwise")
class Eltwise(Layer):
    """
    bottom[i]  x_i  any shape, all the same
    top[0]     y    the same shape; PROD, SUM (of coeff_i x_i) or MAX

    `stable_prod_grad` makes no difference here: the gradient of a product is always taken without a division.
    """

    param_name = "eltwise_param"
    num_bottom = (2, None)
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        if p.coeff and len(p.coeff) != len(bottom):
            raise NetError(f"it has {len(p.coeff)} coeffs for {len(bottom)} bottoms, expected one for each")
        if p.coeff and p.operation == p.PROD:
            raise NetError("it has coeffs, which a PROD does not take; use operation: SUM")
        self.coeff = list(p.coeff) or [1.0] * len(bottom)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        for i, blob in enumerate(bottom):
            if blob.shape != shape:
                raise ShapeError(f"bottom {i} {blob.shape} and bottom 0 {shape} have different shapes")
        top[0].reshape(*shape)
        if self.param.operation == self.param.SUM:
            self.scaled = self.empty(*shape)
        elif self.param.operation == self.param.MAX:
            self.winner, self.mask = self.empty(*shape, dtype=self.xp.int32), self.empty(*shape, dtype=bool)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        p, xp, y = self.param, self.xp, top[0].data
        x, *others = [blob.data for blob in bottom]
        if p.operation == p.PROD:
            for other in others:
                x = xp.multiply(x, other, out=y)
        elif p.operation == p.SUM:
            if self.coeff[0] != 1:
                x = xp.multiply(x, self.coeff[0], out=y)
            for other, coeff in zip(others, self.coeff[1:], strict=True):
                self.ops.add(x, other if coeff == 1 else xp.multiply(other, coeff, out=self.scaled), out=y)
                x = y
        else:
            y[...] = x
            self.winner[...] = 0
            for i, other in enumerate(others, 1):
                self.wins(other, y, i)
                xp.copyto(y, other, where=self.mask)
                xp.copyto(self.winner, i, where=self.mask)

    def takes_in(self, behind: list[Layer]) -> bool:
        is_plain_sum = self.param.operation == self.param.SUM and all(c == 1 for c in self.coeff)
        return is_plain_sum and [layer.type for layer in behind] == ["ReLU"]

    def forward_with(self, behind: list[Layer], bottom: Blobs, top: Blobs) -> None:
        x, *others = [blob.data for blob in bottom]
        for other in others[:-1]:
            self.ops.add(x, other, out=top[0].data)
            x = top[0].data
        self.ops.relu_of_sum(x, others[-1], behind[0].channel_map().slope, out=top[0].data)

    def wins(self, x: Array, y: Array, i: int) -> None:
        """Set the mask where x, of bottom i, comes before the maximum y of those before it: Caffe's rule for ties."""
        if i == 1:
            self.xp.logical_not(self.xp.greater(y, x, out=self.mask), out=self.mask)
        else:
            self.xp.greater(x, y, out=self.mask)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        p, xp, dy = self.param, self.xp, top[0].diff
        if p.operation == p.PROD and top[0] is bottom[0]:
            raise NetError("it works in place, and the gradient of a PROD needs its bottoms; give its top another name")
        # From the last to the first, whose diff may be dy itself.
        for i in reversed(range(len(bottom))):
            if not propagate_down[i]:
                continue
            dx = bottom[i].diff
            if p.operation == p.SUM and self.coeff[i] == 1:
                self.ops.copy(dy, out=dx)
            elif p.operation == p.SUM:
                xp.multiply(dy, self.coeff[i], out=dx)
            elif p.operation == p.MAX:
                xp.multiply(dy, xp.equal(self.winner, i, out=self.mask), out=dx)
            else:
                dx[...] = dy
                for j, blob in enumerate(bottom):
                    if j != i:
                        dx *= blob.data
