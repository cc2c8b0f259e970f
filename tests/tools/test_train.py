"""`cafflite train`: the logs of the original line by line, signals, the terminal, and mistakes."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cafflite
from cafflite import log
from cafflite.tools import _progress
from cafflite.tools.main import main

GOLDEN = Path(__file__).parent.parent / "golden/cli"
NET = """
name: "tiny"
layer { name: "data" type: "DummyData" top: "x" top: "y"
  dummy_data_param { shape { dim: 2 dim: 3 } shape { dim: 2 dim: 1 } data_filler { type: "gaussian" } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip"
  inner_product_param { num_output: 1 weight_filler { type: "constant" value: 1 } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "y" top: "loss" }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.001 lr_policy: "fixed" max_iter: MAX snapshot_prefix: "snap" display: 200'
PROGRAM = [sys.executable, "-c", "import sys; from cafflite.tools.main import main; sys.exit(main())"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(cafflite.__file__).parents[1])}


@pytest.fixture(autouse=True)
def restore_quiet(monkeypatch):
    monkeypatch.setattr(log, "quiet", False)


@pytest.fixture
def job(monkeypatch, tmp_path):
    """Makes the files of a small training run in a folder to run it in."""
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)

    def write(max_iter: int, more: str = "") -> None:
        Path("solver.prototxt").write_text(SOLVER.replace("MAX", str(max_iter)) + more)

    return write


def messages(text: str) -> list[str]:
    """The messages of a log, with the times replaced as in the recorded ones."""
    found = [line.partition("] ")[2] for line in text.splitlines() if line.startswith("I")]
    return [re.sub(r"\(\S+ iter/s, [^/]+s/", "(T iter/s, Ts/", line) for line in found]


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_the_log_is_that_of_the_original(name, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(shutil.copytree(GOLDEN / name, tmp_path / "case"))
    recorded = Path("log.txt").read_text()
    for run in re.findall(r"\$ caffe (.*)\n((?:(?!\$).*\n)*?)exit status: (\d+)\n", recorded):
        command, expected, status = run
        # Beside Caffe's own files there is none for an exact resume, and the recorded runs go on without.
        for path in Path().glob("*.resume*.npz"):
            path.unlink()
        assert main(shlex.split(command)) == int(status)
        assert_alike(messages(capfd.readouterr().err), expected.splitlines())


def assert_alike(found: list[str], expected: list[str]) -> None:
    """The same words, and numbers within the tolerance of the recorded runs."""
    number = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w])")
    assert [number.sub("#", line) for line in found] == [number.sub("#", line) for line in expected]
    for line, recorded in zip(found, expected, strict=True):
        values = [[float(text) for text in number.findall(text)] for text in (line, recorded)]
        assert values[0] == pytest.approx(values[1], rel=1e-3, abs=1e-5), line


def start(*arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [*PROGRAM, "train", "--solver=solver.prototxt", *arguments],
        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, **options,
    )  # fmt: skip


def wait_for(run: subprocess.Popen, words: str) -> None:
    for line in run.stderr:
        if words in line:
            return
    raise AssertionError(f"the run ended before '{words}'")


def test_ctrl_c_stops_with_a_snapshot(job):
    job(10**9)
    run = start()
    wait_for(run, "Iteration 200 ")
    run.send_signal(signal.SIGINT)
    lines = run.communicate(timeout=60)[1].splitlines()
    assert run.returncode == 0
    (state,) = Path().glob("snap_iter_*.solverstate")
    assert [line.partition("] ")[2] for line in lines[-3:]] == [
        f"Snapshotting solver state to binary proto file {state}",
        "Optimization stopped early.",
        "Optimization Done.",
    ]


def test_sighup_writes_a_snapshot_and_sigterm_ends_the_run(job):
    job(10**9)
    run = start("--sigint_effect=none")
    wait_for(run, "Iteration 200 ")
    run.send_signal(signal.SIGHUP)
    wait_for(run, "Snapshotting solver state")
    run.send_signal(signal.SIGINT)
    wait_for(run, " iter/s")
    wait_for(run, " iter/s")
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert len(list(Path().glob("snap_iter_*.solverstate"))) == 2


