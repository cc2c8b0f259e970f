"""Arrays on their way from the host to a GPU while it computes: pinned memory, and a stream for copies alone."""

from functools import cache
from typing import Any

import numpy

from cafflite.backend.base import Array


@cache
def _copies(device: int) -> Any:
    """The stream of a device on which nothing but copies run."""
    import cupy

    with cupy.cuda.Device(device):
        return cupy.cuda.Stream(non_blocking=True)


class Upload:
    """One array, again and again. Its calls come in this order: wait, send, receive; wait, send, receive; ...

    host  (...)  pinned, to be filled between `wait` and `send`
    """

    def __init__(self, ops: Any, shape: tuple[int, ...]) -> None:
        self.ops = ops
        with ops.on_device():
            self.arrived, self.is_free = (ops.xp.cuda.Event(disable_timing=True) for _ in range(2))
        self.device: Array | None = None
        self.fit(shape)

    def fit(self, shape: tuple[int, ...]) -> None:
        """Have room for an array of this shape."""
        import cupyx

        with self.ops.on_device():
            self.host: numpy.ndarray = cupyx.zeros_pinned(shape, self.ops.dtype)

    def wait(self) -> None:
        """Until what was sent has arrived, so that `host` may be written."""
        with self.ops.on_device():
            self.arrived.synchronize()

    def send(self) -> None:
        """Begin to copy `host` to the device; from any thread."""
        stream = _copies(self.ops.device)
        with self.ops.on_device():
            if self.device is None or self.device.shape != self.host.shape:
                self.device = self.ops.xp.empty(self.host.shape, self.ops.dtype)
                self.ops.xp.cuda.get_current_stream().synchronize()  # who had this memory before has done with it
            stream.wait_event(self.is_free)
            self.device.set(self.host, stream=stream)
            self.arrived.record(stream)

    def receive(self, before: Array) -> Array:
        """What was sent, once the current stream gets there; `before` is memory of that shape to send to next time."""
        stream = self.ops.xp.cuda.get_current_stream()
        stream.wait_event(self.arrived)
        self.is_free.record(stream)
        received, self.device = self.device, before
        return received
