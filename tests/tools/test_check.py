from pathlib import Path

import pytest

from cafflite.tools.main import main

NET = """layer { name: "data" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } include { phase: TRAIN } }
layer { name: "data" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } include { phase: TEST } }
layer { name: "p" type: "Softmx" bottom: "x" top: "y" include { phase: TEST stage: "deep" min_level: 1 } }
"""


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    Path("solver.prototxt").write_text('train_net: "net.prototxt"\nlr_policy: "fixd"\n')


LINE = "net.prototxt:3: layer 'p' (Softmx): unknown layer type 'Softmx'; did you mean 'Softmax'?"


@pytest.mark.parametrize(
    ("arguments", "lines", "status"),
    [
        ("net.prototxt", ["net.prototxt: no mistakes found"], 0),
        ("net.prototxt --stage=deep --level=1", [f"{LINE} (in phase TEST)"], 1),
        ("net.prototxt --stage=deep --level=1 --phase=TEST", [LINE], 1),
        ("net.prototxt --stage=deep --level=1 --phase=TRAIN", ["net.prototxt: no mistakes found"], 0),
        (
            "solver.prototxt",
            ["solver.prototxt:2: lr_policy is 'fixd', "
             "expected one of fixed, step, exp, inv, multistep, poly, sigmoid"],
            1,
        ),
        ("no.prototxt", ["no.prototxt: the file cannot be read: No such file or directory"], 1),
    ],
)  # fmt: skip
def test_a_line_for_each_mistake(capsys, arguments, lines, status):
    assert main(["check", *arguments.split()]) == status
    captured = capsys.readouterr()
    assert captured.out.splitlines() == lines
    assert captured.err == ""


def test_notes_alone_are_no_mistake(capsys):
    Path("net.prototxt").write_text("""
        layer { name: "data" type: "Input" top: "x" top: "y" input_param { shape { dim: 2 dim: 3 } } }
        layer { name: "loss" type: "EuclideanLoss" bottom: "x" bottom: "x" top: "loss" }""")
    assert main(["check", "net.prototxt"]) == 0
    assert capsys.readouterr().out == (
        "net.prototxt:2: layer 'data' (Input): note: no layer reads its top 'y' (in phase TRAIN)\n"
    )


def test_a_solver_with_mistakes_is_still_taken_for_one(capsys):
    Path("solver.prototxt").write_text("momntum: 0.9\nmax_iter: 10\ndispaly: 3\n")
    assert main(["check", "solver.prototxt"]) == 1
    assert "unknown field 'momntum' in SolverParameter; did you mean 'momentum'?" in capsys.readouterr().out


def test_a_net_of_one_layer_with_two_mistakes_is_a_net(capsys):
    Path("net.prototxt").write_text('layer { nam: "x" type: "ReLU" botom: "x" }')
    assert main(["check", "net.prototxt"]) == 1
    assert [line.split("'")[1] for line in capsys.readouterr().out.splitlines()[:2]] == ["nam", "botom"]


def test_a_phase_that_does_not_exist(capsys):
    assert main(["check", "net.prototxt", "--phase=BOTH"]) == 1
    assert capsys.readouterr().err == "cafflite: check: --phase is 'BOTH', expected TRAIN, TEST or ALL\n"
