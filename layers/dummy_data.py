"""DummyData: blobs made by fillers, constant ones once and the others anew in each forward pass."""

from cafflite.errors import NetError
from cafflite.fillers import fill
from cafflite.layers._one_for_each import one_for_each
from cafflite.layers.base import Blobs, Layer, layer
from cafflite.proto import caffe_pb2


@layer("DummyData")
class DummyData(Layer):
    """
    top[i]  filled by data_filler[i]  shape[i], or the older (num[i], channels[i], height[i], width[i])

    One filler or shape stands for all tops; without a filler they are 0.
    """

    param_name = "dummy_data_param"
    num_bottom = 0
    num_top = (1, None)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        for blob, shape in zip(top, self.shapes(len(top)), strict=True):
            blob.reshape(*shape)
        fillers = one_for_each(self.param.data_filler, len(top), "data_fillers")
        self.fillers = fillers or [caffe_pb2.FillerParameter()] * len(top)
        for blob, filler in zip(top, self.fillers, strict=True):
            fill(blob.data, filler, self.rng)

    def shapes(self, tops: int) -> list[tuple[int, ...]]:
        """The shape of each top."""
        p = self.param
        older = [
            one_for_each(sizes, tops, field)
            for field, sizes in (("num", p.num), ("channels", p.channels), ("height", p.height), ("width", p.width))
        ]
        if p.shape and any(older):
            raise NetError("it has both shape and num, channels, height or width; give the shape alone")
        if p.shape:
            return [tuple(shape.dim) for shape in one_for_each(p.shape, tops, "shapes")]
        if not all(older):
            raise NetError("it has no shape: give one, or all of num, channels, height and width")
        return list(zip(*older, strict=True))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob, filler in zip(top, self.fillers, strict=True):
            if filler.type != "constant":
                fill(blob.data, filler, self.rng)
