"""The worked example models/text_gen, run as a reader runs it: its scripts as processes in a folder of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import cafflite
import cafflite.models
from cafflite.proto import prototxt

MODEL = Path(next(iter(cafflite.models.__path__))) / "text_gen"
SOURCES = os.environ | {"PYTHONPATH": str(Path(cafflite.__file__).parents[1])}
TEXT = "The quick brown fox jumps over the lazy dog.\n" * 3


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *command], cwd=folder, env=SOURCES, capture_output=True, text=True)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A folder with the data set of a small text: 4 streams of 20 characters."""
    folder = tmp_path_factory.mktemp("text_gen")
    (folder / "book.txt").write_text(TEXT)
    made = run(folder, MODEL / "create_text_gen_dataset.py", "--text", "book.txt", "--streams", "4", "--length", "20")
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


def test_the_default_text_fills_the_default_streams(tmp_path):
    made = run(tmp_path, MODEL / "create_text_gen_dataset.py")
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
def test_a_text_that_does_not_do_is_one_sentence(tmp_path, content, message):
    if content is not None:
        (tmp_path / "book.txt").write_bytes(content)
    made = run(tmp_path, MODEL / "create_text_gen_dataset.py", "--text", "book.txt")
    assert made.returncode == 1
    assert made.stderr.startswith(message) and made.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def trained(small) -> Path:
    """The same folder after 30 iterations of `cafflite train`: a snapshot and the log beside the data set."""
    solver = prototxt.load_solver(MODEL / "solver.prototxt")
    solver.max_iter, solver.display, solver.base_lr, solver.random_seed = 30, 10, 0.01, 1
    (small / "solver.prototxt").write_text(prototxt.dump(solver))
    training = run(small, "-m", "cafflite.tools.main", "train", "--solver=solver.prototxt")
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


def generate(folder: Path, *options: str) -> str:
    weights = ("--weights", "text_gen_iter_30.caffemodel")
    written = run(folder, MODEL / "generate_text.py", *weights, "--length", "40", *options)
    assert written.returncode == 0, written.stderr
    return written.stdout


def test_generated_text_goes_on_from_the_seed(trained):
    text = generate(trained, "--seed", "The ")
    assert text.startswith("the ") and len(text) == len("the ") + 40 + len("\n")
    assert set(text) <= set(json.loads((trained / "dictionary.json").read_text()))
    assert text == generate(trained, "--seed", "the ", "--temperature", "0")


def test_the_temperature_draws(trained):
    drawn = [generate(trained, "--temperature", "1.5", "--random-seed", seed) for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_seed_the_net_does_not_know_is_one_sentence(trained):
    written = run(trained, MODEL / "generate_text.py", "--weights", "text_gen_iter_30.caffemodel", "--seed", "q9")
    assert written.returncode == 1
    assert written.stderr.startswith("the net does not know ['9']: a seed is made of ")


@pytest.mark.skipif(
    not Path(sys.executable).with_name("cafflite").exists(), reason="needs the console script: pip install --editable ."
)
def test_the_demo_runs_from_text_to_text(tmp_path):
    (tmp_path / "book.txt").write_text("when all the work and no play makes jack a dull boy\n" * 1000)
    demo = run(tmp_path, MODEL / "demo.py", "--text", "book.txt", "--iterations", "3", "--output", "out")
    assert demo.returncode == 0, demo.stderr
    assert (tmp_path / "out" / "text_gen_iter_3.caffemodel").is_file()
    assert demo.stdout.count("generate_text.py") == 3
