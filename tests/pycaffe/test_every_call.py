"""Every call that public pycaffe scripts were counted for, once.

The scripts in every_call/ are written in cells, `# %% CALL`. Each cell runs by itself behind what stands above the
first one of its script, in an empty folder; its assertions are the test. A call of the count without a cell fails.
"""

import csv
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import cafflite

SCRIPTS = sorted((Path(__file__).parent / "every_call").glob("*.py"))
CELL = re.compile(r"^# %% (.+)\n", re.MULTILINE)
CALLS = [(call, script) for script in SCRIPTS for call in CELL.findall(script.read_text())]


@pytest.fixture
def caffe(monkeypatch):
    """`import caffe` finds cafflite, until the test ends."""
    monkeypatch.setattr(sys, "meta_path", sys.meta_path.copy())
    cafflite.install_as_caffe()
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "caffe"]:
        del sys.modules[name]


@pytest.mark.parametrize(("call", "script"), CALLS, ids=[call for call, _ in CALLS])
def test_a_call(call, script, caffe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setitem(sys.modules, script.stem, module := ModuleType(script.stem))
    head, *cells = CELL.split(script.read_text())
    at = cells.index(call)
    lines = len("".join([head, *cells[:at]]).splitlines()) + at // 2 + 1  # before the cell, with the marks of cells
    exec(compile(head, script, "exec"), vars(module))
    exec(compile("\n" * lines + cells[at + 1], script, "exec"), vars(module))


def test_every_call_has_a_cell(shared):
    with open(shared / "schema/pycaffe_api_histogram.csv", newline="") as file:
        counted = [row["api"] for row in csv.DictReader(file)]
    assert len(counted) == 93
    assert [call for call in counted if call not in dict(CALLS)] == [], "write a cell for it in every_call/"


def test_no_call_stands_twice():
    assert len(dict(CALLS)) == len(CALLS)
