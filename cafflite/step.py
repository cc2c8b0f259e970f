"""Step: a layer of a net with the blobs it is wired to."""

import math
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from cafflite.backend.deferred import Checks
from cafflite.blob import Blob
from cafflite.errors import CaffliteError, NetError, ShapeError
from cafflite.layers.base import Layer

_shape = attrgetter("shape")


class at:
    """Errors say where they are from; memory that there isn't is one of them."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, CaffliteError):
            raise error.at(self.where) from error
        if isinstance(error, MemoryError):
            raise NetError(f"it needs more memory than there is: {error}").at(self.where) from error


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

    def __post_init__(self) -> None:
        self.at = at(self.where)
        self.checks = Checks(self.where)
        # Without bottoms, its tops are the user's to reshape.
        self.watched = [*self.bottom, *self.top] if self.bottom else []

    def current_shapes(self) -> tuple:
        """Of the blobs whose shapes the layer depends on, or sets."""
        return tuple(map(_shape, self.watched))

    def is_outdated(self) -> bool:
        return self.layer.reshape_every_forward or self.shapes != self.current_shapes()

    def reshape(self) -> None:
        """Let the layer take the shapes of its bottoms."""
        before = [blob.shape for blob in self.bottom]
        self.layer.reshape(self.bottom, self.top)
        self.shapes, self.has_run = self.current_shapes(), False
        for name, old, blob in zip(self.bottom_names, before, self.bottom, strict=True):
            if blob.count != math.prod(old):
                raise ShapeError(f"its top is its bottom '{name}', {old}, and would change it to {blob.shape}")
        for blob, weight in zip(self.top, self.loss_weight, strict=True):
            if weight:
                blob.diff[...] = weight  # a loss's diff is its weight

    def forward(self) -> None:
        """Run the layer forward, and reshape it first where that is due."""
        with self.at:
            if self.is_outdated():
                self.reshape()
            if self.layer.ops.defers:
                with self.checks:
                    self.layer.forward(self.bottom, self.top)
            else:
                self.layer.forward(self.bottom, self.top)
            if self.layer.reshape_every_forward:
                self.shapes = self.current_shapes()  # a user's layer may reshape its tops here
            self.has_run = True

    def backward(self) -> None:
        """Run the layer backward, as far as its `propagate_down` says."""
        with self.at:
            if self.shapes != self.current_shapes():
                message = "its blobs have been reshaped since its last forward pass: run forward before backward"
                raise ShapeError(message)
            if self.layer.backward_needs_forward and not self.has_run:
                raise NetError("its backward pass needs what a forward pass keeps: run forward before backward")
            self.layer.backward(self.top, self.propagate_down, self.bottom)
