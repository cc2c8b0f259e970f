"""Filter: only the samples of a batch that a selector picks."""

from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("Filter")
class Filter(Layer):
    """
    bottom[i]   x_i       (N, ...)
    bottom[-1]  selector  (N,)      a sample goes on where it is not 0
    top[i]      y_i       (M, ...)  M = the samples picked; the whole batch's shape until the first forward pass
    """

    num_bottom = (2, None)
    num_top = (1, None)
    reshape_every_forward = True  # M depends on the selector's values
    backward_needs_forward = True

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index != len(self.layer_param.bottom) - 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if len(top) != len(bottom) - 1:
            raise NetError(f"it has {len(top)} top blobs, expected one for each bottom but the last, {len(bottom) - 1}")
        self.built = False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        selector = bottom[-1]
        if selector.shape[:1] != (selector.count,):
            raise ShapeError(f"its selector has shape {selector.shape}, expected one value a sample")
        for x in bottom[:-1]:
            if x.shape[:1] != selector.shape[:1]:
                raise ShapeError(f"its selector has {selector.shape[0]} values for an input {x.shape}")
        self.picked = self.xp.asarray(self.ops.to_host(selector.data).nonzero()[0])
        samples = len(self.picked) if self.built else selector.shape[0]
        self.built = True
        for x, y in zip(bottom, top, strict=False):
            y.reshape(samples, *x.shape[1:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for x, y in zip(bottom, top, strict=False):
            self.xp.take(x.data, self.picked, axis=0, out=y.data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[-1]:
            raise NetError("the selector of a Filter has no gradient")
        for x, y, wanted in zip(bottom, top, propagate_down, strict=False):
            if wanted:
                x.diff[...] = 0
                x.diff[self.picked] = y.diff
