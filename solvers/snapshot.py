"""Snapshots: the weights and the solver's state as Caffe writes them, and a file beside them for an exact resume.

    <prefix>_iter_N.caffemodel   the parameters
    <prefix>_iter_N.solverstate  the iteration, and the history of the updates
    <prefix>_iter_N.resume.npz   the checksums of these two, and what they cannot hold: the state of the layers
                                 (position in the data, hidden state, random numbers)

In the format HDF5 the names go on with .h5 (and .resume.h5.npz). The solverstate gets its name last, when the others
are whole and on the disk: where there is a solverstate there are its weights, whenever a run is killed.
"""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy
from google.protobuf.message import DecodeError

from cafflite import hdf5, log, weights
from cafflite.blob import Array
from cafflite.errors import SolverError, WeightsError
from cafflite.files import replace_files
from cafflite.proto import blob_proto
from cafflite.proto.caffe_pb2 import SolverParameter, SolverState
from cafflite.solvers import resume

if TYPE_CHECKING:
    from cafflite.solvers.base import Solver

Path = str | os.PathLike[str]
State = tuple[int, int, str, list[Array]]  # iteration, current_step, path of the weights, history


def check_writable(prefix: str) -> None:
    """SolverError unless files can be made in the folder of a snapshot_prefix."""
    folder = os.path.dirname(prefix) or "."
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise SolverError(f"snapshot_prefix is '{prefix}', but no folder '{folder}' can be written to: make it")


def write(solver: Solver) -> None:
    """Write the files of a snapshot. Raises FileError, and then the snapshots that were there stay whole."""
    is_hdf5 = solver.param.snapshot_format == SolverParameter.HDF5
    kind, extension = ("HDF5", ".h5") if is_hdf5 else ("binary proto", "")
    state = f"{solver.param.snapshot_prefix}_iter_{solver.iter}.solverstate{extension}"
    model = resume.model_of(state)
    with replace_files(model, resume.path_of(state), state) as (new_model, new_resume, new_state):
        log.info(f"Snapshotting to {kind} file {model}")
        (weights.save_hdf5 if is_hdf5 else weights.save)(solver.net, new_model, solver.param.snapshot_diff)
        log.info(f"Snapshotting solver state to {kind} file {state}")
        new_state.write_bytes((_to_hdf5 if is_hdf5 else _to_proto)(solver, model))
        resume.write(solver, new_resume, new_model, new_state)


def restore(solver: Solver, path: Path) -> None:
    """Go on from a solverstate, and exactly so when the file for that is beside it. Raises WeightsError."""
    path = os.fspath(path)
    extra = resume.read(path)
    try:
        with open(path, "rb") as file:
            is_hdf5 = file.read(len(weights.HDF5_SIGNATURE)) == weights.HDF5_SIGNATURE
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        iteration, current_step, model, history = (_from_hdf5 if is_hdf5 else _from_proto)(solver, path)
    except WeightsError as error:
        raise error.at(path) from error
    # The checksums say which weights belong to the state; else they are where Caffe had them, or beside the state.
    if extra:
        model = resume.model_of(path)
    elif model and not os.path.exists(model):
        model = os.path.join(os.path.dirname(path), os.path.basename(model))
    if model:
        weights.load(solver.net, model)
    if not is_hdf5:
        log.info("SGDSolver: restoring history")
    for blob, array in zip(solver.history_blobs(), history, strict=True):
        blob[...] = solver.ops.xp.asarray(array.reshape(blob.shape))
    solver.iter, solver.current_step = iteration, current_step
    if extra:
        extra.restore(solver)


def _check_history(solver: Solver, history: list[Array]) -> None:
    blobs = solver.history_blobs()
    if len(history) != len(blobs):
        raise WeightsError(
            f"it holds {len(history)} history blobs, and {solver.type} needs {len(blobs)} for this net: "
            "is it of another solver or net?"
        )
    wrong = [
        f"history blob {i} has shape {array.shape} in the file and {blob.shape} here"
        for i, (array, blob) in enumerate(zip(history, blobs, strict=True))
        if array.size != blob.size
    ]
    if wrong:
        raise WeightsError("; ".join(wrong))


def _to_proto(solver: Solver, model: str) -> bytes:
    state = SolverState(iter=solver.iter, learned_net=model, current_step=solver.current_step)
    if sum(array.nbytes for array in solver.history) > weights.LARGEST_BINARY:
        raise WeightsError("the history takes more than the 2 GiB of a binary file: set snapshot_format: HDF5")
    for blob in solver.history_blobs():
        blob_proto.set_array(state.history.add(), solver.ops.to_host(blob))
    return state.SerializeToString()


def _from_proto(solver: Solver, path: str) -> State:
    try:
        with open(path, "rb") as file:
            state = SolverState.FromString(file.read())
        model = state.learned_net
    except (DecodeError, UnicodeDecodeError) as error:
        raise WeightsError("this is not a solverstate, or a damaged one") from error
    if not state.HasField("iter") or state.iter < 0:
        raise WeightsError("there is no iteration in this file, expected a solverstate")
    history = [blob_proto.to_array(blob) for blob in state.history]
    _check_history(solver, history)
    return state.iter, state.current_step, model, history


def _to_hdf5(solver: Solver, model: str) -> bytes:
    import h5py

    content, name = BytesIO(), model.encode()
    with h5py.File(content, "w") as file:
        file["iter"] = numpy.array([solver.iter], "i4")
        file["learned_net"] = numpy.array(name, f"S{len(name) + 1}")  # with the zero that ends a string in C
        file["current_step"] = numpy.array([solver.current_step], "i4")
        history = file.create_group("history")
        for i, blob in enumerate(solver.history_blobs()):
            history[str(i)] = solver.ops.to_host(blob)
    return content.getvalue()


def _from_hdf5(solver: Solver, path: str) -> State:
    with hdf5.reading(path, WeightsError) as file:
        iteration, current_step = _integer(file, "iter"), _integer(file, "current_step")
        model: Any = hdf5.member(file, "learned_net", WeightsError) if "learned_net" in file else b""
        if getattr(model, "shape", None) == ():
            model = model[()]
        if iteration < 0 or not isinstance(model, bytes):
            raise WeightsError(f"iter is {iteration} and learned_net {model!r}, expected 0 or more and a string")
        group = hdf5.member(file, "history", WeightsError)
        history = [hdf5.member(group, str(i), WeightsError) for i in range(len(group))]
        if any(getattr(item, "dtype", numpy.dtype(object)).kind != "f" for item in history):
            raise WeightsError("the history is not made of numbers, expected a solverstate")
        _check_history(solver, history)  # before it is read: a file can declare more than there is memory for
        return iteration, current_step, model.decode(errors="replace"), [item[()] for item in history]


def _integer(file: Any, name: str) -> int:
    item = hdf5.member(file, name, WeightsError)
    if getattr(item, "size", 0) != 1 or item.dtype.kind not in "iu":
        raise WeightsError(f"'{name}' is not a whole number, expected a solverstate")
    return int(item[()].reshape(-1)[0] if item.shape else item[()])
