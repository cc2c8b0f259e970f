"""Step: a layer of a net with the blobs it is wired to."""

import math
from dataclasses import dataclass

from cafflite.backend.deferred import Checks
from cafflite.blob import Blob
from cafflite.errors import CaffliteError, NetError, ShapeError
from cafflite.layers.base import Layer

PLACED = (CaffliteError, MemoryError)


def placed(error: BaseException, where: str) -> CaffliteError:
    """One of the PLACED errors, saying where it is from; memory that there isn't is one of them."""
    if isinstance(error, CaffliteError):
        return error.at(where)
    return NetError(f"it needs more memory than there is: {error}").at(where)


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
    has_run: bool = False  # forward, with its blobs as they were last reshaped

    def __post_init__(self) -> None:
        self.checks = Checks(self.where)
        self.known: list[tuple[Blob, tuple[int, ...]]] = []  # the blobs, and the shapes that the layer knows them by

    @property
    def names(self) -> list[str]:
        """Of the layers that run."""
        return [self.layer.name]

    def learn_shapes(self) -> None:
        """Take the shapes as they are now. Without bottoms, the tops are the user's to reshape."""
        self.known = [(blob, blob.shape) for blob in (*self.bottom, *self.top)] if self.bottom else []

    def is_outdated(self) -> bool:
        """Whether a blob has been reshaped."""
        for blob, shape in self.known:
            if blob.shape != shape:
                return True
        return False

    def reshape(self) -> None:
        """Let the layer take the shapes of its bottoms."""
        before = [blob.shape for blob in self.bottom]
        try:
            self.layer.reshape(self.bottom, self.top)
            for name, old, blob in zip(self.bottom_names, before, self.bottom, strict=True):
                if blob.count != math.prod(old):
                    raise ShapeError(f"its top is its bottom '{name}', {old}, and would change it to {blob.shape}")
            for blob, weight in zip(self.top, self.loss_weight, strict=True):
                if weight:
                    blob.diff[...] = weight  # a loss's diff is its weight
        except PLACED as error:
            raise placed(error, self.where) from error
        self.learn_shapes()
        self.has_run = False

    def forward(self) -> None:
        """Run the layer forward, and reshape it first where that is due."""
        layer = self.layer
        try:
            if layer.reshape_every_forward or self.is_outdated():
                self.reshape()
            if layer.ops.defers:
                with self.checks:
                    layer.forward(self.bottom, self.top)
            else:
                layer.forward(self.bottom, self.top)
            if layer.reshape_every_forward:
                self.learn_shapes()  # a user's layer may reshape its tops here
        except PLACED as error:
            raise placed(error, self.where) from error
        self.has_run = True

    def backward(self) -> None:
        """Run the layer backward, as far as its `propagate_down` says."""
        self.require_forward()
        try:
            self.layer.backward(self.top, self.propagate_down, self.bottom)
        except PLACED as error:
            raise placed(error, self.where) from error

    def require_forward(self) -> None:
        """An error where a backward pass needs a forward pass first."""
        if self.is_outdated():
            message = "its blobs have been reshaped since its last forward pass: run forward before backward"
            raise ShapeError(message).at(self.where)
        if self.layer.backward_needs_forward and not self.has_run:
            message = "its backward pass needs what a forward pass keeps: run forward before backward"
            raise NetError(message).at(self.where)
