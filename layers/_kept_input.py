"""Layers whose backward pass needs their input, even where the top has taken its place."""

from cafflite.blob import Array
from cafflite.layers.base import Blobs, Layer


class KeptInput(Layer):
    """A layer that copies its first bottom before it works in place."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.copy: Array | None = self.empty(*bottom[0].shape) if bottom[0] is top[0] else None

    def keep(self, bottom: Blobs) -> None:
        """Call it in `forward`, before the top is written."""
        if self.copy is not None:
            self.ops.copy(bottom[0].data, out=self.copy)

    def kept(self, bottom: Blobs) -> Array:
        """The first bottom's data as `forward` found them."""
        return bottom[0].data if self.copy is None else self.copy
