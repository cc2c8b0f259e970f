"""Activations and dropout on a GPU: one kernel each."""

import numpy

from cafflite.backend.base import Array
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.ops_neuron import NeuronOps, dropout_constants


class CupyNeuron(NeuronOps):
    def dropout(self, x: Array, ratio: float, seed: int, step: int, out: Array) -> None:
        limit, scale, first, second = dropout_constants(ratio, seed, step)
        launch("dropout", x.size, x, numpy.uint32(limit), scale, numpy.uint32(first), numpy.uint32(second), out)
