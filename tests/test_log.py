import io
import re

import pytest

from cafflite import log

LINE = re.compile(r"[IW]\d{4} \d\d:\d\d:\d\d\.\d{6} [ \d]{5,} test_log\.py:\d+\] (.*)")


def messages(capsys) -> list[str]:
    return [LINE.fullmatch(line)[1] for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_in_the_format_of_glog(capsys):
    log.info("Iteration 0, lr = 0.1")
    log.warning("look")
    assert messages(capsys) == ["Iteration 0, lr = 0.1", "look"]


@pytest.mark.parametrize(
    ("quiet", "least", "kept"),
    [
        (False, "", ["one", "two"]),
        (True, "", ["two"]),
        (False, "1", ["two"]),
        (False, "2", []),
        (True, "0", ["two"]),
        (False, "many", ["one", "two"]),
    ],
)
def test_what_is_left_out(capsys, monkeypatch, quiet, least, kept):
    monkeypatch.setattr(log, "quiet", quiet)
    monkeypatch.setenv("GLOG_minloglevel", least)
    log.info("one")
    log.warning("two")
    assert messages(capsys) == kept


def test_the_footer_stays_below_the_messages(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr("sys.stderr", terminal)
    log.footer("10%")
    log.info("one")
    log.footer("")
    log.info("two")
    clear = re.escape("\r\x1b[K")
    assert re.fullmatch(f"10%{clear}I.* one\n10%{clear}I.* two\n", terminal.getvalue())
