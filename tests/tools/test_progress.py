import os
import re

import pytest

from cafflite import log
from cafflite.tools import _progress

BAR = re.compile(r"(#*)(-*) (\d)/4, \S+ images/s, (\d+:)?\d+:\d\d left")


@pytest.fixture
def terminal(monkeypatch):
    """A function that goes over four items on a terminal, and returns what was printed there."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(_progress, "INTERVAL", 0)

    def go_over(total: int | None) -> str:
        reading, writing = os.openpty()
        with open(writing, "w") as file:
            monkeypatch.setattr("sys.stderr", file)
            assert list(_progress.over("abcd", total, "images")) == list("abcd")
            print("end", file=file, flush=True)
            text = ""
            while not text.endswith("end\r\n"):
                text += os.read(reading, 2**16).decode()
        os.close(reading)
        return text

    return go_over


def test_the_bar_grows_and_goes(terminal) -> None:
    text = terminal(4)
    bars = BAR.findall(text)
    assert [int(bar[2]) for bar in bars] == [1, 2, 3]
    assert all(abs(len(done) / len(done + left) - int(count) / 4) < 0.1 for done, left, count, _ in bars)
    assert text.endswith("\x1b[Kend\r\n")


def test_where_the_total_is_not_known(terminal) -> None:
    assert re.findall(r"(\d), \S+ images/s", terminal(None)) == ["1", "2", "3"]


def test_quiet_and_dumb_terminals_get_none(terminal, monkeypatch) -> None:
    monkeypatch.setattr(log, "quiet", True)
    assert terminal(4) == "end\r\n"
    monkeypatch.setattr(log, "quiet", False)
    monkeypatch.setenv("TERM", "dumb")
    assert terminal(4) == "end\r\n"
