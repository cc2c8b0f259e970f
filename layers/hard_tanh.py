"""HardTanh: y = x, held between -1 and 1 (Collobert 2004) or the `min` and `max` that are given."""

from cafflite.layers.base import Blobs, layer
from cafflite.layers.clip import Clip


@layer("HardTanh")
class HardTanh(Clip):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)

    The gradient passes where min <= x <= max.
    """

    param_name = "hard_tanh_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.check_bounds()
