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


@pytest.mark.parametrize(("solver", "kept"), [("", 0), ("SGD", 1), ("Adam", 2)])
def test_the_memory_of_a_gpu(capsys, solver, kept):
    layer = 'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 512 } }'
    Path("net.prototxt").write_text(NET.splitlines()[1] + layer)
    Path("solver.prototxt").write_text(f'net: "net.prototxt" type: "{solver}"')
    flags = ["--gpu", "--solver=solver.prototxt"] if solver else ["--gpu"]
    assert main(["summary", "net.prototxt", *flags]) == 0
    table, last = capsys.readouterr().out.rstrip("\n").rsplit("\n", 1)
    assert table == cafflite.Net("net.prototxt", cafflite.TRAIN).summary()
    assert "16.0 KiB for parameters and their diffs" in last
    assert (f"{kept * 8}.0 KiB for the solver's history" in last) == bool(kept)


def test_a_solver_that_is_not_known(capsys):
    Path("solver.prototxt").write_text('net: "net.prototxt" type: "Adams"')
    assert main(["summary", "net.prototxt", "--stage=deep", "--level=1", "--gpu", "--solver=solver.prototxt"]) == 1
    assert "--solver is 'solver.prototxt', of type 'Adams', expected one of" in capsys.readouterr().err
