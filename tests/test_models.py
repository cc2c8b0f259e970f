"""Real models: face detectors and LeNet give the outputs that the original Caffe gives."""

import json
from pathlib import Path

import numpy as np
import pytest

import cafflite

pytestmark = pytest.mark.usefixtures("device")

FOLDER = Path(__file__).parents[2] / "shared" / "models"
ABSENT = pytest.param(FOLDER, marks=pytest.mark.skip(reason="needs ../shared/models, public caffemodels"))


@pytest.mark.parametrize("folder", sorted(FOLDER.glob("*")) or [ABSENT], ids=lambda folder: folder.name)
def test_outputs(folder):
    arrays = np.load(folder / "golden.npz")
    facts = json.loads((folder / "golden.json").read_text())

    net = cafflite.Net(str(folder / "deploy.prototxt"), str(folder / "deploy.caffemodel"), cafflite.TEST)
    assert [layer.type for layer in net.layers] == facts["layers"]
    assert {name: [list(blob.shape) for blob in blobs] for name, blobs in net.params.items()} == facts["params"]

    found = net.forward(**{name.removeprefix("in_"): arrays[name] for name in arrays if name.startswith("in_")})
    assert sorted(found) == sorted(facts["outputs"])
    for name, output in found.items():
        expected = arrays[f"out_{name}"]
        assert output.shape == expected.shape
        assert np.abs(output - expected).max() <= 2e-5, name
    for name, blob in facts["blobs"].items():
        assert list(net.blobs[name].shape) == blob["shape"]
        assert net.blobs[name].data.std() == pytest.approx(blob["std"], rel=1e-4, abs=1e-5), name
