"""The walk through time that all recurrent layers do, and the state between one forward pass and the next."""

from typing import Any

from cafflite.backend.ops import Ops
from cafflite.blob import Array, Blob
from cafflite.errors import NetError, ShapeError
from cafflite.layers._order import Order
from cafflite.layers.base import Blobs, Layer

ROWS = 1280  # time steps times streams that go backward at once, so that their gradients stay in the cache


def as_rows(x: Array) -> Array:
    """x (T, N, K) as (T N, K)."""
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])


class Recurrence(Layer):
    """T time steps of N streams, one step after the other.

    A subclass sets `weight_x` (G, I), `weight_h` (G, H) and `bias` (G,) in `setup`, calls `make_room` in `reshape`,
    puts the states before the first step and `cont` (T, N) in place in `begin`, and computes its kind of step in `walk`
    and `walk_back`. G is `gates` times H.

    The state after the last step stays for the next forward pass, in TRAIN and in TEST. It lives through a change of T
    and is zero again after a change of N.
    """

    backward_needs_forward = True
    gates = 1  # rows of the weights for each of the H outputs
    states: tuple[str, ...] = ("h",)  # what goes from step to step: the hidden values first

    sequence: list[Array] = []  # for each state (T+1, N, H): [0] before the first step, [T] after the last one
    weight_x: Blob
    weight_h: Blob
    bias: Blob
    weight_static: Blob | None = None  # (G, S), for an input that is the same at every step
    cont: Array
    ends: list[tuple[Array, Array]]  # of each state's sequence, (N, H): before the first step, and after the last one
    order: Order | None = None  # of the walk, where it is not that of the bottoms

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.param.num_output < 1:
            raise NetError(f"num_output is {self.param.num_output}, expected 1 or more")

    def make_room(self, steps: int, streams: int) -> None:
        """Make the arrays for T = `steps` and N = `streams`."""
        h, rows, inputs = self.param.num_output, self.gates * self.param.num_output, self.weight_x.shape[1]
        before = [states[-1] for states in self.sequence]
        if before and self.sequence[0].shape == (steps + 1, streams, h):
            return
        self.seen = self.empty(steps + 1, streams, inputs + h)  # what each step works on: input and hidden values
        self.sequence = [self.seen[:, :, inputs:], *(self.empty(steps + 1, streams, h) for _ in self.states[1:])]
        for i, states in enumerate(self.sequence):
            states[-1] = before[i] if before and len(before[i]) == streams else 0
        self.ends = [(states[0], states[-1]) for states in self.sequence]
        self.seen_input = self.seen[:-1, :, :inputs]
        self.activations = self.empty(steps, streams, rows)
        self.offset = self.empty(streams if self.weight_static else 0, rows)
        self.scratch = self.empty(streams + inputs + h, rows)

        piece = max(1, min(steps, ROWS // max(1, streams)))
        self.pieces = [slice(max(0, end - piece), end) for end in range(steps, 0, -piece)]
        self.diff = self.empty(piece, streams, rows)
        self.carried = [self.empty(streams, h) for _ in self.states]  # gradients of the states, from later steps
        self.weight_diff = self.empty(rows, inputs + h)
        self.static_diff = self.empty(streams if self.weight_static else 0, rows)

    def begin(self, bottom: Blobs) -> None:
        """Set the states before the first step, `cont` and, where there is one, `order`."""
        raise NotImplementedError

    def walk(self, top: Array) -> None:
        """Compute `activations`, `sequence` and `top` (T, N, H) from `seen` and `offset`."""
        raise NotImplementedError

    def walk_back(self, piece: slice, top_diff: Array, diff: Array, dx: Array | None) -> None:
        """For some time steps compute the gradients `diff`, of `activations`, and `dx`, of the input."""
        raise NotImplementedError

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.begin(bottom)
        steps, streams, _ = self.activations.shape
        x = bottom[0].data.reshape(self.seen_input.shape)
        self.seen_input[...] = x if self.order is None else self.order.take(x)
        if self.weight_static is None:
            self.offset = self.bias.data.reshape(1, -1)
        else:
            x_static = bottom[2].data.reshape(streams, self.weight_static.shape[1])
            self.ops.matmul(x_static, self.weight_static.data.T, out=self.offset)
            self.offset += self.bias.data
        y = top[0].data.reshape(steps, streams, self.param.num_output)
        if self.order is None:
            self.walk(y)
        else:
            walked = self.xp.empty_like(y)
            self.walk(walked)
            y[...] = self.order.take(walked)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        steps, streams = self.cont.shape
        inputs = self.weight_x.shape[1]
        top_diff = top[0].diff.reshape(steps, streams, self.param.num_output)
        dx = bottom[0].diff.reshape(steps, streams, inputs) if propagate_down[0] else None
        if self.order is not None:
            top_diff = self.order.take(top_diff)
        for diff in (*self.carried, self.weight_diff, self.static_diff):
            diff[...] = 0
        for piece in self.pieces:
            diff = self.diff[: piece.stop - piece.start]
            self.walk_back(piece, top_diff[piece], diff, None if dx is None else dx[piece])
            if self.wanted(self.weight_x) or self.wanted(self.weight_h):
                self.add_weight_diff(piece, diff)
            if self.wanted(self.bias):
                self.ops.add_row_sum(as_rows(diff), out=self.bias.diff)
            if self.weight_static:
                self.ops.add_row_sum(diff.reshape(len(diff), -1), out=self.static_diff.reshape(-1))
        if self.order is not None and dx is not None:
            dx[...] = self.order.take(dx)
        if self.wanted(self.weight_x):
            self.weight_x.diff[...] += self.weight_diff[:, :inputs]
        if self.wanted(self.weight_h):
            self.weight_h.diff[...] += self.weight_diff[:, inputs:]
        if self.weight_static:
            self.backward_static(self.weight_static, bottom[2], propagate_down[2])

    def add_weight_diff(self, piece: slice, diff: Array) -> None:
        """Add to `weight_diff` what those time steps contribute."""
        self.ops.add_matmul(as_rows(diff).T, as_rows(self.seen[piece]), out=self.weight_diff)

    def backward_static(self, weight: Blob, bottom: Blob, propagate_down: bool) -> None:
        x = bottom.data.reshape(len(self.static_diff), weight.shape[1])
        if self.wanted(weight):
            self.ops.add_matmul(self.static_diff.T, x, out=weight.diff)
        if propagate_down:
            self.ops.matmul(self.static_diff, weight.data, out=bottom.diff.reshape(x.shape))

    def wanted(self, blob: Blob) -> bool:
        """Whether the gradient of this parameter is."""
        return self.param_propagate_down[self.blobs.index(blob)]

    @property
    def h(self) -> Array:
        """The hidden values after the last step, (N, H), from which the next forward pass goes on. May be written."""
        return self.ends[0][1]

    @h.setter
    def h(self, value: Array) -> None:
        self.ends[0][1][...] = value

    def move(self, ops: Ops) -> None:
        last = [self.ops.to_host(states[-1:]) for states in self.sequence]
        super().move(ops)
        self.sequence = [ops.xp.asarray(states) for states in last]  # reshape takes the last of each over

    def state(self) -> dict[str, Any]:
        kept = {name: last.copy() for name, (_, last) in zip(self.states, self.ends, strict=True)}
        return super().state() | kept

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        for name, (_, last) in zip(self.states, self.ends, strict=True):
            if state[name].shape != last.shape:
                raise ShapeError(
                    f"the saved state '{name}' has shape {state[name].shape}, and the layer's has {last.shape}: "
                    "an exact resume needs the batch size and the num_output of the saved run"
                )
            last[...] = self.xp.asarray(state[name])
