"""Activations and dropout on a GPU: one kernel each."""

from cafflite.backend.base import Array
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.ops_neuron import NeuronOps, dropout_constants


class CupyNeuron(NeuronOps):
    """As `NeuronOps`, with the same shapes and errors."""

    def relu(self, x: Array, slope: float, out: Array) -> None:
        launch("relu", x.size, x, slope, out)

    def relu_backward(self, dy: Array, x: Array, slope: float, out: Array) -> None:
        launch("relu_backward", x.size, dy, x, slope, out)

    def elu(self, x: Array, alpha: float, out: Array) -> None:
        launch("elu", x.size, x, alpha, out)

    def elu_backward(self, dy: Array, x: Array, y: Array, alpha: float, out: Array) -> None:
        launch("elu_backward", x.size, dy, x, y, alpha, out)

    def tanh_backward(self, dy: Array, y: Array, out: Array) -> None:
        launch("tanh_backward", y.size, dy, y, out)

    def sigmoid(self, x: Array, out: Array) -> None:
        launch("sigmoid", x.size, x, out)

    def sigmoid_backward(self, dy: Array, y: Array, out: Array) -> None:
        launch("sigmoid_backward", y.size, dy, y, out)

    def dropout(self, x: Array, ratio: float, seed: int, step: int, out: Array) -> None:
        limit, scale, first, second = dropout_constants(ratio, seed, step)
        launch("dropout", x.size, x, limit, scale, first, second, out)
