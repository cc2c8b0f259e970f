"""The Python interface of Caffe: nets by file name, blobs by name, forward and backward with NumPy arrays."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any

import numpy

from cafflite import net as core
from cafflite import weights as weight_files
from cafflite.blob import Array, Blob
from cafflite.errors import CaffliteError, NetError, ShapeError
from cafflite.layers.base import registry
from cafflite.proto import caffe_pb2, prototxt
from cafflite.solvers import make_solver
from cafflite.solvers.adadelta import AdaDelta
from cafflite.solvers.adagrad import AdaGrad
from cafflite.solvers.adam import Adam
from cafflite.solvers.base import Solver
from cafflite.solvers.nesterov import Nesterov
from cafflite.solvers.rmsprop import RMSProp
from cafflite.solvers.sgd import SGD
from cafflite.summary import summary

NetSource = Any  # a path, the text of a prototxt, or a NetParameter


class Net(core.Net):
    """A net made from a prototxt.

    network_file  path of a prototxt, its text, or a NetParameter
    phase    TRAIN or TEST
    level, stages, weights  as the `state` of the net; `weights` is a caffemodel (.h5 or binary) to start from
    data_shapes  shapes by the names of tops, for data layers whose files are not there: Input layers take their places,
                 as in data_shapes={"data": (10, 3, 227, 227), "label": (10,)}
    seed     makes fillers and random layers repeatable

    The order of Caffe's first years, `Net(network_file, weights, phase)`, is understood as well.
    Raises PrototxtError, NetError, ShapeError or WeightsError.
    """

    def __init__(
        self,
        network_file: NetSource,
        phase: Any = None,
        level: int = 0,
        stages: list[str] | None = None,
        weights: str | os.PathLike | None = None,
        **options: Any,
    ) -> None:
        if isinstance(phase, str | os.PathLike):  # the order of Caffe's first years
            phase, level, weights = level, 0, phase
        if phase not in (None, caffe_pb2.TRAIN, caffe_pb2.TEST):
            raise NetError(f"phase is {phase!r}, expected TRAIN or TEST")
        is_message = isinstance(network_file, caffe_pb2.NetParameter)
        param = caffe_pb2.NetParameter()
        param.CopyFrom(network_file if is_message else prototxt.load_net(network_file))
        if phase is not None:
            param.state.phase = phase
            param.state.level = level
            param.state.stage.extend(stages or [])
        try:
            super().__init__(param, **options)
        except CaffliteError as error:
            raise error.at(_title(network_file)) from error
        if weights is not None:
            self.copy_from(weights)

    @property
    def top_names(self) -> OrderedDict[str, list[str]]:
        """The tops of each layer, by its name."""
        return OrderedDict((step.layer.name, step.top_names) for step in self.steps)

    @property
    def bottom_names(self) -> OrderedDict[str, list[str]]:
        """The bottoms of each layer, by its name."""
        return OrderedDict((step.layer.name, step.bottom_names) for step in self.steps)

    @property
    def layer_dict(self) -> OrderedDict[str, Any]:
        """The layers, by name."""
        return OrderedDict((layer.name, layer) for layer in self.layers)

    @property
    def _layer_names(self) -> list[str]:
        return [layer.name for layer in self.layers]

    @property
    def blob_loss_weights(self) -> OrderedDict[str, float]:
        """The loss weight of each blob, 0 for most."""
        return OrderedDict((name, self.loss_weights.get(name, 0.0)) for name in self.blobs)

    def forward(  # type: ignore[override]  # pycaffe's arguments in place of the core's indices
        self, blobs: list[str] | None = None, start: str | None = None, end: str | None = None, **inputs: Array
    ) -> dict[str, Array]:
        """Run the net, or its layers from `start` to `end` (names, both included).

        blobs   names of further blobs to return beside the outputs
        inputs  arrays to put into the input blobs first, by name, each of its blob's shape

        Returns the data of the net's outputs (of the tops of `end`, where it is given) by name.
        """
        if inputs:
            if set(inputs) != set(self.inputs):
                raise NetError(f"arrays are given for {sorted(inputs)}, but the net's inputs are {sorted(self.inputs)}")
            for name, array in inputs.items():
                self._assign(name, self.blobs[name].data, array)
        first = 0 if start is None else self._layer_index(start)
        last = None if end is None else self._layer_index(end)
        names = (self.outputs if end is None else self.top_names[end]) + (blobs or [])
        super().forward(first, last)
        return {name: self._blob(name).data for name in names}

    def backward(  # type: ignore[override]
        self, diffs: list[str] | None = None, start: str | None = None, end: str | None = None, **tops: Array
    ) -> dict[str, Array]:
        """Run the net backward, or its layers from `start` down to `end` (names, both included).

        diffs  names of further blobs whose diffs to return beside the inputs'
        tops   diffs to put on output blobs first, by name, each of its blob's shape

        Returns the diffs of the net's inputs (of the bottoms of `end`, where it is given) by name.
        """
        if tops:
            if set(tops) != set(self.outputs):
                raise NetError(f"diffs are given for {sorted(tops)}, but the net's outputs are {sorted(self.outputs)}")
            for name, array in tops.items():
                self._assign(name, self.blobs[name].diff, array)
        first = None if start is None else self._layer_index(start)
        last = 0 if end is None else self._layer_index(end)
        names = (self.inputs if end is None else self.bottom_names[end]) + (diffs or [])
        super().backward(first, last)
        return {name: self._blob(name).diff for name in names}

    def _assign(self, name: str, blob: Array, array: Array) -> None:
        array = numpy.asarray(array)
        if array.shape != blob.shape:
            raise ShapeError(f"the array for blob '{name}' has shape {array.shape}, expected {blob.shape}")
        blob[...] = array

    def _blob(self, name: str) -> Blob:
        if name not in self.blobs:
            raise NetError(f"the net has no blob '{name}'; it has {', '.join(self.blobs)}")
        return self.blobs[name]

    def _layer_index(self, name: str) -> int:
        if name not in self._layer_names:
            raise NetError(f"the net has no layer '{name}'; it has {', '.join(self._layer_names)}")
        return self._layer_names.index(name)

    def copy_from(self, path: str | os.PathLike) -> None:
        """Load the parameters of the layers that a caffemodel, binary or HDF5, names. Raises WeightsError."""
        weight_files.load(self, path)

    def save(self, path: str | os.PathLike) -> None:
        """Write a binary caffemodel."""
        weight_files.save(self, path)

    def save_hdf5(self, path: str | os.PathLike) -> None:
        """Write the parameters as HDF5."""
        weight_files.save_hdf5(self, path)

    def load_hdf5(self, path: str | os.PathLike) -> None:
        """Load the parameters from HDF5."""
        weight_files.load(self, path)

    def summary(self) -> str:
        """A table of the output shapes, parameters and memory of every layer."""
        return summary(self)

    def share_with(self, other: core.Net) -> None:
        """Use the parameters of `other`'s layers of the same names."""
        self.share_trained_layers_with(other)


