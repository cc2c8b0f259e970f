"""Window: what slides over the spatial axes in a convolution or a pooling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """
    kernel    taps along each spatial axis
    stride    steps from one position to the next
    pad       zeros on both sides of the input
    dilation  steps from one tap to the next
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def extent(self) -> tuple[int, ...]:
        """From the first to the last tap, both included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def taps(self) -> int:
        return math.prod(self.kernel)

    @property
    def has_one_tap(self) -> bool:
        """Whether every position sees exactly one input value."""
        return all((k, p) == (1, 0) for k, p in zip(self.kernel, self.pad, strict=True))

    def positions(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """How many positions there are on an input of `size`, along each axis.

        As in Caffe the division rounds towards zero, so a kernel that overhangs by less than a stride has one position.
        """
        return tuple(
            int((n + 2 * p - e) / s) + 1
            for n, p, e, s in zip(size, self.pad, self.extent, self.stride, strict=True)
        )  # fmt: skip

    def span(self, positions: tuple[int, ...]) -> tuple[int, ...]:
        """The size of the input on which so many positions just fit: what a deconvolution makes."""
        return tuple(
            s * (n - 1) + e - 2 * p
            for n, p, e, s in zip(positions, self.pad, self.extent, self.stride, strict=True)
        )  # fmt: skip

    def padded(self, size: tuple[int, ...], positions: tuple[int, ...]) -> tuple[int, ...]:
        """The size of an input with its zeros, large enough for every tap at every position."""
        return tuple(
            max(n + 2 * p, s * (o - 1) + e)
            for n, o, p, e, s in zip(size, positions, self.pad, self.extent, self.stride, strict=True)
        )

    def inside(self, size: tuple[int, ...]) -> tuple:
        """The index of the input itself in its padded array."""
        return (..., *(slice(p, p + n) for n, p in zip(size, self.pad, strict=True)))

    def seen(self, positions: tuple[int, ...]) -> Iterator[tuple]:
        """For each tap, in row-major order, the index into the padded array of what it sees at all positions."""
        for tap in itertools.product(*(range(k) for k in self.kernel)):
            starts = [t * d for t, d in zip(tap, self.dilation, strict=True)]
            yield (
                ...,
                *(slice(a, a + s * (o - 1) + 1, s) for a, o, s in zip(starts, positions, self.stride, strict=True)),
            )

    def lifted(self, axes: int) -> Window:
        """The same window with axes of one tap put in front, `axes` in all."""
        one, none = (1,) * (axes - len(self.kernel)), (0,) * (axes - len(self.kernel))
        return Window(one + self.kernel, one + self.stride, none + self.pad, one + self.dilation)
