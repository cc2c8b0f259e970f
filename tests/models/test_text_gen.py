"""The worked example models/text_gen, run as a reader runs it: its scripts as processes in a folder of their own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from cafflite.proto import prototxt

TEXT = "The quick brown fox jumps over the lazy dog.\n" * 3


@pytest.fixture(scope="module")
def small(tmp_path_factory, model, run_python) -> Path:
    """A folder with the data set of a small text: 4 streams of 20 characters."""
    folder = tmp_path_factory.mktemp("text_gen")
    (folder / "book.txt").write_text(TEXT)
    options = ("--text", "book.txt", "--streams", "4", "--length", "20")
    made = run_python(folder, model / "create_text_gen_dataset.py", *options)
    assert made.returncode == 0, made.stderr
    return folder


def columns(folder: Path, name: str) -> np.ndarray:
    with h5py.File(folder / "text_gen.h5") as file:
        return file[name][...]


def test_the_dictionary_numbers_the_sorted_symbols_of_the_lower_cased_text(small):
    assert json.loads((small / "dictionary.json").read_text()) == {
        symbol: number for number, symbol in enumerate(sorted(set(TEXT[:81].lower())))
    }


def test_each_column_reads_its_own_part_of_the_text(small):
    symbols = list(json.loads((small / "dictionary.json").read_text()))
    inputs = columns(small, "input_sequence")
    assert inputs.shape == (20, 4)
    assert "".join(symbols[int(number)] for number in inputs.T.ravel()) == TEXT[:80].lower()


def test_the_target_is_the_next_character(small):
    inputs, targets = columns(small, "input_sequence"), columns(small, "target_sequence")
    assert targets.shape == (20, 4)
    np.testing.assert_array_equal(targets[:-1], inputs[1:])
    np.testing.assert_array_equal(targets[-1, :-1], inputs[0, 1:])


def test_cont_is_zero_where_the_data_set_starts_over(small):
    cont = columns(small, "cont_sequence")
    np.testing.assert_array_equal(cont, np.repeat([[0.0], [1.0]], [1, 19], axis=0) * np.ones(4))


def test_the_nets_get_the_symbols_of_the_text(small):
    symbols = len(json.loads((small / "dictionary.json").read_text()))
    for name in ("train.prototxt", "deploy.prototxt"):
        layers = {layer.name: layer for layer in prototxt.load_net(small / name).layer}
        assert layers["embed"].embed_param.input_dim == symbols
        assert layers["predict"].inner_product_param.num_output == symbols


def test_the_default_text_fills_the_default_streams(tmp_path, model, run_python):
    made = run_python(tmp_path, model / "create_text_gen_dataset.py")
    assert made.returncode == 0, made.stderr
    assert columns(tmp_path, "input_sequence").shape == (200, 250)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"short", "the text has 5 characters, and 250 streams of 200 need 50001"),
        (b"caf\xe9" * 20000, "book.txt: not UTF-8 at byte 3"),
        (None, "book.txt: No such file or directory"),
    ],
)
def test_a_text_that_does_not_do_is_one_sentence(tmp_path, model, run_python, content, message):
    if content is not None:
        (tmp_path / "book.txt").write_bytes(content)
    made = run_python(tmp_path, model / "create_text_gen_dataset.py", "--text", "book.txt")
    assert made.returncode == 1
    assert made.stderr.startswith(message) and made.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def train(gpu, run_python) -> Callable[..., subprocess.CompletedProcess]:
    """Call train(folder, *flags) for `cafflite train` on the CPU and on a GPU."""
    flags = ["-m", "cafflite.tools.main", "train", *(["--gpu", gpu] if gpu else [])]
    return lambda folder, *arguments: run_python(folder, *flags, *arguments)


@pytest.fixture(scope="module")
def trained(small, model, train) -> Path:
    """The same folder after 30 iterations of `cafflite train`: a snapshot and the log beside the data set."""
    solver = prototxt.load_solver(model / "solver.prototxt")
    solver.max_iter, solver.display, solver.base_lr, solver.random_seed = 30, 10, 0.01, 1
    (small / "solver.prototxt").write_text(prototxt.dump(solver))
    training = train(small, "--solver=solver.prototxt")
    assert training.returncode == 0, training.stderr
    (small / "train.log").write_text(training.stderr)
    return small


def losses(log: Path) -> list[float]:
    words = [line.split() for line in log.read_text().splitlines() if "Iteration" in line and " loss = " in line]
    return [float(line[line.index("loss") + 2]) for line in words]


def test_training_learns(trained):
    seen = losses(trained / "train.log")
    symbols = len(json.loads((trained / "dictionary.json").read_text()))
    assert seen[0] == pytest.approx(np.log(symbols), abs=0.1)
    assert seen[-1] < 0.8 * seen[0]


def test_training_goes_on_from_a_snapshot(trained, train):
    solver = prototxt.load_solver(trained / "solver.prototxt")
    solver.max_iter, solver.snapshot_prefix = 40, "resumed"
    (trained / "longer.prototxt").write_text(prototxt.dump(solver))
    training = train(trained, "--solver=longer.prototxt", "--snapshot=text_gen_iter_30.solverstate")
    assert training.returncode == 0, training.stderr
    (trained / "resumed.log").write_text(training.stderr)
    assert losses(trained / "resumed.log")[0] < losses(trained / "train.log")[-2]
    assert (trained / "resumed_iter_40.caffemodel").is_file()


def test_two_layers_learn_and_write(tmp_path, model, run_python, train):
    (tmp_path / "book.txt").write_text(TEXT)
    options = ("--text", "book.txt", "--streams", "4", "--length", "20", "--layers", "2")
    assert run_python(tmp_path, model / "create_text_gen_dataset.py", *options).returncode == 0
    for name in ("train.prototxt", "deploy.prototxt"):
        layers = {layer.name: list(layer.bottom) for layer in prototxt.load_net(tmp_path / name).layer}
        assert layers["lstm1"] == ["embed", "cont_sequence"] and layers["lstm"] == ["lstm1", "cont_sequence"]
    solver = prototxt.load_solver(model / "solver.prototxt")
    solver.max_iter, solver.display, solver.base_lr, solver.random_seed = 30, 10, 0.01, 1
    (tmp_path / "solver.prototxt").write_text(prototxt.dump(solver))
    training = train(tmp_path, "--solver=solver.prototxt")
    assert training.returncode == 0, training.stderr
    (tmp_path / "train.log").write_text(training.stderr)
    seen = losses(tmp_path / "train.log")
    assert seen[-1] < 0.9 * seen[0]
    weights = ("--weights", "text_gen_iter_30.caffemodel")
    written = run_python(tmp_path, model / "generate_text.py", *weights, "--length", "40", "--seed", "the ")
    assert written.returncode == 0 and len(written.stdout) == len("the ") + 40 + len("\n")


@pytest.fixture
def generate(model, run_python) -> Callable[..., str]:
    """Call generate(folder, *options) for 40 characters of the net that was trained there."""

    def run(folder: Path, *options: str) -> str:
        weights = ("--weights", "text_gen_iter_30.caffemodel")
        written = run_python(folder, model / "generate_text.py", *weights, "--length", "40", *options)
        assert written.returncode == 0, written.stderr
        return written.stdout

    return run


def test_generated_text_goes_on_from_the_seed(trained, generate):
    text = generate(trained, "--seed", "The ")
    assert text.startswith("the ") and len(text) == len("the ") + 40 + len("\n")
    assert set(text) <= set(json.loads((trained / "dictionary.json").read_text()))
    assert text == generate(trained, "--seed", "the ", "--temperature", "0")


def test_the_temperature_draws(trained, generate):
    drawn = [generate(trained, "--temperature", "1.5", "--random-seed", seed) for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_seed_the_net_does_not_know_is_one_sentence(trained, model, run_python):
    options = ("--weights", "text_gen_iter_30.caffemodel", "--seed", "q9")
    written = run_python(trained, model / "generate_text.py", *options)
    assert written.returncode == 1
    assert written.stderr.startswith("the net does not know ['9']: a seed is made of ")


@pytest.mark.skipif(
    not Path(sys.executable).with_name("cafflite").exists(), reason="needs the console script: pip install --editable ."
)
def test_the_demo_runs_from_text_to_text(tmp_path, model, run_python):
    (tmp_path / "book.txt").write_text("when all the work and no play makes jack a dull boy\n" * 1000)
    demo = run_python(tmp_path, model / "demo.py", "--text", "book.txt", "--iterations", "3", "--output", "out")
    assert demo.returncode == 0, demo.stderr
    assert (tmp_path / "out" / "text_gen_iter_3.caffemodel").is_file()
    assert demo.stdout.count("generate_text.py") == 3
