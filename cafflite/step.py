"""Step: a layer of a net with the blobs it is wired to."""

from dataclasses import dataclass

from cafflite.blob import Blob
from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Layer


@dataclass
class Step:
    """One layer with the blobs it is wired to."""

    layer: Layer
    bottom: list[Blob]
    top: list[Blob]
    bottom_names: list[str]
    top_names: list[str]
    where: str
    propagate_down: list[bool]
    loss_weight: list[float]
    need_backward: bool = False
    shapes: tuple = ()  # what the layer was last reshaped to
    has_run: bool = False  # forward, with these shapes

    def current_shapes(self) -> tuple:
        """Of its bottoms and tops; without bottoms, its tops are the user's to reshape."""
        return tuple([blob.shape for blob in (*self.bottom, *self.top)]) if self.bottom else ()

    def is_outdated(self) -> bool:
        return self.layer.reshape_every_forward or self.shapes != self.current_shapes()

    def check_backward(self) -> None:
        if self.shapes != self.current_shapes():
            raise ShapeError("its blobs have been reshaped since its last forward pass: run forward before backward")
        if self.layer.backward_needs_forward and not self.has_run:
            raise NetError("its backward pass needs what a forward pass keeps: run forward before backward")
