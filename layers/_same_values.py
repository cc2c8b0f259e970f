"""Layers that give their input another shape; the values are shared."""

from cafflite.layers.base import Blobs, Layer


class SameValues(Layer):
    """A layer whose `reshape` shapes top[0], of the same count as bottom[0]; the values are shared."""

    num_bottom = 1
    num_top = 1
    shares_data = True

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].share_data(bottom[0])

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff.reshape(bottom[0].shape)