def train_on_a_terminal(monkeypatch, *flags: str) -> str:
    """What a run prints on stderr where that is a terminal."""
    reading, writing = os.openpty()
    with open(writing, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", terminal)
        patch.setattr(_progress, "INTERVAL", 0)
        assert main(["train", "--solver=solver.prototxt", *flags]) == 0
        print("end", file=terminal, flush=True)
        text = ""
        while not text.endswith("end\r\n"):
            text += os.read(reading, 2**16).decode()
    os.close(reading)
    return text


BAR = re.compile(r"(\x1b\[32m)?(#*)(\x1b\[0m)?(-*) (\d)/4, loss = \S+, lr = 0.001, \S+ iter/s, \d+:\d\d left")


def test_the_progress_bar(job, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    job(4)
    text = train_on_a_terminal(monkeypatch)
    bars = BAR.findall(text)
    assert [int(bar[4]) for bar in bars] == sorted(int(bar[4]) for bar in bars)
    assert {int(bar[4]) for bar in bars} == {1, 2, 3}
    for start, done, end, left, count in bars:
        assert (start, end) == ("\x1b[32m", "\x1b[0m")
        assert abs(len(done) / (len(done) + len(left)) - int(count) / 4) < 0.1
    below = text.rpartition("\x1b[K")[2]
    assert below.startswith("I") and below.endswith("] Optimization Done.\r\nend\r\n")
    assert not BAR.search(below)


@pytest.mark.parametrize(
    ("flag", "environment", "has_bar"),
    [
        ("--noquiet", ("NO_COLOR", "1"), True),
        ("--quiet", ("TERM", "xterm"), False),
        ("--noquiet", ("TERM", "dumb"), False),
    ],
)
def test_where_the_bar_is_plain_or_absent(job, monkeypatch, flag, environment, has_bar):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(*environment)
    job(4)
    text = train_on_a_terminal(monkeypatch, flag)
    assert bool(BAR.search(text)) == has_bar
    assert "\x1b[32m" not in text


def test_quiet_leaves_nothing_to_read(job, capfd):
    job(3)
    assert main(["train", "--solver=solver.prototxt", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--snapshot=a --weights=b", "cafflite: train: give --snapshot to resume or --weights to finetune, not both"),
        ("--sigint_effect=dance", "cafflite: train: --sigint_effect is 'dance', expected one of stop, snapshot, none"),
        ("--gpu=first", "cafflite: train: --gpu is 'first', expected the number of a GPU"),
        ("--weights=none.caffemodel", "cafflite: none.caffemodel: cannot be read: No such file or directory"),
        ("--snapshot=none.solverstate", "cafflite: none.solverstate: cannot be read: No such file or directory"),
    ],
)
def test_mistakes(job, capfd, flags, message):
    job(3)
    assert main(["train", "--solver=solver.prototxt", *flags.split()]) == 1
    assert [line for line in capfd.readouterr().err.splitlines() if line[0] not in "IW"] == [message]


def test_a_gpu_that_is_not_there_is_an_error_for_the_flag_and_a_warning_for_the_file(job, capfd):
    job(1, " solver_mode: GPU device_id: 99")
    assert main(["train", "--solver=solver.prototxt"]) == 0
    assert "] the solver's file asks for a GPU, and the CPU is used: " in capfd.readouterr().err
    assert main(["train", "--solver=solver.prototxt", "--gpu=99"]) == 1
    assert capfd.readouterr().err.startswith("cafflite: ")


def test_stages_and_level_choose_the_layers(job, capfd):
    Path("net.prototxt").write_text(
        NET + 'layer { name: "more" type: "Silence" bottom: "x" include { stage: "deep" min_level: 2 } }'
    )
    job(1, " train_state { level: 5 }")
    Path("solver.prototxt").write_text(Path("solver.prototxt").read_text())
    assert main(["train", "--solver=solver.prototxt", "--stage=a,deep", "--level=2"]) == 0
    assert b"more" in Path("snap_iter_1.caffemodel").read_bytes()
    assert main(["train", "--solver=solver.prototxt", "--stage=deep"]) == 0
    assert b"more" not in Path("snap_iter_1.caffemodel").read_bytes()


def test_help_waits_for_no_large_library():
    code = (
        "import sys; from cafflite.tools.main import main; main(['help']); print({'numba', 'h5py'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert run.stdout.endswith("\nset()\n")
