"""Operations along channels: slope and offset, normalization, PReLU."""

from cafflite.backend.base import Array, BaseOps


class ChannelOps(BaseOps):
    """Arrays are (N, C, S): a batch, channels, and everything behind them. A value for each channel is (C,).

    `out` may be the first of the arrays it is computed from.
    """

    def channel_affine(
        self,
        x: Array,
        scale: Array,
        bias: Array | None,
        out: Array,
        slope: float = 1.0,
        kept: Array | None = None,
    ) -> None:
        """out = scale x + bias, and `slope` times that where it is not above 0; `kept` = x before."""
        if kept is not None:
            kept[...] = x
        self.xp.multiply(x, scale[:, None], out=out)
        if bias is not None:
            out += bias[:, None]
        if slope != 1:
            self.xp.multiply(out, slope, out=out, where=out <= 0)

    def add_channel_sum(self, x: Array, out: Array) -> None:
        """out (C,) += the sum of x (N, C, O...) over all other axes."""
        out += x.sum(axis=(0, *range(2, x.ndim)))

    def add_channel_dot(self, a: Array, b: Array, out: Array) -> None:
        """out (C,) += the sum of a b over N and S."""
        out += self.xp.einsum("ncs,ncs->c", a, b)

    def channel_moments(self, x: Array, mean: Array, variance: Array) -> None:
        """mean (C,) and variance (C,) of x over N and S."""
        x.mean(axis=(0, 2), out=mean)
        x.var(axis=(0, 2), out=variance)

    def channel_normalize(self, x: Array, mean: Array, inverse: Array, out: Array) -> None:
        """out = inverse (x - mean), where inverse is one over the deviation."""
        self.xp.subtract(x, mean[:, None], out=out)
        out *= inverse[:, None]

    def channel_batch_norm(
        self,
        x: Array,
        eps: float,
        mean: Array,
        variance: Array,
        inverse: Array,
        normalized: Array,
        out: Array,
        scale: Array | None = None,
        bias: Array | None = None,
        slope: float = 1.0,
    ) -> None:
        """The moments of x, `inverse` = 1 / sqrt(variance + eps), `normalized` by these, and what is made of that.

        out = scale normalized + bias, and `slope` times that where it is not above 0.
        """
        self.channel_moments(x, mean, variance)
        self.xp.sqrt(variance + eps, out=inverse)
        self.xp.reciprocal(inverse, out=inverse)
        self.channel_normalize(x, mean, inverse, out=normalized)
        self.channel_affine(normalized, self.xp.ones_like(mean) if scale is None else scale, bias, out, slope)

    def channel_affine_backward(
        self,
        dy: Array,
        x: Array,
        scale: Array,
        ds: Array,
        db: Array,
        out: Array,
        y: Array | None = None,
        slope: float = 1.0,
        inverse: Array | None = None,
        by_batch: bool = False,
    ) -> None:
        """The gradients of `channel_affine`: ds += the sums of dy x, db += those of dy, and out = scale dy.

        With a `slope`, dy is first multiplied by it where y, what `channel_affine` has made, is not above 0. With
        `inverse`, x is the result of a normalisation, and `out` the gradient of that, `by_batch` or else by moments
        that do not depend on what is normalised.
        """
        if y is not None and slope != 1:
            dy = self.xp.where(y > 0, dy, slope * dy)
        self.add_channel_dot(dy, x, out=ds)
        self.add_channel_sum(dy, out=db)
        self.channel_affine(dy, scale, None, out=out)
        if by_batch:
            self.channel_normalize_backward(out, x, inverse, out=out)
        elif inverse is not None:
            self.channel_affine(out, inverse, None, out=out)

    def channel_normalize_backward(self, dy: Array, y: Array, inverse: Array, out: Array) -> None:
        """out = inverse (dy - mean(dy) - y mean(y dy)): the gradient of y where mean and deviation are x's own."""
        mean = dy.mean(axis=(0, 2))
        along = (y * dy).mean(axis=(0, 2))
        out[...] = inverse[:, None] * (dy - mean[:, None] - y * along[:, None])

    def prelu(self, x: Array, slope: Array, out: Array) -> None:
        """out = x where x > 0, else slope x."""
        out[...] = self.xp.where(x > 0, x, slope[:, None] * x)

    def prelu_backward(self, dy: Array, x: Array, slope: Array, out: Array) -> None:
        """out = dy where x > 0, else slope dy."""
        out[...] = self.xp.where(x > 0, dy, slope[:, None] * dy)
