"""Deconvolution: the transpose of a convolution; its forward pass is a convolution's backward pass, and the reverse."""

from cafflite.blob import Array
from cafflite.layers._conv import ConvolutionLayer, Shape
from cafflite.layers.base import Blobs, layer


@layer("Deconvolution")
class Deconvolution(ConvolutionLayer):
    """
    bottom[i]  x  (N..., C, I...)          N... the axes before `axis`; all bottoms of the same shape
    top[i]     y  (N..., M, O...)          M = num_output, O = stride (I - 1) + dilation (K - 1) + 1 - 2 pad
    blobs[0]   w  (C, M / group, K...)
    blobs[1]   b  (M,)                     absent when bias_term is false
    """

    def weight_shape(self) -> tuple[int, int]:
        return self.channels, self.param.num_output // self.param.group

    def output_size(self, size: Shape) -> Shape:
        return self.window.span(size)

    def convolution_between(self, bottom: Shape, top: Shape) -> tuple[Shape, int]:
        return top, bottom[1]

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for x, y in zip(bottom, top, strict=True):
            self.convolution.deconvolve(
                self.batch(x.data), self.blobs[0].data, out=self.batch(y.data), bias=self.bias()
            )

    def add_weight_diff(self, x: Array, dy: Array) -> None:
        self.convolution.add_weight_diff(dy, x, out=self.blobs[0].diff)

    def data_diff(self, dy: Array, out: Array) -> None:
        self.convolution.convolve(dy, self.blobs[0].data, out=out)
