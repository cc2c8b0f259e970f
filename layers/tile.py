"""Tile: copies side by side along an axis."""

from cafflite.errors import NetError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Tile")
class Tile(Layer):
    """
    bottom[0]  x  (M..., K, L...)          K at `axis`
    top[0]     y  (M..., tiles * K, L...)
    """

    param_name = "tile_param"
    num_bottom = 1
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.param.tiles < 1:
            raise NetError(f"tiles is {self.param.tiles}, expected 1 or more")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0]
        axis = x.axis(self.param.axis)
        top[0].reshape(*x.shape[:axis], x.shape[axis] * self.param.tiles, *x.shape[axis + 1 :])
        self.view = (x.count_axes(0, axis), self.param.tiles, x.count_axes(axis))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        outer, _, inner = self.view
        top[0].data.reshape(self.view)[...] = bottom[0].data.reshape(outer, 1, inner)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            outer, _, inner = self.view
            top[0].diff.reshape(self.view).sum(axis=1, out=bottom[0].diff.reshape(outer, inner))
