"""What Pooling and SPP share: how many windows a plane has, and the ways to make one value of a window."""

from __future__ import annotations

from typing import Any

from cafflite.backend.window import Window
from cafflite.blob import Array
from cafflite.errors import ShapeError
from cafflite.layers.base import Layer
from cafflite.proto import caffe_pb2

Shape = tuple[int, ...]
TINY = 2.0**-126  # the smallest normal float32: nothing beside a sum, but not 0 to divide by


def pooled_size(size: Shape, window: Window, round_up: bool) -> Shape:
    """How many windows a plane of `size` has: rounded, and with padding without a last one that begins behind it."""
    counts = []
    for n, k, s, p in zip(size, window.kernel, window.stride, window.pad, strict=True):
        rest = n + 2 * p - k
        count = (-(-rest // s) if round_up else rest // s) + 1
        if any(window.pad) and (count - 1) * s >= n + p:
            count -= 1
        counts.append(count)
    if min(*counts, *size) < 1:
        raise ShapeError(f"a kernel of {window.kernel} does not fit planes of {size} with a padding of {window.pad}")
    return tuple(counts)


class PoolingLayer(Layer):
    """A layer that pools. Random numbers are drawn by its seed and its step, which counts the forward passes."""

    num_bottom = 1
    backward_needs_forward = True
    step = 0

    def make_pool(self, x: Shape, window: Window, round_up: bool = True, level: int = 0) -> Pool:
        """What pools arrays of shape `x`, (N, C, H, W), by `window`."""
        shape = *x[:2], *pooled_size(x[2:], window, round_up)
        return self.kind()(self, window, x, shape, level)

    def kind(self) -> type[Pool]:
        method = self.param.PoolMethod.Name(self.param.pool)
        if method == "STOCHASTIC":
            return StochasticPool if self.phase == caffe_pb2.TRAIN else ExpectedPool
        return MaxPool if method == "MAX" else AveragePool

    def state(self) -> dict[str, Any]:
        return {"seed": self.seed, "step": self.step} if self.kind() is StochasticPool else {}

    def restore(self, state: dict[str, Any]) -> None:
        self.seed, self.step = state.get("seed", self.seed), state.get("step", self.step)


class Pool:
    """One pooling, between arrays x and out of fixed shapes."""

    def __init__(self, layer: PoolingLayer, window: Window, x: Shape, out: Shape, level: int) -> None:
        self.layer = layer
        self.ops = layer.ops
        self.window = window
        self.out_shape = out
        self.level = level
        self.make_scratch(x, out)

    def make_scratch(self, x: Shape, out: Shape) -> None:
        """Allocate what the passes need."""

    def forward(self, x: Array, out: Array) -> None:
        raise NotImplementedError

    def backward(self, x: Array, out: Array, out_diff: Array, x_diff: Array) -> None:
        raise NotImplementedError


class MaxPool(Pool):
    """The largest value of each window; `mask` is its place in the plane."""

    def make_scratch(self, x: Shape, out: Shape) -> None:
        self.mask = self.layer.empty(*out, dtype="int32")

    def forward(self, x: Array, out: Array) -> None:
        self.ops.max_pool(x, self.window, out, self.mask)

    def backward(self, x: Array, out: Array, out_diff: Array, x_diff: Array) -> None:
        self.ops.max_pool_backward(out_diff, self.mask, self.window, x_diff)


class StochasticPool(MaxPool):
    """A value of each window, drawn in proportion to itself."""

    def make_scratch(self, x: Shape, out: Shape) -> None:
        super().make_scratch(x, out)
        self.random = self.layer.empty(*out)

    def forward(self, x: Array, out: Array) -> None:
        self.ops.uniform(self.layer.seed + self.level, self.layer.step, out=self.random)
        self.ops.stochastic_pool(x, self.random, self.window, out, self.mask)


class AveragePool(Pool):
    """The mean of each window."""

    def forward(self, x: Array, out: Array) -> None:
        self.ops.average_pool(x, self.window, out)

    def backward(self, x: Array, out: Array, out_diff: Array, x_diff: Array) -> None:
        self.ops.average_pool_backward(out_diff, self.window, x_diff)


class ExpectedPool(Pool):
    """What StochasticPool draws on average: the mean of x^2 over the mean of x."""

    def make_scratch(self, x: Shape, out: Shape) -> None:
        self.square, self.mean = self.layer.empty(*x), self.layer.empty(*out)

    def forward(self, x: Array, out: Array) -> None:
        self.ops.xp.multiply(x, x, out=self.square)
        self.ops.average_pool(self.square, self.window, out)
        self.ops.average_pool(x, self.window, self.mean)
        self.mean += TINY
        out /= self.mean

    def backward(self, x: Array, out: Array, out_diff: Array, x_diff: Array) -> None:
        share = out_diff / self.mean
        self.ops.average_pool_backward(share, self.window, x_diff)
        x_diff *= 2 * x
        self.ops.average_pool_backward(share * out, self.window, self.square)
        x_diff -= self.square
