"""Input: blobs that the user fills."""

from cafflite.layers._one_for_each import one_for_each
from cafflite.layers.base import Blobs, Layer, layer


@layer("Input")
class Input(Layer):
    """
    top[i]  what is put there  shape[i], or the one shape given for all; without any, what the user gives it
    """

    param_name = "input_param"
    num_bottom = 0
    num_top = (1, None)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        shapes = one_for_each(self.param.shape, len(top), "shapes")
        for blob, shape in zip(top, shapes, strict=False):
            blob.reshape(*shape.dim)
