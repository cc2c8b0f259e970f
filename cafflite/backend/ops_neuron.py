"""Operations on each element by itself: activations and dropout."""

from cafflite.backend.base import Array, BaseOps

WORD = 2**64 - 1


class NeuronOps(BaseOps):
    """Arrays of one operation have one shape; `out` may be the first of them."""

    def relu(self, x: Array, slope: float, out: Array) -> None:
        """out = x where x > 0, else slope x."""
        out[...] = self.xp.where(x > 0, x, slope * x)

    def relu_backward(self, dy: Array, x: Array, slope: float, out: Array) -> None:
        """out = dy where x > 0, else slope dy."""
        out[...] = self.xp.where(x > 0, dy, slope * dy)

    def relu_of_sum(self, a: Array, b: Array, slope: float, out: Array) -> None:
        """out = a + b where that is above 0, else slope (a + b)."""
        self.xp.add(a, b, out=out)
        self.relu(out, slope, out=out)

    def elu(self, x: Array, alpha: float, out: Array) -> None:
        """out = x where x > 0, else alpha (e^x - 1)."""
        out[...] = self.xp.where(x > 0, x, alpha * (self.xp.exp(self.xp.minimum(x, 0)) - 1))

    def elu_backward(self, dy: Array, x: Array, y: Array, alpha: float, out: Array) -> None:
        """out = dy where x > 0, else (y + alpha) dy, where y = elu x."""
        out[...] = self.xp.where(x > 0, dy, (y + alpha) * dy)

    def tanh(self, x: Array, out: Array) -> None:
        """out = tanh x."""
        self.xp.tanh(x, out=out)

    def tanh_backward(self, dy: Array, y: Array, out: Array) -> None:
        """out = dy (1 - y^2), where y = tanh x."""
        self.xp.multiply(dy, 1 - y * y, out=out)

    def sigmoid(self, x: Array, out: Array) -> None:
        """out = 1 / (1 + e^-x)."""
        out[...] = 0.5 * self.xp.tanh(0.5 * x) + 0.5

    def sigmoid_backward(self, dy: Array, y: Array, out: Array) -> None:
        """out = dy y (1 - y), where y = sigmoid x."""
        self.xp.multiply(dy, y * (1 - y), out=out)

    def dropout(self, x: Array, ratio: float, seed: int, step: int, out: Array) -> None:
        """out = 0 for about `ratio` of the elements, x / (1 - ratio) for the others.

        An element's fate is a hash of `seed`, `step` and its place, so the same call drops the same elements again:
        backward needs no stored mask, and neither threads nor the device make a difference.
        """
        limit, scale, first, second = dropout_constants(ratio, seed, step)
        # C. Wellons' hash triple32 of the place, with two keys and without its last step, which leaves the high bits.
        u32 = self.xp.uint32
        bits = self.xp.arange(x.size, dtype=u32) ^ u32(first)
        bits = (bits ^ (bits >> u32(17))) * u32(0xED5AD4BB)
        bits = ((bits ^ (bits >> u32(11))) + u32(second)) * u32(0xAC4C1B51)
        bits = (bits ^ (bits >> u32(15))) * u32(0x31848BAB)
        out[...] = self.xp.where(bits.reshape(x.shape) >= u32(limit), x, 0)
        out *= self.dtype.type(scale)


def dropout_constants(ratio: float, seed: int, step: int) -> tuple[int, float, int, int]:
    """The hash from which on an element is kept, its scale then, and two 32-bit keys of `seed` and `step`."""
    limit = min(round(ratio * 2**32), 2**32 - 1)
    scale = 1 / (1 - ratio) if ratio < 1 else 0.0
    # One output of SplitMix64 (Steele, Lea and Flood, 2014), in two halves.
    key = (seed + (step + 1) * 0x9E3779B97F4A7C15) & WORD
    key = ((key ^ (key >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    key = ((key ^ (key >> 27)) * 0x94D049BB133111EB) & WORD
    key ^= key >> 31
    return limit, scale, key & 0xFFFFFFFF, key >> 32
