"""Dropout: sets a share of the values to zero in training.

Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout: a simple way to prevent neural networks from
overfitting, 2014.
"""

from typing import Any

from cafflite.blob import Array
from cafflite.errors import NetError
from cafflite.layers.base import Blobs, NeuronLayer, layer
from cafflite.proto import caffe_pb2


@layer("Dropout")
class Dropout(NeuronLayer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)

    In TRAIN, y is 0 with probability dropout_ratio and x / (1 - dropout_ratio) else; in TEST, y is x.
    """

    param_name = "dropout_param"
    backward_needs_forward = True

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.ratio = self.param.dropout_ratio
        if not 0 <= self.ratio <= 1:
            raise NetError(f"dropout_ratio is {self.ratio:g}, expected 0 to 1")
        self.step = 0

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.step += 1  # another mask
        self.drop(bottom[0].data, top[0].data)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.drop(top[0].diff, bottom[0].diff)

    def drop(self, source: Array, out: Array) -> None:
        """The same for values and gradients: it depends on the step alone which ones go."""
        if self.phase == caffe_pb2.TRAIN:
            self.ops.dropout(source, self.ratio, self.seed, self.step, out=out)
        elif source is not out:
            out[...] = source

    def state(self) -> dict[str, Any]:
        return {"seed": self.seed, "step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        self.seed, self.step = state["seed"], state["step"]
