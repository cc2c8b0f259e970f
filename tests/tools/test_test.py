"""`cafflite test`: the scores that the original saw in its training, and the messages around them."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from cafflite import log
from cafflite.tools.main import main

CASE = Path(__file__).parent.parent / "golden/cli/train_no_after"
SCORES = [[0.0, 1.09861], [0.555556, 0.953971], [0.666667, 0.86938]]  # accuracy and loss at iterations 0, 5, 10


@pytest.fixture(autouse=True)
def case(monkeypatch, tmp_path):
    monkeypatch.setattr(log, "quiet", False)
    monkeypatch.chdir(shutil.copytree(CASE, tmp_path / "case"))


def score(capsys, *arguments: str) -> list[str]:
    assert main(["test", "-model", "net.prototxt", *arguments]) == 0
    return [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(("iteration", "nth"), [(5, 1), (10, 2)])
def test_the_scores_are_those_of_the_training(capsys, iteration, nth):
    """Three batches a test, and a test goes on in the data where the one before it stopped."""
    batches = 3 * (nth + 1)
    lines = score(capsys, "-weights", f"snap_iter_{iteration}.caffemodel", "-iterations", str(batches))
    assert lines[:2] == ["Use CPU.", f"Running for {batches} iterations."]
    found = [re.fullmatch(r"Batch (\d+), (accuracy|loss) = (\S+)", line).groups() for line in lines[2:-3]]
    assert [(int(batch), name) for batch, name, _ in found] == [
        (batch, name) for batch in range(batches) for name in ("accuracy", "loss")
    ]
    last = [[float(value) for _, n, value in found if n == name][-3:] for name in ("accuracy", "loss")]
    assert [sum(values) / 3 for values in last] == pytest.approx(SCORES[nth], abs=2e-4)


def test_the_means_stand_at_the_end(capsys):
    lines = score(capsys, "--weights=snap_iter_10.caffemodel", "--iterations=4")
    losses = [float(line.split()[-1]) for line in lines if line.startswith("Batch") and "loss" in line]
    accuracies = [float(line.split()[-1]) for line in lines if line.startswith("Batch") and "accuracy" in line]
    loss, accuracy = sum(losses) / 4, sum(accuracies) / 4
    number = r"([-+.e\d]+)"
    means = re.fullmatch(
        rf"Loss: {number}\naccuracy = {number}\nloss = {number} \(\* 1 = {number} loss\)", "\n".join(lines[-3:])
    )
    assert [float(mean) for mean in means.groups()] == pytest.approx([loss, accuracy, loss, loss], rel=1e-5)


def test_quiet_leaves_the_means_on_stdout(capsys):
    means = score(capsys, "--weights=snap_iter_10.caffemodel", "--iterations=2")[-3:]
    assert main(["test", "--quiet", "--model=net.prototxt", "--weights=snap_iter_10.caffemodel", "--iterations=2"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == means
    assert captured.err == ""


def test_stage_and_level_choose_the_layers(capsys):
    extra = 'layer { name: "x" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "x" loss_weight: 0.5 RULE }'
    rule = 'include { stage: "wide" stage: "deep" min_level: 2 }'
    Path("net.prototxt").write_text((CASE / "net.prototxt").read_text() + extra.replace("RULE", rule))
    flags = ["-weights=snap_iter_10.caffemodel", "-iterations=1"]
    assert not any("x =" in line for line in score(capsys, *flags, "-stage=wide", "-level=2"))
    assert "(* 0.5 = " in score(capsys, *flags, "-stage=deep,wide", "-level=2")[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "test: it needs weights to score: --weights=FILE"),
        ("-weights x", "test: it needs a net: --model=FILE"),
        ("-model net.prototxt -weights x -iterations 0", "test: --iterations is 0, expected 1 or more"),
        ("-model no.prototxt -weights x", "no.prototxt: the file cannot be read: No such file or directory"),
        ("-model net.prototxt -weights x", "x: cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, message):
    assert main(["test", *arguments.split()]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"cafflite: {message}"


def test_a_gpu_that_is_not_there_is_one_line(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert main("test -model net.prototxt -weights snap_iter_10.caffemodel -iterations 1 -gpu 7".split()) == 1
    assert re.fullmatch(r"cafflite: GPU mode needs CuPy, .*\n", capsys.readouterr().err)