class SGDSolver(SGD):
    """Caffe's SGDSolver: `cafflite.solvers.sgd.SGD` with nets of this module."""

    net_class = Net


class NesterovSolver(Nesterov):
    """Caffe's NesterovSolver: `cafflite.solvers.nesterov.Nesterov` with nets of this module."""

    net_class = Net


class AdaGradSolver(AdaGrad):
    """Caffe's AdaGradSolver: `cafflite.solvers.adagrad.AdaGrad` with nets of this module."""

    net_class = Net


class RMSPropSolver(RMSProp):
    """Caffe's RMSPropSolver: `cafflite.solvers.rmsprop.RMSProp` with nets of this module."""

    net_class = Net


class AdaDeltaSolver(AdaDelta):
    """Caffe's AdaDeltaSolver: `cafflite.solvers.adadelta.AdaDelta` with nets of this module."""

    net_class = Net


class AdamSolver(Adam):
    """Caffe's AdamSolver: `cafflite.solvers.adam.Adam` with nets of this module."""

    net_class = Net


_SOLVERS: dict[str, type[Solver]] = {
    solver.type: solver
    for solver in (SGDSolver, NesterovSolver, AdaGradSolver, RMSPropSolver, AdaDeltaSolver, AdamSolver)
}


def get_solver(solver: Any) -> Solver:
    """The solver that a prototxt (its path), or a SolverParameter, asks for by its `type`.

    Raises PrototxtError or SolverError, and what its nets raise.
    """
    return make_solver(solver, classes=_SOLVERS)


def layer_type_list() -> list[str]:
    """The layer types that a prototxt can name, sorted."""
    return sorted(registry)


def _title(network: NetSource) -> str:
    is_path = isinstance(network, os.PathLike) or (isinstance(network, str) and os.path.exists(network))
    return os.path.basename(os.fspath(network)) if is_path else "<net>"
