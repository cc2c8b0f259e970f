"""`cafflite train`: the logs of the original line by line, signals, the terminal, and mistakes."""

import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cafflite
from cafflite import log
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


@pytest.mark.parametrize(
    ("number", "flags", "last_words"),
    [
        (signal.SIGINT, [], "Optimization Done."),
        (signal.SIGTERM, ["--sigint_effect=none"], "Optimization Done."),
        (signal.SIGHUP, ["--sighup_effect=stop"], "Optimization Done."),
    ],
)
def test_a_signal_stops_with_a_snapshot(job, number, flags, last_words):
    job(10**9)
    run = start(*flags)
    wait_for(run, "Iteration 200 ")
    run.send_signal(number)
    lines = run.communicate(timeout=30)[1].splitlines()
    assert run.returncode == 0
    assert lines[-2].endswith("Optimization stopped early.")
    assert lines[-1].endswith(last_words)
    (state,) = Path().glob("snap_iter_*.solverstate")
    assert any(line.endswith(f"solver state to binary proto file {state}") for line in lines)


@pytest.mark.parametrize(
    ("number", "flags", "is_written"),
    [
        (signal.SIGHUP, [], True),
        (signal.SIGINT, ["--sigint_effect=snapshot"], True),
        (signal.SIGINT, ["--sigint_effect=none"], False),
    ],
)
def test_a_signal_after_which_the_run_goes_on(job, number, flags, is_written):
    job(10**9)
    run = start(*flags)
    wait_for(run, "Iteration 200 ")
    run.send_signal(number)
    if is_written:
        wait_for(run, "Snapshotting solver state")
    wait_for(run, " iter/s")
    wait_for(run, " iter/s")
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=30)
    assert run.returncode == 0
    assert len(list(Path().glob("snap_iter_*.solverstate"))) == 1 + is_written


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a run prints where stderr is a terminal."""
    main_end, its_end = pty.openpty()
    command = [*PROGRAM, "train", "--solver=solver.prototxt", *arguments]
    run = subprocess.Popen(command, stderr=its_end, env=ENVIRONMENT | {"TERM": "xterm"} | environment)
    os.close(its_end)
    text = b""
    try:
        while piece := os.read(main_end, 2**16):
            text += piece
    except OSError:  # how a terminal says that nobody is left to write
        pass
    os.close(main_end)
    assert run.wait(timeout=30) == 0
    return text.decode()


BAR = re.compile(r"#*\x1b?\[?0?m?-* \d+/\d+, loss = \S+, lr = 0.001, \S+ iter/s, \d+:\d\d left")


def test_the_progress_bar(job):
    job(1500)
    text = on_a_terminal()
    bars = BAR.findall(text)
    assert len(bars) >= 1
    assert "\x1b[32m" in text
    assert text.endswith("Optimization Done.\r\n")
    lines = [line.rpartition("\r\x1b[K")[2] for line in text.split("\n") if "Iteration 200 " in line]
    assert len(lines) == 1 and lines[0].startswith("I")


@pytest.mark.parametrize(
    ("arguments", "environment", "has_bar", "has_colour"),
    [
        ([], {"NO_COLOR": "1"}, True, False),
        (["--quiet"], {}, False, False),
        ([], {"TERM": "dumb"}, False, False),
    ],
)
def test_where_the_bar_is_plain_or_absent(job, arguments, environment, has_bar, has_colour):
    job(1500)
    text = on_a_terminal(*arguments, **environment)
    assert bool(BAR.search(text)) == has_bar
    assert ("\x1b[32m" in text) == has_colour


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


def test_help_is_quick():
    started = time.perf_counter()
    subprocess.run([*PROGRAM, "--help"], env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
    assert time.perf_counter() - started < 5  # a loaded machine; it is meant to be 0.5
