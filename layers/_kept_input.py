"""Layers whose backward pass needs their input, even where the top has taken its place."""

from collections.abc import Callable

from cafflite.blob import Array
from cafflite.layers.base import Blobs, Layer


class KeptInput(Layer):
    """A layer that copies its first bottom before it works in place."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.in_place = bottom[0] is top[0]
        self.copy: Array | None = None
        self.find: Callable[[], Array] | None = None

    def keep(self, bottom: Blobs) -> None:
        """Call it in `forward`, before the top is written."""
        copy = self.room(bottom)
        if copy is not None:
            self.ops.copy(bottom[0].data, out=copy)

    def room(self, bottom: Blobs) -> Array | None:
        """Where `forward` has to copy the first bottom's data to, of its shape; None where the bottom keeps them."""
        self.find = None
        if self.in_place and self.copy is None:
            self.copy = self.empty(*bottom[0].shape)
        return self.copy

    def skip(self, find: Callable[[], Array]) -> None:
        """Call it where a layer in front does the work of `forward`; `find` gives the input should it be needed."""
        self.find = find

    def kept(self, bottom: Blobs) -> Array:
        """The first bottom's data as `forward` found them."""
        if self.find is not None:
            return self.find()
        return bottom[0].data if self.copy is None else self.copy
