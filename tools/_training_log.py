"""The log of a training run, of Caffe or of this library, as tables: one row for each time the outputs were shown.

What is read are lines such as these, whatever stands before them (glog's time, mpirun's rank):

    Solving LeNet
    Iteration 100, Testing net (#0)
        Test net output #0: accuracy = 0.96           before 2014: Test score #0: 0.96
    Iteration 100 (12.3 iter/s, 8.1s/100 iters), loss = 0.21
        Train net output #0: loss = 0.2 (* 1 = 0.2 loss)
    Iteration 100, lr = 0.01
"""

import math
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cafflite.errors import DataError
from cafflite.files import reason

_NUMBER = r"([-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf|nan))"
_TIME = re.compile(r"\b[IWEF](20\d\d)?(0[1-9]|1[0-2])([0-3]\d) (\d\d):(\d\d):(\d\d\.\d+)")
_RUN = re.compile(r"(?:\] |^)Solving ")
_ITERATION = re.compile(r"Iteration (\d+)")
_TEST_NET = re.compile(r"Testing net(?: \(#(\d+)\))?")
_RATE = re.compile(rf"lr = {_NUMBER}")
_LOSS = re.compile(rf"Iteration \d+.*, loss = {_NUMBER}")
_OUTPUT = re.compile(rf"(Train|Test) net output #(\d+): (\S+) = {_NUMBER}( \(\* )?")
_SCORE = re.compile(rf"Test score #(\d+): {_NUMBER}")
_HALF_A_YEAR = timedelta(days=183)


@dataclass
class Row:
    """The outputs of a net at one iteration.

    run      counts the runs of the log: one begins where a solver begins, anew or from a snapshot
    seconds  since the first run began; NaN where the log has no times
    rate     the learning rate; NaN where the log has none
    values   by output: "name", "name[1]" for the second value of a blob, "name (#1)" for the second test net
    """

    run: int
    iteration: int
    seconds: float
    rate: float
    values: dict[str, float] = field(default_factory=dict)


@dataclass
class TrainingLog:
    """The rows of the training net and of the test nets, and the names of the outputs that are losses."""

    train: list[Row] = field(default_factory=list)
    test: list[Row] = field(default_factory=list)
    losses: set[str] = field(default_factory=set)


def read(path: str) -> TrainingLog:
    """The log in a file. Raises DataError when it cannot be read."""
    try:
        with open(path, errors="replace") as file:
            return _Reader(datetime.fromtimestamp(os.path.getmtime(path))).read(file)
    except OSError as error:
        raise DataError(f"{path}: the log cannot be read: {reason(error)}") from error


class _Reader:
    def __init__(self, written: datetime) -> None:
        self.log = TrainingLog()
        self.clock = _Clock(written)
        self.run, self.iteration, self.test_net, self.rate = 0, -1, 0, math.nan
        self.rates: dict[tuple[int, int], float] = {}  # (run, iteration): learning rate
        self.shown_losses: list[Row] = []
        self.places: dict[str, tuple[int, int]] = {}  # of the last output of a kind: test net, number
        self.names: Counter[tuple[int, str]] = Counter()  # test net and name, in the row that is being filled

    def read(self, lines: Iterable[str]) -> TrainingLog:
        for line in lines:
            self.clock.read(line)
            if _RUN.search(line):
                self.run += 1
                self.clock.start()
            if found := _ITERATION.search(line):
                self.iteration = int(found[1])
            if found := _TEST_NET.search(line):
                self.test_net = int(found[1] or 0)
            if self.iteration >= 0:
                self.read_figures(line)
        # Caffe's first logs name no outputs of the training net.
        if not self.log.train:
            self.log.train = self.shown_losses
            self.log.losses.update(["loss"] if self.shown_losses else [])
        self.set_rates()
        return self.log

    def read_figures(self, line: str) -> None:
        if found := _OUTPUT.search(line):
            kind, number, name, value, is_loss = found.groups()
            self.add(kind, int(number), name, float(value), bool(is_loss))
        elif found := _SCORE.search(line):
            self.add("Test", int(found[1]), f"score{found[1]}", float(found[2]), False)
        elif found := _LOSS.search(line):
            self.shown_losses.append(self.new_row({"loss": float(found[1])}))
        elif found := _RATE.search(line):
            self.rate = self.rates[self.run, self.iteration] = float(found[1])

    def add(self, kind: str, number: int, name: str, value: float, is_loss: bool) -> None:
        rows, net = (self.log.train, 0) if kind == "Train" else (self.log.test, self.test_net)
        here, before = (net, number), self.places.get(kind, (0, 0))
        if not rows or (rows[-1].run, rows[-1].iteration) != (self.run, self.iteration) or here <= before:
            rows.append(self.new_row({}))
            self.names.clear()
        self.places[kind] = here
        count = self.names[net, name]
        label = name + (f"[{count}]" if count else "") + (f" (#{net})" if net else "")
        rows[-1].values[label] = value
        if is_loss:
            self.log.losses.add(label)
        self.names[net, name] += 1

    def new_row(self, values: dict[str, float]) -> Row:
        return Row(self.run, self.iteration, self.clock.seconds(), self.rate, values)

    def set_rates(self) -> None:
        """A rate stands behind the outputs of its iteration, and before all in Caffe's first logs."""
        first = next(iter(self.rates.values()), math.nan)
        for row in self.log.train + self.log.test:
            known = first if math.isnan(row.rate) else row.rate
            row.rate = self.rates.get((row.run, row.iteration), known)


class _Clock:
    """glog's times. They have no year in most versions: the file's last change tells it, and a jump back to January."""

    def __init__(self, written: datetime) -> None:
        self.written = written
        self.year = 0
        self.now: datetime | None = None
        self.first: datetime | None = None

    def read(self, line: str) -> None:
        if not (found := _TIME.search(line)):
            return
        year, month, day, hour, minute = (int(text or 0) for text in found.groups()[:5])
        in_month = timedelta(days=day - 1, hours=hour, minutes=minute, seconds=float(found[6]))
        if self.now is None:
            self.year = self.written.year - ((month, day) > (self.written.month, self.written.day))
        self.year = year or self.year
        if self.now and datetime(self.year, month, 1) < self.now - _HALF_A_YEAR:
            self.year += 1
        self.now = datetime(self.year, month, 1) + in_month

    def start(self) -> None:
        self.first = self.first or self.now

    def seconds(self) -> float:
        self.start()
        return (self.now - self.first).total_seconds() if self.now and self.first else math.nan
