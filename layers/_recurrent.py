"""The bottoms, tops and parameters of Caffe's recurrent layers."""

from typing import Any

from cafflite.blob import Blob
from cafflite.errors import NetError, ShapeError
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
    """

    param_name = "recurrent_param"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.exposed = len(self.states) if self.param.expose_hidden else 0
        self.num_bottom, self.num_top = (2 + self.exposed, 3 + self.exposed), 1 + self.exposed

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        p, rows = self.param, self.gates * self.param.num_output
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
        for blob in self.exposed_in(bottom):
            if blob.shape != (1, streams, self.param.num_output):
                raise ShapeError(f"a state is {blob.shape}, expected {(1, streams, self.param.num_output)}")
        self.make_room(steps, streams)
        top[0].reshape(steps, streams, self.param.num_output)
        for blob in top[1:]:
            blob.reshape(1, streams, self.param.num_output)

    def has_static(self, bottom: Blobs) -> bool:
        return len(bottom) == 3 + self.exposed

    def check_sequence(self, bottom: Blobs) -> None:
        """ShapeError unless the bottoms agree on T and N."""
        x, cont = bottom[0].shape, bottom[1].shape
        if len(x) < 2:
            raise ShapeError(f"its input is {x}, expected (T, N, ...): time steps, streams, values of one")
        if cont != x[:2]:
            raise ShapeError(f"its sequence indicators are {cont}, expected {x[:2]} as its input is {x}")
        if self.has_static(bottom) and bottom[2].shape[:1] != x[1:2]:
            raise ShapeError(f"its static input is {bottom[2].shape}, expected ({x[1]}, ...) as its input is {x}")

    def check_width(self, blob: Blob, axis: int, weight: Blob) -> None:
        if blob.count_axes(axis) != weight.shape[1]:
            raise ShapeError(
                f"its input {blob.shape} has {blob.count_axes(axis)} values from axis {axis} on, "
                f"and its weights were made for {weight.shape[1]}"
            )

    def exposed_in(self, bottom: Blobs) -> Blobs:
        """The bottoms that hold the states before the first step."""
        return bottom[len(bottom) - self.exposed :]

    def begin(self, bottom: Blobs) -> None:
        self.cont = bottom[1].data
        for states in self.sequence:
            states[0] = states[-1]
        for states, blob in zip(self.sequence, self.exposed_in(bottom), strict=False):
            states[0] = blob.data[0]

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        super().forward(bottom, top)
        for states, blob in zip(self.sequence, top[1:], strict=False):
            blob.data[0] = states[-1]

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[1]:
            raise NetError("a gradient is asked for its sequence indicators (bottom 1), and they have none")
        super().backward(top, propagate_down, bottom)
        for blob, wanted in list(zip(bottom, propagate_down, strict=True))[len(bottom) - self.exposed :]:
            if wanted:
                blob.diff[...] = 0

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index != 1
