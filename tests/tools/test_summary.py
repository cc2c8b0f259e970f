from pathlib import Path

import pytest

import cafflite
from cafflite.tools.main import main

NET = """
layer { name: "data" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "act" type: "TanH" bottom: "x" top: "y" include { phase: TRAIN stage: "deep" min_level: 1 } }
"""


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        ("", dict(phase=cafflite.TRAIN)),
        ("--phase=TEST", dict(phase=cafflite.TEST)),
        ("--stage=x,deep --level=2", dict(phase=cafflite.TRAIN, stages=["x", "deep"], level=2)),
    ],
)
def test_the_table_of_the_net_in_a_state(capsys, flags, state):
    assert main(["summary", "net.prototxt", *flags.split()]) == 0
    out = capsys.readouterr().out
    assert out == cafflite.Net("net.prototxt", **state).summary() + "\n"
    assert ("act" in out) == ("deep" in flags)


def test_a_mistake_is_one_line(capsys):
    Path("net.prototxt").write_text(NET.replace('top: "x"', 'top: "z"'))
    assert main(["summary", "net.prototxt", "--stage=deep", "--level=1"]) == 1
    captured = capsys.readouterr()
    assert captured.err == (
        "cafflite: net.prototxt:3: layer 'act' (TanH): unknown bottom blob 'x': no layer before it makes it\n"
    )
    assert captured.out == ""
