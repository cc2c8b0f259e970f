"""Every training run recorded from the original Caffe: losses, rates, parameters, history, and its snapshots."""

import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from cafflite import get_solver
from cafflite.proto.caffe_pb2 import NetParameter, SolverState
from cafflite.solvers.nets import read_solver

CASES = sorted(path.parent for path in (Path(__file__).parent.parent / "golden/solver").glob("*/meta.json"))
FINISHED = [case for case in CASES if json.loads((case / "meta.json").read_text())["final_state"]]
SNAPSHOTS = [(case, path.name) for case in CASES for path in sorted(case.glob("snap_iter_*.solverstate*"))]


class Case:
    """A recorded run, in a folder of its own; `check` holds an array to the recorded one of a key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta = json.loads((folder / "meta.json").read_text())
        self.data = dict(np.load(folder / "data.npz"))

    def check(self, found, key: str, index=()) -> None:
        expected = self.data[key][index]
        np.testing.assert_allclose(found, expected, self.meta["rtol"], self.meta["atol"], err_msg=f"{key} {index}")

    def solver(self):
        solver = get_solver("solver.prototxt")
        for key, array in self.data.items():
            kind, _, name = key.partition(":")
            if kind == "in":
                solver.net.blobs[name].data[...] = array
            elif kind == "param":
                parameter(solver, name)[...] = array
        return solver

    def check_params(self, solver) -> int:
        keys = [key for key in self.data if key.startswith(f"param@{solver.iter}:")]
        for key in keys:
            self.check(parameter(solver, key.partition(":")[2]), key)
        return len(keys)


on_each_device = pytest.mark.usefixtures("device")


def parameter(solver, name: str):
    layer, _, index = name.rpartition(":")
    return solver.net.params[layer][int(index)].data


@pytest.fixture
def case(request, monkeypatch, tmp_path) -> Case:
    monkeypatch.chdir(shutil.copytree(request.param, tmp_path / "case"))
    return Case(request.param)


def identify(value) -> str:
    return value.name if isinstance(value, Path) else str(value)


@on_each_device
@pytest.mark.parametrize("case", CASES, ids=identify, indirect=True)
def test_a_run(case):
    solver = case.solver()
    checked = 0
    for iteration in range(case.meta["iterations"]):
        case.check(solver.learning_rate(), "lr", iteration)
        solver.step(1)
        case.check(float(solver.losses[-1]), "loss", iteration)
        checked += case.check_params(solver)
    assert checked
    for i, blob in enumerate(solver.history_blobs()):
        if (key := f"history@{solver.iter}:{i}") in case.data:
            case.check(solver.ops.to_host(blob), key)
    written = {path.name for path in Path().glob("snap_iter_*") if "resume" not in path.name}
    assert written >= set(case.meta["snapshots_written_while_stepping"])


@on_each_device
@pytest.mark.parametrize("case", FINISHED, ids=identify, indirect=True)
def test_the_final_state(case):
    solver = case.solver()
    solver.step(case.meta["iterations"])
    solver.snapshot()
    state = SolverState.FromString(Path(f"snap_iter_{solver.iter}.solverstate").read_bytes())
    assert {
        "iter": state.iter,
        "current_step": state.current_step,
        "learned_net": state.learned_net,
        "history_shapes": [list(blob.shape.dim) for blob in state.history],
    } == case.meta["final_state"]


@on_each_device
@pytest.mark.parametrize(("case", "state"), SNAPSHOTS, ids=identify, indirect=["case"])
def test_resuming_from_a_snapshot_of_the_original(case, state):
    solver = case.solver()
    solver.restore(state)
    checked = case.check_params(solver)
    while solver.iter < case.meta["iterations"]:
        solver.step(1)
        checked += case.check_params(solver)
    assert checked


@on_each_device
@pytest.mark.parametrize(("case", "state"), SNAPSHOTS, ids=identify, indirect=["case"])
def test_a_snapshot_has_the_structure_of_the_original(case, state):
    solver = case.solver()
    solver.param.snapshot = 0
    solver.step(int(re.search(r"\d+", state)[0]))
    solver.snapshot()
    for name in (state, state.replace("solverstate", "caffemodel")):
        structure = hdf5_structure if name.endswith(".h5") else binary_structure
        assert structure(Path(name)) == structure(case.folder / name)


def hdf5_structure(path: Path) -> dict:
    """Every object of the file with its type and shape, and the values but those of parameters and history."""
    found = {}

    def visit(name, item):
        found[name] = "group" if isinstance(item, h5py.Group) else (item.shape, item.dtype.str)
        if "/" not in name and isinstance(item, h5py.Dataset):
            found[name] += (item[()].tolist(),)

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def binary_structure(path: Path):
    """The message with the numbers of every blob replaced by how many they are."""
    if path.suffix == ".solverstate":
        message = SolverState.FromString(path.read_bytes())
        blobs = list(message.history)
    else:
        message = NetParameter.FromString(path.read_bytes())
        blobs = [blob for layer in message.layer for blob in layer.blobs]
    for blob in blobs:
        count = len(blob.data)
        del blob.data[:]
        blob.num = count
    return message


@on_each_device
@pytest.mark.parametrize("name", ["finetune_by_name", "finetune_by_name_h5"])
def test_starting_from_weights(name, monkeypatch, tmp_path):
    folder = CASES[0].parent / name
    monkeypatch.chdir(shutil.copytree(folder, tmp_path / "case"))
    case = Case(folder)
    param = read_solver("solver.prototxt")
    param.weights.append(f"pretrained.caffemodel{'.h5' if name.endswith('h5') else ''}")
    solver = get_solver(param)
    for i in range(2):  # ip1 comes from the file, ip2 keeps its own random values
        np.testing.assert_array_equal(parameter(solver, f"ip1:{i}"), case.data[f"param:ip1:{i}"])
    assert not np.array_equal(parameter(solver, "ip2:0"), case.data["param:ip2:0"])
