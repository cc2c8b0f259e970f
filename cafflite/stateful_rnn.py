"""StatefulRNN: a recurrent net that is fed one time step at a time and remembers what it has seen."""

import os
from typing import Any

import numpy

from cafflite.blob import Array
from cafflite.errors import DataError, NetError, ShapeError
from cafflite.layers._recurrence import Recurrence
from cafflite.proto.caffe_pb2 import TEST
from cafflite.pycaffe import Net

State = dict[str, dict[str, Array]]


class StatefulRNN:
    """A net of recurrent layers (LSTM, RNN, GRU, Lstm) in the TEST phase, at one time step of N streams a call.

    model    a deploy prototxt (its path or text), a NetParameter, or a Net that is taken as it is
    weights  a caffemodel for it, binary or HDF5

    The sequence indicators of the layers, where they are inputs of the net, are seen to here: a stream goes on until it
    is reset. A net with more than one time step is reshaped to one.

    >>> rnn = StatefulRNN("deploy.prototxt", "net.caffemodel")              # doctest: +SKIP
    >>> outputs = [rnn.step(data=value)["ip"] for value in signal]          # doctest: +SKIP

    Raises what Net does, and NetError for a layer that cannot go step by step.
    """

    def __init__(self, model: Any, weights: str | os.PathLike | None = None) -> None:
        self.net = model if isinstance(model, Net) else Net(model, TEST, weights=weights)
        if isinstance(model, Net) and weights is not None:
            model.copy_from(weights)
        self.layers = {layer.name: layer for layer in self.net.layers if isinstance(layer, Recurrence)}
        if not self.layers:
            raise NetError("the net has no recurrent layer (LSTM, RNN, GRU or Lstm)")
        read = self._read()
        for name, bottoms in read.items():
            self._check(self.layers[name], bottoms)
        cont = {bottoms[1] for bottoms in read.values()}
        self.data = [name for name in self.net.inputs if name not in cont]
        self._reshape_to_one_step(static=self._sources({name for bottoms in read.values() for name in bottoms[2:]}))
        for name in cont:
            self.net.blobs[name].data[...] = 1
        self.reset()

    def step(self, **inputs: Array) -> dict[str, Array]:
        """The net's outputs, by name, one time step later.

        inputs  an array for each input of the net but the sequence indicators, of its blob's shape; (N, ...) will do
                for (1, N, ...), and a number for a single value

        The outputs are copies of their blobs. Raises NetError, ShapeError or DataError for inputs that do not fit.
        """
        if inputs.keys() != set(self.data):
            raise NetError(f"arrays are given for {sorted(inputs)}, but a step takes {sorted(self.data)}")
        for name, given in inputs.items():
            blob, array = self.net.blobs[name], _numbers(given, name)
            if array.shape not in (blob.shape, blob.shape[1:]) and not (array.shape == () and blob.count == 1):
                raise ShapeError(
                    f"the array for '{name}' has shape {array.shape}, expected {blob.shape} or {blob.shape[1:]}"
                )
            blob.data[...] = array
        return {name: array.copy() for name, array in self.net.forward().items()}

    def reset(self, stream: int | None = None) -> None:
        """Forget what was seen of one stream, or of all."""
        for layer in self.layers.values():
            for _, last in layer.ends:
                last[self._rows(layer, stream)] = 0

    def get_state(self, stream: int | None = None) -> State:
        """A copy of the states after the last step: by layer and state ("h", and "c" for cells), (N, H).

        That of one `stream` alone is (H,).
        """
        return {
            name: {
                state: layer.ops.to_host(last[self._rows(layer, stream)]).copy()
                for state, (_, last) in zip(layer.states, layer.ends, strict=True)
            }
            for name, layer in self.layers.items()
        }

    def set_state(self, state: State, stream: int | None = None) -> None:
        """Take back what `get_state` gave; that of one stream may go to another one.

        Raises NetError, ShapeError or DataError where it is none of this net's.
        """
        expected = {name: sorted(layer.states) for name, layer in self.layers.items()}
        if {name: sorted(states) for name, states in state.items()} != expected:
            found = {name: sorted(states) for name, states in state.items()}
            raise NetError(f"the state is of {found}, expected {expected}")
        places = {
            (name, kind): last[self._rows(layer, stream)]
            for name, layer in self.layers.items()
            for kind, (_, last) in zip(layer.states, layer.ends, strict=True)
        }
        for (name, kind), place in places.items():
            given = _numbers(state[name][kind], kind)
            if given.shape != place.shape:
                raise ShapeError(
                    f"the state '{kind}' of layer '{name}' has shape {given.shape}, expected {place.shape}: a state "
                    "fits a net of its own batch size and num_output"
                )
        for (name, kind), place in places.items():
            place[...] = self.net.ops.xp.asarray(state[name][kind])

    def _rows(self, layer: Recurrence, stream: int | None) -> slice | int:
        streams = len(layer.h)
        if stream is not None and not 0 <= stream < streams:
            raise NetError(f"there is no stream {stream}: the net has {streams}, from 0 on")
        return slice(None) if stream is None else stream

    def _read(self) -> dict[str, list[str]]:
        """For each recurrent layer the blobs that it reads, by the names they have before the net splits them."""
        source: dict[str, str] = {}
        read = {}
        for step in self.net.steps:
            if step.layer.type == "Split":
                source |= dict.fromkeys(step.top_names, step.bottom_names[0])
            elif step.layer.name in self.layers:
                read[step.layer.name] = [source.get(name, name) for name in step.bottom_names]
        return read

    def _sources(self, names: set[str]) -> set[str]:
        """These blobs and all that other layers than recurrent ones make them of."""
        for step in reversed(self.net.steps):
            if step.layer.name not in self.layers and names & set(step.top_names):
                names = names | set(step.bottom_names)
        return names

    def _check(self, layer: Recurrence, bottoms: list[str]) -> None:
        """NetError for a layer that cannot go step by step with the state that it keeps."""
        where = f"layer '{layer.name}' ({layer.type})"
        options = [name for name in ("expose_hidden", "lengths", "reverse") if getattr(layer.param, name, False)]
        if options:
            raise NetError(f"{where} has {options[0]}, and a net that goes step by step needs layers without it")
        if len(bottoms) < 2:
            raise NetError(f"{where} has no clip, and so forgets at each step: give it a second bottom, an input")
        if bottoms[1] not in self.net.inputs:
            raise NetError(f"{where} has the sequence indicators '{bottoms[1]}', expected an input of the net")

    def _reshape_to_one_step(self, static: set[str]) -> None:
        """Cut the first axis, which is time or the rows of all time steps, of all inputs but the `static` ones."""
        steps = len(next(iter(self.layers.values())).activations)
        for name in set(self.net.inputs) - static:
            first, *others = self.net.blobs[name].shape
            self.net.blobs[name].reshape(first // steps, *others)
        self.net.reshape()


def _numbers(given: Any, name: str) -> numpy.ndarray:
    """As an array. Raises DataError for what is none, or not of real numbers."""
    try:
        array = numpy.asarray(given)
    except ValueError as error:
        raise DataError(f"what is given for '{name}' is no array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise DataError(f"the array for '{name}' is of {array.dtype}, expected real numbers")
    return array
