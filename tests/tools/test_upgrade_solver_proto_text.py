from pathlib import Path

import pytest

from cafflite import log
from cafflite.tools.main import main


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)


def upgrade(text: str) -> int:
    Path("in.prototxt").write_text(text)
    return main(["upgrade_solver_proto_text", "in.prototxt", "out.prototxt"])


@pytest.mark.parametrize(
    ("old", "new", "latest"),
    [
        ('net: "a" solver_type: ADAGRAD base_lr: 0.01', 'base_lr: 0.01\nnet: "a"\ntype: "AdaGrad"\n', False),
        ("solver_type: 0", 'type: "SGD"\n', False),
        ("base_lr: 0.1  # a comment", "base_lr: 0.1\n", True),
    ],
)
def test_what_is_written(capsys, old, new, latest):
    assert upgrade(old) == 0
    assert Path("out.prototxt").read_text() == new
    err = capsys.readouterr().err
    assert ("] File already in latest proto format: in.prototxt\n" in err) == latest
    assert err.endswith("] Wrote upgraded SolverParameter text proto to out.prototxt\n")


def test_a_mistake_is_one_line(capsys):
    assert upgrade('type: "SGD" solver_type: ADAM') == 1
    assert capsys.readouterr().err == (
        'cafflite: in.prototxt: the solver has both type: "SGD" and the old solver_type: ADAM; remove one\n'
    )
    assert not Path("out.prototxt").exists()
