import shutil
from pathlib import Path

import pytest

from cafflite import log
from cafflite.proto import prototxt
from cafflite.proto.upgrade import upgrade_net
from cafflite.tools.main import main

STRUCTURE = Path(__file__).parent.parent / "golden/structure"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)


def upgrade() -> int:
    return main(["upgrade_net_proto_text", "in.prototxt", "out.prototxt"])


def messages(capsys) -> list[str]:
    return [line[0] + line.partition("]")[2] for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("name", sorted(path.parent.name for path in STRUCTURE.glob("*/upgraded.prototxt")))
def test_the_written_file_is_that_of_the_original(capsys, name):
    shutil.copy(STRUCTURE / name / "net.prototxt", "in.prototxt")
    assert upgrade() == 0
    written = Path("out.prototxt").read_text().replace(".0\n", "\n")  # protobuf for C++ writes 1.0 as 1
    assert written == (STRUCTURE / name / "upgraded.prototxt").read_text()
    assert messages(capsys)[-1] == "I Wrote upgraded NetParameter text proto to out.prototxt"


def test_a_net_of_today_is_written_as_it_is(capsys):
    text = 'layer {\n  name: "x"\n  type: "ReLU"\n}\n'
    Path("in.prototxt").write_text(text)
    assert upgrade() == 0
    assert Path("out.prototxt").read_text() == text
    assert messages(capsys) == [
        "W File already in latest proto format: in.prototxt",
        "I Wrote upgraded NetParameter text proto to out.prototxt",
    ]


def test_a_file_can_be_upgraded_in_place():
    shutil.copy(STRUCTURE / "v0_basic/net.prototxt", "in.prototxt")
    assert main(["upgrade_net_proto_text", "in.prototxt", "in.prototxt"]) == 0
    net = prototxt.load_net("in.prototxt")
    assert net.layer and upgrade_net(net) == net


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layer { nam: 3 }", "in.prototxt:1:9: unknown field 'nam' in LayerParameter; did you mean 'name'?"),
        (
            'input: "x" input_dim: 3',
            "in.prototxt: the net has 1 input_dim; an input takes 4 of them, or an input_shape",
        ),
        (
            '\nlayer { name: "r" type: "ROIPooling" roi_pooling_param { pooled_w: 6 } }',
            "in.prototxt:2: layer 'r' (ROIPooling): "
            "this layer is known from the Fast R-CNN fork, and its settings would be lost",
        ),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(capsys, text, message):
    Path("in.prototxt").write_text(text)
    assert upgrade() == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"
    assert not Path("out.prototxt").exists()
