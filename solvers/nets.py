"""What a solver prototxt asks for: its training net, its test nets, each with its state, and the weights to start from.

Paths are taken from the working directory, as Caffe does, and else from the folder of the solver's file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cafflite.errors import CaffliteError, SolverError
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import TEST, TRAIN, NetParameter, NetState, SolverParameter
from cafflite.proto.upgrade import upgrade_solver

Path = str | os.PathLike[str]
Load = Callable[[str], NetParameter]  # the reading of a net's file
TRAIN_FIELDS = ("net", "net_param", "train_net", "train_net_param")


@dataclass
class Source:
    """A net to build, and the file or field that it came from."""

    param: NetParameter
    place: str


def read_solver(path: Path) -> SolverParameter:
    """The solver of a prototxt, upgraded, with the default of `snapshot_prefix`: the file's name without its extension.

    A prefix that is a folder gets that name added. The text itself, in place of a path, gives no prefix. Raises
    PrototxtError, or SolverError where types contradict.
    """
    try:
        param = upgrade_solver(prototxt.load_solver(path))
    except SolverError as error:
        raise error.at("<text>" if prototxt.is_text(path) else os.path.basename(path)) from error
    if prototxt.is_text(path):
        return param
    stem = os.path.splitext(path)[0]
    if not param.snapshot_prefix:
        param.snapshot_prefix = stem
    elif os.path.isdir(param.snapshot_prefix):
        param.snapshot_prefix = os.path.join(param.snapshot_prefix, os.path.basename(stem))
    return param


def build(net_class: Any, source: Source) -> Any:
    """The net; an error that has no place yet gets that of the source."""
    try:
        return net_class(source.param)
    except CaffliteError as error:
        raise error.at(source.place) from error


def train_net(solver: SolverParameter, folder: Path, load: Load = prototxt.load_net) -> Source:
    """The training net, in phase TRAIN and with the states that its file and then `train_state` add."""
    given = [name for name in TRAIN_FIELDS if solver.HasField(name)]
    if len(given) != 1:
        found = " and ".join(given) or "nothing"
        raise SolverError(f"the training net is given by {found}, expected one of {', '.join(TRAIN_FIELDS)}")
    source = _from_field(getattr(solver, given[0]), given[0], folder, load)
    return _in_state(source, TRAIN, solver.train_state)


def test_nets(solver: SolverParameter, folder: Path, load: Load = prototxt.load_net) -> list[Source]:
    """The test nets, one for each `test_iter`, in phase TEST and with the states that files and `test_state` add.

    First those of `test_net_param`, then those of `test_net`; `net` or `net_param` make up the rest.
    """
    given: list[tuple[Any, str]] = [(param, "test_net_param") for param in solver.test_net_param]
    given += [(path, "test_net") for path in solver.test_net]
    shared = [(getattr(solver, name), name) for name in ("net_param", "net") if solver.HasField(name)]
    count = len(solver.test_iter)
    if count < len(given) or (count > len(given) and not shared):
        raise SolverError(f"test_iter is given {count} times, expected once for each of the {len(given)} test nets")
    if len(solver.test_state) not in (0, count):
        raise SolverError(f"test_state is given {len(solver.test_state)} times, expected none or {count}, as test_iter")
    if count and solver.test_interval <= 0:
        raise SolverError(f"test_interval is {solver.test_interval}, but with test nets it has to be above 0")
    given += shared * (count - len(given))
    states = list(solver.test_state) or [NetState()] * count
    return [
        _in_state(_from_field(value, name, folder, load), TEST, state)
        for (value, name), state in zip(given, states, strict=True)
    ]


def weight_files(solver: SolverParameter, folder: Path) -> list[str]:
    """The files of `weights`, each entry of which may be several with commas between."""
    return [find(path.strip(), folder) for paths in solver.weights for path in paths.split(",")]


def find(path: str, folder: Path) -> str:
    """`path` from the working directory, or from `folder` when it is only there."""
    beside = os.path.join(folder, path)
    return beside if not os.path.exists(path) and os.path.exists(beside) else path


def _from_field(value: Any, name: str, folder: Path, load: Load) -> Source:
    if isinstance(value, NetParameter):
        return Source(value, name)
    path = find(value, folder)
    return Source(load(path), path)


def _in_state(source: Source, phase: int, more: NetState) -> Source:
    state = NetState(phase=phase)
    state.MergeFrom(source.param.state)
    state.MergeFrom(more)
    param = NetParameter()
    param.CopyFrom(source.param)
    param.state.CopyFrom(state)
    return Source(param, source.place)
