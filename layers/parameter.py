"""Parameter: a learnable array as a blob."""

from cafflite.layers.base import Blobs, Layer, layer


@layer("Parameter")
class Parameter(Layer):
    """
    top[0]    y  the given `shape`
    blobs[0]     the same; zeros at first
    """

    param_name = "parameter_param"
    num_bottom = 0
    num_top = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.add_blob(tuple(self.param.shape.dim))

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*self.blobs[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = self.blobs[0].data

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if self.param_propagate_down[0]:
            self.blobs[0].diff[...] += top[0].diff
