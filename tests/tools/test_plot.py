import io
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from cafflite.tools.main import main

GOLDEN = Path(__file__).parent.parent / "golden/cli/train_test_snapshot/log.txt"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    Path("train.log").write_text(GOLDEN.read_text())
    Path("empty.log").write_text("")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch, *arguments: str) -> list[str]:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["plot", *arguments]) == 0
    return terminal.getvalue().splitlines()


def titles(lines: list[str]) -> list[str]:
    return [line for line in lines if "(t" in line]


def test_without_a_terminal_each_curve_has_its_chart(capsys):
    assert main(["plot", "train.log"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert titles(lines) == ["loss (train)", "loss (test)", "accuracy (test)"]
    assert not any("\x1b" in line for line in lines)
    assert max(map(len, lines)) == 60


def test_on_a_terminal_losses_share_a_chart_in_colours(monkeypatch):
    lines = on_a_terminal(monkeypatch, "train.log")
    assert titles(lines) == [
        "\x1b[34mloss (train)\x1b[0m, \x1b[33mloss (test)\x1b[0m",
        "\x1b[34maccuracy (test)\x1b[0m",
    ]


@pytest.mark.parametrize("variable", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours(monkeypatch, variable):
    monkeypatch.setenv(*variable)
    assert not any("\x1b" in line for line in on_a_terminal(monkeypatch, "train.log"))


def test_a_terminal_without_braille(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["plot", "train.log"]) == 0
    output.flush()
    assert b"***" in output.buffer.getvalue()


def test_several_logs_are_told_apart(capsys):
    Path("second.log").write_text(GOLDEN.read_text())
    assert main(["plot", "train.log", "second.log"]) == 0
    assert titles(capsys.readouterr().out.splitlines()) == [
        f"{log}: {name}" for names in (["loss (train)", "loss (test)"], ["accuracy (test)"])
        for log in ("train.log", "second.log") for name in names
    ]  # fmt: skip


def test_a_resumed_run_takes_the_place_of_what_it_repeats(capsys):
    lines = ["Solving x", *(f"Iteration {i}, loss = 9" for i in (0, 10, 20, 30))]
    lines += ["Solving x", *(f"Iteration {i}, loss = {loss}" for i, loss in ((20, 5), (30, 4), (40, "nan")))]
    Path("train.log").write_text("\n".join(lines))
    assert main(["plot", "train.log"]) == 0
    *_, last, _, axis = capsys.readouterr().out.splitlines()
    assert last.startswith("    4 ┤")
    assert axis.endswith("iteration 30")


@pytest.mark.parametrize(("name", "begin"), [("curves.png", b"\x89PNG"), ("CURVES.SVG", b"<?xml")])
def test_a_picture(name, begin):
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    assert main(["plot", "train.log", f"--output={name}"]) == 0
    assert Path(name).read_bytes().startswith(begin)


def test_the_panels_of_a_picture(monkeypatch):
    figures = pytest.importorskip("matplotlib.figure", reason="pictures need the extra 'plot'")
    shown = []

    def savefig(figure, path, format):
        path.touch()
        shown.extend([line.get_label() for line in axes.lines] for axes in figure.axes)

    monkeypatch.setattr(figures.Figure, "savefig", savefig)
    assert main(["plot", "train.log", "--output=x.png"]) == 0
    assert shown == [["loss (train)", "loss (test)"], ["accuracy (test)"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "plot: it needs the log of a training run"),
        (["no.log"], "no.log: the log cannot be read: No such file or directory"),
        (
            ["train.log", "empty.log"],
            "empty.log: there is nothing to draw in this file, expected the log of a training run",
        ),
        (["train.log", "--output=x.pdf"], "plot: --output is 'x.pdf', expected a name ending in .png or .svg"),
        pytest.param(
            ["train.log", "--output=no/x.svg"],
            "no/x.svg: cannot be written: No such file or directory",
            marks=pytest.mark.skipif(find_spec("matplotlib") is None, reason="pictures need the extra 'plot'"),
        ),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, message):
    assert main(["plot", *arguments]) == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"


def test_the_extra_that_is_missing_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["plot", "train.log", "--output=x.png"]) == 1
    assert "pip install 'cafflite[plot]'" in capsys.readouterr().err
