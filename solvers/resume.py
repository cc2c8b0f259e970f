"""The file that makes a resume exact: the state of the layers, and the checksums of the snapshot that it belongs to."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy

from cafflite import log
from cafflite.errors import CaffliteError, WeightsError

if TYPE_CHECKING:
    from cafflite.solvers.base import Solver

Path = str | os.PathLike[str]


def path_of(snapshot: str) -> str:
    """The resume file of a solverstate or caffemodel."""
    return snapshot.replace(".solverstate", ".resume").replace(".caffemodel", ".resume") + ".npz"


def model_of(state: str) -> str:
    """The caffemodel of a solverstate."""
    return state.replace(".solverstate", ".caffemodel")


@dataclass
class Resume:
    """What was read from a resume file.

    layers  the names of the layers of the training net and of each test net
    states  their states, as Net.state gives them
    """

    path: str
    layers: list[list[str]]
    states: list[Any]

    def restore(self, solver: Solver) -> None:
        """Give the layers their states back. Raises WeightsError when they do not fit."""
        nets = [solver.net, *solver.test_nets]
        if self.layers != [[step.layer.name for step in net.steps] for net in nets]:
            log.warning(f"{self.path} is of a net with other layers: their states start anew")
            return
        try:
            for net, state in zip(nets, self.states, strict=True):
                net.restore(state)
        except (CaffliteError, KeyError, TypeError, ValueError) as error:
            raise WeightsError(
                f"{self.path}: the states do not fit this net ({error}); without this file the run goes on as in Caffe"
            ) from error


def write(solver: Solver, path: Path, model: Path, state: Path) -> None:
    """Write the resume file for two files that hold the weights and the state of the solver."""
    nets = [solver.net, *solver.test_nets]
    arrays: dict[str, numpy.ndarray] = {}
    content = {
        "sha256": {"caffemodel": _sha256(model), "solverstate": _sha256(state)},
        "layers": [[step.layer.name for step in net.steps] for net in nets],
        "states": _take_arrays([net.state() for net in nets], arrays),
    }
    text = numpy.frombuffer(json.dumps(content).encode(), numpy.uint8)
    with open(path, "wb") as file:
        numpy.savez(file, allow_pickle=False, json=text, **arrays)


def read(state: str) -> Resume | None:
    """The content of the resume file of a solverstate; None when there is none, or it belongs to other files.

    Raises WeightsError when the file, the solverstate, or the weights are damaged.
    """
    path = path_of(state)
    if ".solverstate" not in state or not os.path.exists(path):
        log.warning(f"{path} is not there: hidden states, random numbers and the data start anew, as in Caffe")
        return None
    content = _load(path)
    if not _belongs(content, model_of(state), state):
        log.warning(f"{path} is of another snapshot: hidden states, random numbers and the data start anew")
        return None
    return Resume(path, content["layers"], content["states"])


def check_model(model: str) -> None:
    """WeightsError when a caffemodel differs from the checksum in the resume file beside it."""
    if ".caffemodel" in model and os.path.exists(model) and os.path.exists(path_of(model)):
        _belongs(_load(path_of(model)), model, model.replace(".caffemodel", ".solverstate"))


def _belongs(content: dict[str, Any], model: str, state: str) -> bool:
    """Whether both files are those that the checksums are of. WeightsError when just one of them is."""
    paths = {"caffemodel": model, "solverstate": state}
    differs = [
        path for name, path in paths.items() if os.path.exists(path) and _sha256(path) != content["sha256"][name]
    ]
    # Caffe may have written a snapshot of the same name over ours; a damage to both files at once is unlikely.
    if len(differs) == 1:
        raise WeightsError(
            f"{differs[0]}: the file is damaged, it differs from its checksum in {os.path.basename(path_of(model))}; "
            "use an earlier snapshot"
        )
    return not differs


def _load(path: str) -> dict[str, Any]:
    try:
        with numpy.load(path, allow_pickle=False) as file:
            content = json.loads(file["json"].tobytes())
            content["states"] = _put_arrays(content["states"], file)
            return {name: content[name] for name in ("sha256", "layers", "states")}
    except Exception as error:  # a damaged zip archive raises almost anything
        raise WeightsError(f"{path}: this file is damaged ({error}); without it the run goes on as in Caffe") from error


def _take_arrays(value: Any, arrays: dict[str, numpy.ndarray]) -> Any:
    """`value` as JSON can hold it: its arrays go to `arrays`, and their names stay in their places."""
    if isinstance(value, dict):
        return {name: _take_arrays(item, arrays) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_take_arrays(item, arrays) for item in value]
    if hasattr(value, "get"):
        value = value.get()
    if isinstance(value, numpy.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    return value.item() if isinstance(value, numpy.generic) else value


def _put_arrays(value: Any, arrays: Any) -> Any:
    """The reverse of `_take_arrays`."""
    if isinstance(value, dict):
        if value.keys() == {"array"}:
            return arrays[value["array"]]
        return {name: _put_arrays(item, arrays) for name, item in value.items()}
    return [_put_arrays(item, arrays) for item in value] if isinstance(value, list) else value


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
