"""Public nets of many repositories: those of Caffe's own layers build, those of a fork's name what is missing."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import cafflite
from cafflite import build
from cafflite.errors import NetError, PrototxtError
from cafflite.forks import FORK_OF
from cafflite.layers.base import registry
from cafflite.proto import prototxt
from cafflite.proto.upgrade import upgrade_net

GOLDEN = Path(__file__).parent / "golden"
CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
ABSENT = pytest.param("", marks=pytest.mark.skip(reason="needs ../shared/corpus, public prototxts of many forks"))
MANIFEST = CORPUS / "manifest.csv"
ROWS = list(csv.DictReader(MANIFEST.read_text().splitlines())) if MANIFEST.exists() else []
NETS = [row["local"] for row in ROWS if row["kind"] == "net"]
DATA_TYPES = {"Data", "HDF5Data", "ImageData", "MemoryData", "WindowData"}

# Nets of Caffe's own repository, by the recorded case with the shapes of their parameters.
CAFFES = {
    "bvlc_examples__cifar10__cifar10_full_sigmoid_train_test": "C3D-v1.0__examples__cifar10__cifar10_full.prototxt",
    "bvlc_examples__hdf5_classification__nonlinear_train_val": "hdf5_classification__train_val2.prototxt",
    "bvlc_examples__mnist__lenet": "code__lab03__mnist_lenet_deploy.prototxt",
    "bvlc_examples__mnist__mnist_autoencoder": "mnist_autoencoder_train.prototxt",
    "bvlc_examples__siamese__mnist_siamese_train_test": "mnist_siamese_train_test.prototxt",
    "bvlc_models__bvlc_alexnet__train_val": "models__bvlc_alexnet__train_val.prototxt",
    "bvlc_models__bvlc_reference_caffenet__deploy": "models__bvlc_reference_caffenet__train_val.prototxt",
}
# Shapes of data where the net does not say them, by the end of its file's name.
SHAPES = {
    "dcc_coco_baseline_vgg.train.prototxt": {
        "input_sentence": (20, 2),
        "target_sentence": (20, 2),
        "cont_sentence": (20, 2),
        "data": (2, 471),
    },
    "text_gen_multilayer.prototxt": {
        "input_sequence": (25, 2),
        "cont_sequence": (25, 2),
        "target_sequence": (25, 2),
    },
    "upconv_7.prototxt": {"target": (1, 3, 256, 256)},
    "hdf5_classification__train_val.prototxt": {"data": (2, 4)},
    "hdf5_classification__train_val2.prototxt": {"data": (2, 4)},
    "mnist_autoencoder_train.prototxt": {"data": (2, 1, 28, 28)},
    "mnist_siamese_train_test.prototxt": {"pair_data": (2, 2, 28, 28)},
    "test___netdef.prototxt": {"pair_data": (2, 6, 192, 192)},
    "pva9.1_preAct_test.prototxt": {"data": (2, 3, 224, 224)},
    "imagenet__original.pt": {"data": (2, 3, 224, 224)},
}


def states(path: Path) -> dict[int, Any]:
    """The net in today's form for each phase that it is made for: one in which it has data."""
    net = upgrade_net(prototxt.load_net(path))
    has_phases = any(layer.include or layer.exclude for layer in net.layer)
    found = {}
    for phase in [cafflite.TRAIN, cafflite.TEST] if has_phases else [cafflite.TEST]:
        net.state.phase = phase
        filtered = build.filter_net(net)
        if any(not layer.bottom for layer in filtered.layer):
            found[phase] = filtered
    return found


def stand_ins(net, given) -> dict[str, tuple[int, ...]]:
    """Shapes for the tops of its data layers: two images of the size they are cropped to, and two labels."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in net.layer:
        if not layer.bottom and layer.type in DATA_TYPES | {"Python"}:
            size = layer.transform_param.crop_size or 227
            shapes.update((name, (2,) if i else (2, 3, size, size)) for i, name in enumerate(layer.top))
    return shapes | {name: shape for name, shape in given.items() if name in shapes}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS or [ABSENT])
def test_net(name):
    path = CORPUS / name
    try:
        phases = states(path)
    except PrototxtError as error:  # a setting that a fork added to a layer of Caffe's
        assert "unknown field" in str(error)
        return
    given = next((shapes for end, shapes in SHAPES.items() if name.endswith(end)), {})
    for phase, net in phases.items():
        missing = {layer.type for layer in net.layer} - set(registry) - DATA_TYPES
        if missing:
            with pytest.raises(NetError) as refused:
                cafflite.Net(path, phase)
            for layer_type in missing:
                fork = f" (known from the {FORK_OF[layer_type]} fork)" if layer_type in FORK_OF else ""
                assert f"unknown layer type '{layer_type}'{fork}" in str(refused.value)
        elif any(layer.type == "Python" and layer.bottom for layer in net.layer):
            with pytest.raises(NetError, match=r"layer '.*' \(Python\): there is no module"):
                cafflite.Net(path, phase, data_shapes=stand_ins(net, given))
        else:
            built = cafflite.Net(path, phase, data_shapes=stand_ins(net, given))
            assert set(built.outputs) <= set(built.blobs)
            assert {layer.name for layer in net.layer} <= {step.layer.name for step in built.steps}


@pytest.mark.parametrize("case", CAFFES)
def test_parameters_are_those_that_caffe_makes(case, shared):
    (path,) = (path for path in shared.glob("corpus/*/*") if path.name.endswith(CAFFES[case]))
    facts = json.loads((GOLDEN / "structure" / case / "facts.json").read_text())[0]
    phase = cafflite.TRAIN if facts["phase"] == "TRAIN" else cafflite.TEST
    shapes = stand_ins(states(path).get(phase) or states(path)[cafflite.TEST], SHAPES.get(CAFFES[case], {}))
    net = cafflite.Net(path, phase, data_shapes=shapes)
    found = {name: [list(blob.shape) for blob in blobs] for name, blobs in net.params.items()}
    assert found == {layer["name"]: layer["params"] for layer in facts["net"]["layers"] if layer["params"]}
