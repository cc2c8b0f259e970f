"""A net's layers and blobs by their names and numbers, as Caffe's Python interface has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cafflite import net as core
from cafflite.backend.ops import Ops
from cafflite.blob import Blob
from cafflite.errors import NetError
from cafflite.host_blob import blob_on_host, layer_on_host
from cafflite.layers.python import Python
from cafflite.named import Named


class NamedNet(core.Net):
    """A net that can be asked what its layers and blobs are called; blobs of a GPU are given as NumPy arrays."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._put_on_host()

    def move(self, ops: Ops) -> None:
        super().move(ops)
        self._put_on_host()

    def _put_on_host(self) -> None:
        self._layers = [
            step.layer.user_layer if isinstance(step.layer, Python) else layer_on_host(step.layer)
            for step in self.steps
        ]
        for name, blob in self.blobs.items():
            self.blobs[name] = blob_on_host(blob)
        for step, layer in zip(self.steps, self._layers, strict=True):
            if step.layer.blobs:
                self.params[step.layer.name] = layer.blobs

    @property
    def layers(self) -> list[Any]:
        """The layers, in order; a Python layer is the object of the user's class."""
        return list(self._layers)

    @property
    def layer_dict(self) -> Named[Any]:
        """The layers, by name."""
        return Named(zip(self._layer_names, self.layers, strict=True), kind="layer")

    @property
    def top_names(self) -> Named[list[str]]:
        """The tops of each layer, by its name."""
        return Named(((step.layer.name, list(step.top_names)) for step in self.steps), kind="layer")

    @property
    def bottom_names(self) -> Named[list[str]]:
        """The bottoms of each layer, by its name."""
        return Named(((step.layer.name, list(step.bottom_names)) for step in self.steps), kind="layer")

    @property
    def blob_loss_weights(self) -> Named[float]:
        """The loss weight of each blob, 0 for most."""
        return Named(((name, self.loss_weights.get(name, 0.0)) for name in self.blobs), kind="blob")

    @property
    def _layer_names(self) -> list[str]:
        return [step.layer.name for step in self.steps]

    @property
    def _blob_names(self) -> list[str]:
        return list(self.blobs)

    @property
    def _blobs(self) -> list[Blob]:
        return list(self.blobs.values())

    @property
    def _blob_loss_weights(self) -> list[float]:
        return list(self.blob_loss_weights.values())

    @property
    def _inputs(self) -> list[int]:
        return self._ids(self.inputs)

    @property
    def _outputs(self) -> list[int]:
        return self._ids(self.outputs)

    def _top_ids(self, layer: int) -> list[int]:
        return self._ids(self.steps[self._checked(layer)].top_names)

    def _bottom_ids(self, layer: int) -> list[int]:
        return self._ids(self.steps[self._checked(layer)].bottom_names)

    def _ids(self, names: Sequence[str]) -> list[int]:
        known = self._blob_names
        return [known.index(name) for name in names]

    def _checked(self, layer: int) -> int:
        if not 0 <= layer < len(self.steps):
            raise NetError(f"layer {layer} is asked for, but the net has layers 0 to {len(self.steps) - 1}")
        return layer
