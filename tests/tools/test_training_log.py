"""Logs of every age: what Caffe prints, line by line, and the rows that come of it."""

import math
import os
from datetime import datetime
from pathlib import Path

import pytest

from cafflite.errors import DataError
from cafflite.tools import _training_log

GOLDEN = Path(__file__).parent.parent / "golden/cli"

OF_2013 = """\
I1203 10:00:00.000000  4242 solver.cpp:41] Solving LeNet
I1203 10:00:01.000000  4242 solver.cpp:87] Iteration 0, Testing net
I1203 10:00:02.500000  4242 solver.cpp:114] Test score #0: 0.1
I1203 10:00:02.500000  4242 solver.cpp:114] Test score #1: 2.5
I1203 10:00:10.000000  4242 solver.cpp:207] Iteration 100, lr = 0.00992565
I1203 10:00:10.250000  4242 solver.cpp:65] Iteration 100, loss = 0.280328
I1203 10:00:20.000000  4242 solver.cpp:207] Iteration 200, lr = 9.8e-03
I1203 10:00:20.000000  4242 solver.cpp:65] Iteration 200, loss = nan
"""

OF_TODAY = """\
I1203 10:00:00.000000  4242 solver.cpp:273] Solving LeNet
I1203 10:00:00.000000  4242 solver.cpp:274] Learning Rate Policy: step
I1203 10:00:01.000000  4242 solver.cpp:331] Iteration 0, Testing net (#0)
I1203 10:00:02.000000  4242 solver.cpp:398]     Test net output #0: accuracy = 0.1
I1203 10:00:02.000000  4242 solver.cpp:398]     Test net output #1: loss = 2.5 (* 1 = 2.5 loss)
I1203 10:00:03.000000  4242 solver.cpp:331] Iteration 0, Testing net (#1)
I1203 10:00:04.000000  4242 solver.cpp:398]     Test net output #0: loss = 2.25 (* 1 = 2.25 loss)
I1203 10:00:05.000000  4242 solver.cpp:219] Iteration 0 (-3.9e-31 iter/s, 0.1s/20 iters), loss = 7.5
I1203 10:00:05.000000  4242 solver.cpp:238]     Train net output #0: class = 0.25
I1203 10:00:05.000000  4242 solver.cpp:238]     Train net output #1: class = 0.75
I1203 10:00:05.000000  4242 solver.cpp:238]     Train net output #2: main/loss = 7 (* 1 = 7 loss)
I1203 10:00:05.000000  4242 solver.cpp:238]     Train net output #3: side = 5 (* 0.1 = 0.5 loss)
I1203 10:00:05.000000  4242 sgd_solver.cpp:105] Iteration 0, lr = 0.1
I1203 10:00:07.000000  4242 sgd_solver.cpp:46] MultiStep Status: Iteration 15, step = 1
I1203 10:00:09.000000  4242 solver.cpp:219] Iteration 20 (10 iter/s, 2s/20 iters), loss = 1.5
I1203 10:00:09.000000  4242 solver.cpp:238]     Train net output #0: class = 0.5
I1203 10:00:09.000000  4242 solver.cpp:238]     Train net output #1: class = 0.5
I1203 10:00:09.000000  4242 solver.cpp:238]     Train net output #2: main/loss = 1 (* 1 = 1 loss)
I1203 10:00:09.000000  4242 solver.cpp:238]     Train net output #3: side = 5 (* 0.1 = 0.5 loss)
I1203 10:00:09.000000  4242 sgd_solver.cpp:105] Iteration 20, lr = 0.01
I1203 10:00:11.000000  4242 solver.cpp:311] Iteration 40, loss = 1.2
I1203 10:00:11.000000  4242 solver.cpp:331] Iteration 40, Testing net (#0)
I1203 10:00:12.000000  4242 solver.cpp:398]     Test net output #0: accuracy = 0.9
I1203 10:00:12.000000  4242 solver.cpp:398]     Test net output #1: loss = 1.25 (* 1 = 1.25 loss)
"""


@pytest.fixture
def read(tmp_path):
    """Reads a text as a log whose file was last written to at `time`."""

    def read(text: str, time: datetime = datetime(2013, 12, 4)) -> _training_log.TrainingLog:
        path = tmp_path / "train.log"
        path.write_text(text)
        os.utime(path, (time.timestamp(), time.timestamp()))
        return _training_log.read(str(path))

    return read


