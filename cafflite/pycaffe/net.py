"""The net of Caffe's Python interface: blobs by name, forward and backward with NumPy arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy

from cafflite import host_blob
from cafflite import net as core
from cafflite import weights as weight_files
from cafflite.blob import Array
from cafflite.errors import CaffliteError, DataError, NetError, ShapeError
from cafflite.proto import caffe_pb2, prototxt
from cafflite.pycaffe import batches
from cafflite.pycaffe.first_years import FirstYearsNet
from cafflite.summary import summary

NetSource = Any  # a path, the text of a prototxt, or a NetParameter
Path = str | os.PathLike[str]


class Net(FirstYearsNet):
    """A net made from a prototxt.

    network_file  path of a prototxt, its text, or a NetParameter
    phase    TRAIN or TEST
    level, stages, weights  as the `state` of the net; `weights` is a caffemodel (.h5 or binary) to start from
    data_shapes  shapes by the names of tops, for data layers whose files are not there: Input layers take their places,
                 as in data_shapes={"data": (10, 3, 227, 227), "label": (10,)}
    seed     makes fillers and random layers repeatable

    The order of Caffe's first years, `Net(network_file, weights, phase)`, is understood as well. Without a phase it is
    that of the file's `state`, or else TEST.
    Raises PrototxtError, NetError, ShapeError or WeightsError.

    blobs   the blobs by name, in order: `net.blobs["data"].data` and `.diff` are arrays to read and to write
    params  the parameters by the name of their layer, each a list of blobs: `net.params["conv1"][0].data`
    inputs, outputs  the names of the tops of Input layers, and of the blobs that no layer reads

    An array stays valid as long as it is referred to, also when the net is gone.
    """

    def __init__(
        self,
        network_file: NetSource,
        phase: Any = None,
        level: Any = None,
        stages: Sequence[str] | None = None,
        weights: Path | None = None,
        **options: Any,
    ) -> None:
        if isinstance(phase, str | os.PathLike):  # the order of Caffe's first years
            phase, level, weights = level, None, phase
        if phase not in (None, caffe_pb2.TRAIN, caffe_pb2.TEST):
            raise NetError(f"phase is {phase!r}, expected TRAIN or TEST")
        if isinstance(level, str | os.PathLike) or isinstance(stages, str):
            raise NetError(
                f"level is {level!r} and stages is {stages!r}, expected a number and a list of names; a caffemodel is "
                "given by weights=..., or before the phase"
            )
        is_message = isinstance(network_file, caffe_pb2.NetParameter)
        param = caffe_pb2.NetParameter()
        param.CopyFrom(network_file if is_message else prototxt.load_net(network_file))
        if phase is not None:
            param.state.phase = phase
            param.state.level = level or 0
            param.state.stage.extend(stages or [])
        try:
            super().__init__(param, **options)
        except CaffliteError as error:
            raise error.at(_title(network_file)) from error
        if weights is not None:
            self.copy_from(weights)

    # Running

    def forward(  # type: ignore[override]  # pycaffe's arguments in place of the core's indices
        self, blobs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **inputs: Array
    ) -> dict[str, Array]:
        """Run the net, or its layers from `start` to `end` (names, both included).

        blobs   names of further blobs to return beside the outputs
        inputs  arrays to put into the input blobs first, by name: each has its blob's first extent, and a shape that
                NumPy can broadcast to the blob's

        Returns the data of the net's outputs (of the tops of `end`, where it is given) by name: the blobs' own arrays,
        which the next pass overwrites. Raises NetError, or ShapeError, before anything is run.
        """
        names = [*(self.outputs if end is None else self.top_names[end]), *(blobs or ())]
        outputs = {name: self.blobs[name] for name in names}
        first, last = self._index(start, 0), self._index(end, len(self.steps) - 1)
        if inputs:
            if set(inputs) != set(self.inputs):
                raise NetError(f"arrays are given for {sorted(inputs)}, but the net's inputs are {sorted(self.inputs)}")
            for name, array in inputs.items():
                _assign(name, self.blobs[name].data, array)
        super().forward(first, last)
        return {name: blob.data for name, blob in outputs.items()}

    def backward(  # type: ignore[override]
        self, diffs: Sequence[str] | None = None, start: str | None = None, end: str | None = None, **tops: Array
    ) -> dict[str, Array]:
        """Run the net backward, or its layers from `start` down to `end` (names, both included).

        diffs  names of further blobs whose diffs to return beside the inputs'
        tops   diffs to put on output blobs first, by name, of shapes as `forward` takes them

        Returns the diffs of the net's inputs (of the bottoms of `end`, where it is given) by name: the blobs' own
        arrays. Raises NetError, or ShapeError, before anything is run.
        """
        names = [*(self.inputs if end is None else self.bottom_names[end]), *(diffs or ())]
        outputs = {name: self.blobs[name] for name in names}
        first, last = self._index(start, len(self.steps) - 1), self._index(end, 0)
        if tops:
            if set(tops) != set(self.outputs):
                raise NetError(f"diffs are given for {sorted(tops)}, but the net's outputs are {sorted(self.outputs)}")
            for name, array in tops.items():
                _assign(name, self.blobs[name].diff, array)
        super().backward(first, last)
        return {name: blob.diff for name, blob in outputs.items()}

    def _forward(self, start: int, end: int) -> float:
        """Run the layers from index `start` to `end`, both included. Returns the loss of these layers."""
        super().forward(self._checked(start), self._checked(end))
        steps = self.steps[start : end + 1]
        losses = [w * float(blob.data.sum()) for s in steps for blob, w in zip(s.top, s.loss_weight, strict=True) if w]
        return sum(losses, 0.0)

    def _backward(self, start: int, end: int) -> None:
        """Run the layers from index `start` down to `end`, both included, backward."""
        super().backward(self._checked(start), self._checked(end))

    def _index(self, layer: str | None, default: int) -> int:
        if layer is None:
            return default
        self.layer_dict[layer]  # an error that lists the layers, where there is none of this name
        return self._layer_names.index(layer)

    def forward_all(self, blobs: Sequence[str] | None = None, **inputs: Array) -> dict[str, numpy.ndarray]:
        """Run the net over any number of samples, in batches of its size, the last one filled up with zeros.

        blobs   names of further blobs to return beside the outputs
        inputs  arrays (samples, ...) for all input blobs, by name

        Returns copies by name, (samples, ...); a blob whose first extent is not the batch size has the rows of all
        batches. Raises NetError or ShapeError, also for an output that is a single value for a batch.
        """
        return batches.forward_all(self, blobs or (), inputs)

    def forward_backward_all(
        self, blobs: Sequence[str] | None = None, diffs: Sequence[str] | None = None, **arrays: Array
    ) -> tuple[dict[str, numpy.ndarray], dict[str, numpy.ndarray]]:
        """Run the net forward and backward over any number of samples, as `forward_all` does.

        blobs, diffs  names of further blobs, and of further diffs, to return beside outputs and the inputs' diffs
        arrays        (samples, ...) for all inputs, for the diffs of all outputs, or both, by name

        Returns data and diffs by name. Gradients of parameters add up over all batches.
        """
        return batches.forward_backward_all(self, blobs or (), diffs or (), arrays)

    def _batch(self, blobs: Mapping[str, Array]) -> Iterator[dict[str, numpy.ndarray]]:
        return batches.split(self, blobs)

    def set_input_arrays(self, data: Array, labels: Array) -> None:
        """Let the net's first MemoryData layer take its batches from `data` and `labels`, from the first row on.

        data    (samples, channels, height, width) as the layer says; float32 is referred to, not copied
        labels  (samples,) or (samples, 1, 1, 1)

        The samples make up whole batches. Raises NetError where there is no such layer, or ShapeError.
        """
        step = next((step for step in self.steps if step.layer.type == "MemoryData"), None)
        if step is None:
            raise NetError("set_input_arrays is for a net with a MemoryData layer, and this one has none")
        layer: Any = step.layer
        try:
            layer.reset(data, labels)
        except CaffliteError as error:
            raise error.at(step.where) from error

    _set_input_arrays = set_input_arrays

    # Called with the index of every layer that is passed

    def before_forward(self, callback: Callable[[int], Any]) -> None:
        """Call `callback(i)` before every forward pass of layer i."""
        self.callbacks["before_forward"].append(_and_flush(callback))

    def after_forward(self, callback: Callable[[int], Any]) -> None:
        """Call `callback(i)` after every forward pass of layer i."""
        self.callbacks["after_forward"].append(_and_flush(callback))

    def before_backward(self, callback: Callable[[int], Any]) -> None:
        """Call `callback(i)` before every backward pass of layer i, also where that has nothing to do."""
        self.callbacks["before_backward"].append(_and_flush(callback))

    def after_backward(self, callback: Callable[[int], Any]) -> None:
        """Call `callback(i)` after every backward pass of layer i, also where that had nothing to do."""
        self.callbacks["after_backward"].append(_and_flush(callback))

    # Parameters

    def copy_from(self, path: Path) -> None:
        """Load the parameters of the layers that a caffemodel, binary or HDF5, names. Raises WeightsError."""
        weight_files.load(self, path)

    def save(self, path: Path) -> None:
        """Write a binary caffemodel. Raises FileError."""
        weight_files.save(self, path)

    def save_hdf5(self, path: Path) -> None:
        """Write the parameters as HDF5. Raises FileError."""
        weight_files.save_hdf5(self, path)

    def load_hdf5(self, path: Path) -> None:
        """Load the parameters from HDF5. Raises WeightsError."""
        weight_files.load(self, path)

    def share_with(self, other: core.Net) -> None:
        """Use the parameters of the layers of `other` of the same names: one memory, which either net's solver updates.

        Raises ShapeError where they differ in shape; then nothing is shared.
        """
        if not isinstance(other, core.Net):
            raise NetError(f"share_with takes a net, found {type(other).__name__}")
        self.share_trained_layers_with(other)

    def summary(self) -> str:
        """A table of the output shapes, parameters and memory of every layer."""
        return summary(self)


def _and_flush(callback: Callable[[int], Any]) -> Callable[[int], None]:
    """What the callback writes is what the next layer reads."""

    def call(index: int) -> None:
        callback(index)
        host_blob.flush()

    return call


def _assign(name: str, target: Array, values: Array) -> None:
    try:
        array = numpy.asarray(values)
    except ValueError as error:
        raise ShapeError(f"what is given for blob '{name}' is no array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise DataError(f"the array for blob '{name}' is of {array.dtype}, expected real numbers")
    try:
        if array.shape[:1] != target.shape[:1]:
            raise ValueError("another batch size, which would be broadcast")
        target[...] = array
    except ValueError as error:
        raise ShapeError(
            f"the array for blob '{name}' has shape {array.shape}, expected {target.shape}; "
            f"net.blobs['{name}'].reshape(...) makes the net take another shape"
        ) from error


def _title(network: NetSource) -> str:
    is_path = isinstance(network, os.PathLike) or (isinstance(network, str) and os.path.exists(network))
    return os.path.basename(os.fspath(network)) if is_path else "<net>"
