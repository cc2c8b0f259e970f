"""The nets of the worked examples on a GPU: nothing goes between it and the host unasked, and little is launched."""

import importlib
from pathlib import Path

import h5py
import numpy as np
import pytest

import cafflite
import cafflite.models
from cafflite.net import Net
from cafflite.proto import caffe_pb2, prototxt
from tests.device_twins import device_ops, end_prefetch

pytestmark = pytest.mark.gpu

MODELS = Path(next(iter(cafflite.models.__path__)))
NETS = [path for path in sorted(MODELS.glob("*/*.prototxt")) if "layer {" in path.read_text()]
SHAPES = {
    "text_gen/train": {"input_sequence": (5, 3), "cont_sequence": (5, 3), "target_sequence": (5, 3)},
    "lenet/train_test": {"data": (4, 1, 28, 28), "label": (4,)},
}
STEPS, STREAMS = 12, 4


@pytest.fixture
def emulated():
    """The counters of the emulated device."""
    end_prefetch()
    return pytest.importorskip("cupy_on_cpu", reason="a GPU does not count copies and launches")


def unrolled():
    path = MODELS / "unrolled_lstm" / "unrolled_lstm.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.unrolled_net(3, 2, 5)


def net_param(path):
    return prototxt.load_net(path) if path else unrolled()


@pytest.mark.parametrize("phase", [caffe_pb2.TRAIN, caffe_pb2.TEST], ids=["TRAIN", "TEST"])
@pytest.mark.parametrize("path", [*NETS, None], ids=lambda path: f"{path.parent.name}-{path.stem}" if path else "code")
def test_a_net_copies_nothing(path, phase, emulated):
    param = net_param(path)
    param.state.phase = phase
    name = f"{path.parent.name}/{path.stem}" if path else ""
    net = Net(param, device_ops(), seed=1, data_shapes=SHAPES.get(name))
    rng = np.random.default_rng(1)
    for top in net.inputs:
        blob = net.blobs[top]
        blob.data.set(rng.integers(0, 2, blob.shape).astype("f"))
    for _ in range(2):  # arrays are made in the first pass; one that is kept is not used in it yet
        with emulated.no_transfers():
            net.clear_param_diffs()
            net.forward()
            net.backward()
            net.loss()


@pytest.fixture
def text_gen(tmp_path, monkeypatch):
    """Makes the solver of models/text_gen, on few and short streams."""
    monkeypatch.chdir(tmp_path)
    rng, rows = np.random.default_rng(1), 3 * STEPS
    with h5py.File("text.h5", "w") as file:
        for name in ("input_sequence", "target_sequence"):
            file[name] = rng.integers(0, 47, (rows, STREAMS)).astype("f")
        file["cont_sequence"] = (np.arange(rows)[:, None] > 0) * np.ones((rows, STREAMS), "f")
    Path("text_gen.txt").write_text("text.h5\n")
    net = (MODELS / "text_gen" / "train.prototxt").read_text()
    Path("train.prototxt").write_text(net.replace("batch_size: 50", f"batch_size: {STEPS}"))

    def make(**options):
        device_ops()
        cafflite.set_mode_gpu()
        param = prototxt.load_solver(MODELS / "text_gen" / "solver.prototxt")
        for name, value in options.items():
            setattr(param, name, value)
        return cafflite.get_solver(param)

    return make


def test_text_gen_launches_few_kernels(text_gen, emulated):
    solver = text_gen(display=0)
    solver.step(1)
    with emulated.counted() as counts:
        solver.step(1)
    assert counts["launches"] <= 8 * STEPS + 60
    assert counts["launches"] <= 3 * STEPS + 100  # what it takes today, and a little


@pytest.mark.parametrize("average_loss", [1, 3])
def test_a_solver_reads_what_it_displays_and_nothing_else(text_gen, emulated, average_loss):
    solver = text_gen(display=4, average_loss=average_loss)
    solver.step(1)
    batch = {"host_to_device": 3}  # the data layer's three tops
    for _ in range(3):
        with emulated.no_transfers(**batch):
            solver.step(1)
    with emulated.counted() as counts:
        solver.step(1)  # displayed: the loss, its blob, the norm of the gradient, and whether all data were well
    assert 1 <= counts["device_to_host_copies"] <= 5
