import csv
from pathlib import Path

import pytest

from cafflite.tools.main import main

LOG = """\
I1203 10:00:00.000000  4242 solver.cpp:273] Solving LeNet
I1203 10:00:01.000000  4242 solver.cpp:331] Iteration 0, Testing net (#0)
I1203 10:00:02.000000  4242 solver.cpp:398]     Test net output #0: accuracy = 0.1
I1203 10:00:05.000000  4242 solver.cpp:219] Iteration 0 (0 iter/s, 0.1s/20 iters), loss = 7.5
I1203 10:00:05.500000  4242 solver.cpp:238]     Train net output #0: loss = 7 (* 1 = 7 loss)
I1203 10:00:05.500000  4242 sgd_solver.cpp:105] Iteration 0, lr = 0.1
I1203 10:00:09.000000  4242 solver.cpp:219] Iteration 20 (10 iter/s, 2s/20 iters), loss = 1.5
I1203 10:00:09.000000  4242 solver.cpp:238]     Train net output #0: loss = 1e-05 (* 1 = 1e-05 loss)
I1203 10:00:09.000000  4242 sgd_solver.cpp:105] Iteration 20, lr = 0.05
"""


@pytest.fixture(autouse=True)
def log(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("caffe.INFO").write_text(LOG)


def test_the_tables(capsys):
    assert main(["parse_log", "caffe.INFO", "out"]) == 0
    train, test = Path("out/caffe.INFO.train"), Path("out/caffe.INFO.test")
    assert train.read_text().splitlines() == [
        "NumIters,Seconds,LearningRate,loss",
        "0.0,5.5,0.1,7.0",
        "20.0,9.0,0.05,1e-05",
    ]
    assert test.read_text().splitlines() == ["NumIters,Seconds,LearningRate,accuracy", "0.0,2.0,0.1,0.1"]
    assert capsys.readouterr().out == ""


def test_what_a_row_lacks_stays_empty():
    more = "Iteration 40, Testing net (#0)\n    Test net output #0: other = 3\n"
    Path("caffe.INFO").write_text(LOG + more)
    assert main(["parse_log", "caffe.INFO", "."]) == 0
    with open("caffe.INFO.test", newline="") as file:
        assert [(row["accuracy"], row["other"]) for row in csv.DictReader(file)] == [("0.1", ""), ("", "3.0")]


def test_delimiter_and_verbose(capsys):
    Path("caffe.INFO").write_text("".join(line for line in LOG.splitlines(keepends=True) if "Test" not in line))
    assert main(["parse_log", "--delimiter=;", "--verbose", "caffe.INFO", "."]) == 0
    assert Path("caffe.INFO.train").read_text().startswith("NumIters;Seconds;LearningRate;loss\n")
    assert capsys.readouterr().out == "Wrote caffe.INFO.train\nNot writing caffe.INFO.test; no lines to write\n"
    assert not Path("caffe.INFO.test").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.log", "."], "no.log: the log cannot be read: No such file or directory"),
        (["empty.log", "."], "empty.log: no outputs of a net are in this file, expected the log of a training run"),
        (["caffe.INFO", "empty.log"], "empty.log: the folder cannot be made: File exists"),
        (["caffe.INFO", ".", "--delimiter=, "], "parse_log: --delimiter is ', ', expected one character"),
        (["caffe.INFO"], "parse_log: got the arguments ['caffe.INFO'], expected LOG OUTPUT"),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, message):
    Path("empty.log").write_text("")
    assert main(["parse_log", *arguments]) == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"
