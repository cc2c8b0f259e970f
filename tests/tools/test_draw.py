from pathlib import Path

import pytest

from cafflite import draw
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import TRAIN
from cafflite.tools.main import main

NET = """
layer { name: "d" type: "HDF5Data" top: "x" include { phase: TRAIN } }
layer { name: "d" type: "HDF5Data" top: "x" include { phase: TEST } }
layer { name: "act" type: "TanH" bottom: "x" top: "y" }
"""


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        ("", dict(rankdir="TB")),
        ("--phase=TRAIN --rankdir=LR", dict(rankdir="LR", phase=TRAIN)),
    ],
)
def test_the_picture(flags, options):
    assert main(["draw", "net.prototxt", "net.svg", *flags.split()]) == 0
    draw.draw_net_to_file(prototxt.load_net("net.prototxt"), "expected.svg", **options)
    assert Path("net.svg").read_text() == Path("expected.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("net.prototxt", "draw: got the arguments ['net.prototxt'], expected MODEL OUTPUT"),
        ("no.prototxt net.svg", "no.prototxt: the file cannot be read: No such file or directory"),
        ("net.prototxt net", "net: expected a name that ends in .svg or .png"),
        ("net.prototxt net.svg --phase=BOTH", "draw: --phase is 'BOTH', expected TRAIN, TEST or ALL"),
        ("net.prototxt net.svg --rankdir=UP", "draw: --rankdir is 'UP', expected one of TB, BT, LR, RL"),
        ("name.prototxt net.svg", "name.prototxt: the net has no layers to draw"),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, message):
    Path("name.prototxt").write_text('name: "x"')
    assert main(["draw", *arguments.split()]) == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"
