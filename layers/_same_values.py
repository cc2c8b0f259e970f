"""Layers that give their input another shape, and share its values and diffs."""

from cafflite.layers.base import Blobs, Layer


class SameValues(Layer):
    """A layer whose `reshape` shapes top[0], of the same count as bottom[0], and ends with `share`."""

    num_bottom = 1
    num_top = 1

    def share(self, bottom: Blobs, top: Blobs) -> None:
        top[0].share_data(bottom[0])
        top[0].share_diff(bottom[0])