def rows(rows: list[_training_log.Row]) -> list[tuple]:
    return [(row.iteration, row.seconds, row.rate, row.values) for row in rows]


def test_a_log_of_2013_names_no_outputs(read):
    log = read(OF_2013.replace("nan", "0.25"))
    assert rows(log.train) == [
        (100, 10.25, 0.00992565, {"loss": 0.280328}),
        (200, 20, 0.0098, {"loss": 0.25}),
    ]
    assert rows(log.test) == [(0, 2.5, 0.00992565, {"score0": 0.1, "score1": 2.5})]
    assert log.losses == {"loss"}


def test_a_loss_that_is_no_number_is_read_as_such(read):
    assert math.isnan(read(OF_2013).train[1].values["loss"])


def test_a_log_of_today(read):
    log = read(OF_TODAY)
    assert rows(log.train) == [
        (0, 5, 0.1, {"class": 0.25, "class[1]": 0.75, "main/loss": 7, "side": 5}),
        (20, 9, 0.01, {"class": 0.5, "class[1]": 0.5, "main/loss": 1, "side": 5}),
    ]
    assert rows(log.test) == [
        (0, 2, 0.1, {"accuracy": 0.1, "loss": 2.5, "loss (#1)": 2.25}),
        (40, 12, 0.01, {"accuracy": 0.9, "loss": 1.25}),
    ]
    assert log.losses == {"main/loss", "side", "loss", "loss (#1)"}


def test_runs_that_follow_each_other_in_one_file_stay_apart(read):
    """The second goes on from a snapshot of iteration 20, a day later."""
    tail = "".join(OF_TODAY.splitlines(keepends=True)[14:21])
    text = OF_TODAY + "I1203 10:00:12.000000 4243 solver.cpp:273] Solving LeNet\n" + tail.replace("I1203", "I1204")
    found = [(row.run, row.iteration, row.seconds) for row in read(text).train]
    assert found == [(1, 0, 5), (1, 20, 9), (2, 20, 9 + 24 * 3600)]


@pytest.mark.parametrize(
    ("days", "written", "passed"),
    [
        (("1231", "0101"), datetime(2014, 1, 1), 1),
        (("1231", "0101"), datetime(2015, 2, 1), 1),
        (("0227", "0302"), datetime(2013, 3, 2), 3),
        (("0227", "0302"), datetime(2012, 3, 2), 4),
        (("1201", "0302"), datetime(2012, 3, 2), 30 + 31 + 29 + 2),
        (("0229", "0302"), datetime(2013, 3, 2), 1),  # copied in another year: the date cannot be, and is no error
        (("20120227", "20120302"), datetime(2030, 1, 1), 4),
        (("20121231", "20140101"), datetime(2030, 1, 1), 366),
    ],
)
def test_the_year_that_glog_leaves_out(read, days, written, passed):
    first, last = days
    text = OF_2013.replace("I1203", f"I{first}").splitlines(keepends=True)
    text[-1] = text[-1].replace(f"I{first}", f"I{last}")
    assert read("".join(text), written).train[-1].seconds == passed * 24 * 3600 + 20


def test_what_stands_before_the_lines_does_not_matter(read):
    text = "".join(f"\r\x1b[K[1,0]<stderr>: {line}" for line in OF_TODAY.splitlines(keepends=True))
    assert rows(read(text).train) == rows(read(OF_TODAY).train)


@pytest.mark.parametrize("name", ["train_test_snapshot", "train_resume", "test_state_stages"])
def test_the_recorded_logs_without_times(name):
    log = _training_log.read(str(GOLDEN / name / "log.txt"))
    text = (GOLDEN / name / "log.txt").read_text()
    assert sum(len(row.values) for row in log.train) == text.count("Train net output")
    assert sum(len(row.values) for row in log.test) == text.count("Test net output")
    assert [row.rate for row in log.train if row.iteration < 5] == [0.1] * sum(row.iteration < 5 for row in log.train)
    assert all(math.isnan(row.seconds) for row in log.train)


def test_other_texts_have_no_rows(read):
    log = read("Iteration over all files\nloss = 3\n")
    assert (log.train, log.test) == ([], [])


def test_a_file_that_is_not_there():
    with pytest.raises(DataError, match="^no.log: the log cannot be read: No such file or directory$"):
        _training_log.read("no.log")
