"""The bottoms, tops and parameters of the recurrent layers LSTM, RNN and GRU."""

from typing import Any

from cafflite import log
from cafflite.blob import Array, Blob
from cafflite.errors import NetError, ShapeError
from cafflite.layers._order import Order, check_lengths, odd_indicators
from cafflite.layers._recurrence import Recurrence
from cafflite.layers.base import Blobs


class RecurrentLayer(Recurrence):
    """
    bottom[0]  x         (T, N, I...)  T time steps of N streams
    bottom[1]  cont      (T, N)        0 where a stream begins, 1 where it goes on from the step before
    bottom[2]  x_static  (N, S...)     optional: the same input at every step
    top[0]     h         (T, N, H)     H = num_output

    With expose_hidden the states before the first step are further bottoms and those after the last one further tops,
    each (1, N, H); no gradient passes through them (Caffe's rule): the diffs of such bottoms are 0.

    Beyond Caffe:

    With `lengths` the last bottom holds the number of time steps of each stream, (N,). What lies beyond it counts for
    nothing: the outputs there are 0, and the state stays that of the stream's last step.

    With `reverse` the walk is from the last step to the first one, and the state is forgotten behind a step whose cont
    is 0, that is, between the same steps as in the other direction. It begins with the state that expose_hidden gives,
    else with 0: nothing is carried over from one forward pass to the next.
    """

    param_name = "recurrent_param"
    cont_may_scale = True  # whether cont may hold other values than 0 and 1

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.exposed = len(self.states) if self.param.expose_hidden else 0
        self.given = 2 + self.exposed + self.param.lengths  # bottoms beside a static input
        self.num_bottom, self.num_top = (self.given, self.given + 1), 1 + self.exposed
        self.reorders = self.param.lengths or self.param.reverse
        self.has_warned = False

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        self.without_gradient = {1, len(bottom) - 1} if self.param.lengths else {1}
        p, rows = self.param, self.gates * self.param.num_output
        if p.peephole and "c" not in self.states:
            raise NetError(f"peephole is set, and {self.type} has no cells to look at: that is an option of LSTM")
        self.check_sequence(bottom)
        self.weight_x = self.add_blob((rows, bottom[0].count_axes(2)), p.weight_filler)
        self.bias = self.add_blob((rows,), p.bias_filler)
        if self.has_static(bottom):
            self.weight_static = self.add_blob((rows, bottom[2].count_axes(1)), p.weight_filler)
        self.weight_h = self.add_blob((rows, p.num_output), p.weight_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self.check_sequence(bottom)
        self.check_width(bottom[0], 2, self.weight_x)
        if self.weight_static is not None:
            self.check_width(bottom[2], 1, self.weight_static)
        steps, streams = bottom[0].shape[:2]
        for blob in bottom[self.exposed_in(bottom)]:
            if blob.shape != (1, streams, self.param.num_output):
                raise ShapeError(f"a state is {blob.shape}, expected {(1, streams, self.param.num_output)}")
        self.make_room(steps, streams)
        top[0].reshape(steps, streams, self.param.num_output)
        for blob in top[1:]:
            blob.reshape(1, streams, self.param.num_output)

    def has_static(self, bottom: Blobs) -> bool:
        return len(bottom) > self.given

    def exposed_in(self, bottom: Blobs) -> slice:
        """The place of the bottoms that hold the states before the first step."""
        end = len(bottom) - self.param.lengths
        return slice(end - self.exposed, end)

    def check_sequence(self, bottom: Blobs) -> None:
        """ShapeError unless the bottoms agree on T and N."""
        x, cont = bottom[0].shape, bottom[1].shape
        if len(x) < 2:
            raise ShapeError(f"its input is {x}, expected (T, N, ...): time steps, streams, values of one")
        if x[0] == 0:
            raise ShapeError(f"its input is {x}, expected one time step or more")
        if cont != x[:2]:
            raise ShapeError(
                f"its sequence indicators are {cont}, expected {x[:2]} as its input is {x}: one for each time step of "
                "each stream"
            )
        if self.has_static(bottom) and bottom[2].shape[:1] != x[1:2]:
            raise ShapeError(f"its static input is {bottom[2].shape}, expected ({x[1]}, ...) as its input is {x}")
        if self.param.lengths and bottom[-1].shape != x[1:2]:
            raise ShapeError(
                f"its lengths, the last bottom, are {bottom[-1].shape}, expected ({x[1]},) as its input is {x}"
            )

    def check_width(self, blob: Blob, axis: int, weight: Blob) -> None:
        if blob.count_axes(axis) != weight.shape[1]:
            raise ShapeError(
                f"its input {blob.shape} has {blob.count_axes(axis)} values from axis {axis} on, "
                f"and its weights were made for {weight.shape[1]}"
            )

    def check_cont(self, cont: Array) -> None:
        """A warning, or DataError, where cont holds anything but 0 and 1."""
        if not self.has_warned:
            self.ops.require_binary(cont, self.refuse_cont)

    def refuse_cont(self, cont: Array) -> None:
        error = odd_indicators(cont)
        if not self.cont_may_scale:
            raise error
        log.warning(f"layer '{self.name}' ({self.type}): {error}; the state is multiplied by it, as in Caffe")
        self.has_warned = True

    def begin(self, bottom: Blobs) -> None:
        self.cont = bottom[1].data
        self.check_cont(self.cont)
        for first, last in self.ends:
            first[...] = last
        if self.exposed:
            for (first, _), blob in zip(self.ends, bottom[self.exposed_in(bottom)], strict=True):
                first[...] = blob.data[0]
        if self.reorders:
            steps, streams = self.cont.shape
            lengths = bottom[-1].data if self.param.lengths else self.xp.full(streams, steps)
            check_lengths(self.ops, lengths, steps)
            self.order = Order(self.xp, lengths, steps, self.param.reverse)
            self.cont = self.order.cont(self.cont, first=1 if self.exposed else 0).astype(self.ops.dtype)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        super().forward(bottom, top)
        if self.order is not None:
            for states in self.sequence:
                states[-1] = self.order.last(states)
        if self.exposed:
            for (_, last), blob in zip(self.ends, top[1:], strict=True):
                blob.data[0] = last

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[1]:
            raise NetError("a gradient is asked for its sequence indicators (bottom 1), and they have none")
        if self.param.lengths and propagate_down[-1]:
            raise NetError("a gradient is asked for its lengths (the last bottom), and they have none")
        super().backward(top, propagate_down, bottom)
        exposed = self.exposed_in(bottom)
        for blob, wanted in zip(bottom[exposed], propagate_down[exposed], strict=True):
            if wanted:
                blob.diff[...] = 0

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index not in self.without_gradient
