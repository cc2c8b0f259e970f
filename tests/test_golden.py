"""Every layer and small net recorded from the original Caffe, step by step, forward and backward."""

import json
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import cafflite
from cafflite.layers.base import registry

GOLDEN = Path(__file__).parent / "golden"
OTHER = {"solver", "cli", "structure", "filler", "weights", "invalid", "random", "pycaffe", "tools"}
CASES = sorted(path.parent for path in GOLDEN.glob("*/*/meta.json") if path.parts[-3] not in OTHER)


def identify(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


class Case:
    """A recorded case: `step(k)` selects the keys of one step."""

    def __init__(self, folder: Path) -> None:
        self.meta = json.loads((folder / "meta.json").read_text())
        self.data = dict(np.load(folder / "data.npz"))
        self.tolerance = {"rtol": self.meta.get("rtol", 1e-4), "atol": self.meta.get("atol", 1e-5)}

    def values(self, kind: str, step: int | None = None):
        """(name, array) of every key `kind:name`, or `kind:name@step` in a case of several steps."""
        for key, array in self.data.items():
            head, _, rest = key.partition(":")
            name, at, number = rest.partition("@")
            if head == kind and (step is None or not at or int(number) == step):
                yield name, array

    def check(self, found, expected, what: str) -> None:
        np.testing.assert_allclose(found, expected, **self.tolerance, err_msg=what)


def parameter(net, name: str):
    layer, _, index = name.rpartition(":")
    return net.params[layer][int(index)]


@pytest.mark.parametrize("folder", CASES, ids=identify)
@pytest.mark.usefixtures("device")
def test_golden(folder: Path, monkeypatch, tmp_path) -> None:
    case = Case(folder)
    missing = {kind for _, kind in case.meta["layers"]} - set(registry)
    assert not missing, f"no layer {missing} is registered"
    monkeypatch.chdir(shutil.copytree(folder, tmp_path / "case"))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(sys.modules, "caffe", cafflite)  # the recorded layers say `import caffe`
    sys.modules.pop("golden_pylayers", None)  # each case has its own
    net = cafflite.Net("net.prototxt", cafflite.TRAIN if case.meta["phase"] == "TRAIN" else cafflite.TEST)
    assert [[layer.name, layer.type] for layer in net.layers] == case.meta["layers"]
    for name, array in case.values("param"):
        parameter(net, name).data[...] = array
    for step in range(case.meta["steps"]):
        run_step(net, case, step)
    for name, array in case.values("param_after"):
        case.check(parameter(net, name).data, array, f"parameter {name} after the last step")
    for name, array in case.values("file"):
        with h5py.File("out.h5") as file:
            case.check(file[name][:], array, f"data set {name} of the written file")


def run_step(net, case: Case, step: int) -> None:
    for name, array in case.values("in", step):
        net.blobs[name].reshape(*array.shape)
        net.blobs[name].data[...] = array
    for name, _ in case.values("ingrad", step):
        net.blobs[name].diff[...] = 0
    net.forward()
    for name, array in case.values("out", step):
        assert net.blobs[name].shape == array.shape, name
        case.check(net.blobs[name].data, array, f"{name}, step {step}")
    if not case.meta["backward"]:
        return
    for name, array in case.values("topdiff", step):
        net.blobs[name].diff[...] = array
    net.clear_param_diffs()
    net.backward()
    for name, array in case.values("grad", step):
        case.check(parameter(net, name).diff, array, f"gradient of {name}, step {step}")
    for name, array in case.values("ingrad", step):
        case.check(net.blobs[name].diff, array, f"gradient of {name}, step {step}")
