"""Convolution: y = x * w + b, over any number of spatial axes."""

from cafflite.blob import Array
from cafflite.layers._channel_map import can_join, joined
from cafflite.layers._conv import ConvolutionLayer, Shape
from cafflite.layers.base import Blobs, Layer, layer


@layer("Convolution")
class Convolution(ConvolutionLayer):
    """
    bottom[i]  x  (N..., C, I...)          N... the axes before `axis`; all bottoms of the same shape
    top[i]     y  (N..., M, O...)          M = num_output, O = (I + 2 pad - dilation (K - 1) - 1) // stride + 1
    blobs[0]   w  (M, C / group, K...)
    blobs[1]   b  (M,)                     absent when bias_term is false
    """

    def weight_shape(self) -> tuple[int, int]:
        return self.param.num_output, self.channels // self.param.group

    def output_size(self, size: Shape) -> Shape:
        return self.window.positions(size)

    def convolution_between(self, bottom: Shape, top: Shape) -> tuple[Shape, int]:
        return bottom, top[1]

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.forward_with([], bottom, top)

    def takes_in(self, behind: list[Layer]) -> bool:
        return self.axis == 1 and can_join(behind)

    def forward_with(self, behind: list[Layer], bottom: Blobs, top: Blobs) -> None:
        scale, offset, slope = joined(self.bias(), [layer.channel_map() for layer in behind])
        for x, y in zip(bottom, top, strict=True):
            self.convolution.convolve(self.batch(x.data), self.blobs[0].data, self.batch(y.data), offset, scale, slope)

    def add_weight_diff(self, x: Array, dy: Array) -> None:
        self.convolution.add_weight_diff(x, dy, out=self.blobs[0].diff)

    def data_diff(self, dy: Array, out: Array) -> None:
        self.convolution.deconvolve(dy, self.blobs[0].data, out=out)
