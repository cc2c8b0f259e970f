"""Turn the log of a training run into tables, for a spreadsheet or pandas.

    cafflite train --solver=solver.prototxt 2>&1 | tee train.log
    cafflite parse_log train.log .

This writes train.log.train and train.log.test into the folder OUTPUT: CSV with one row for each time the outputs of the
net were shown, and the columns NumIters, Seconds (since the solver began), LearningRate, and one for each output. The
logs of Caffe, of any age, and of its forks are read as well. An output of several values has the columns x, x[1], x[2];
those of a second test net have its number behind them, as "accuracy (#1)".
"""

import csv
import os
from pathlib import Path
from types import SimpleNamespace

from cafflite.errors import DataError, FileError, UsageError
from cafflite.files import reason, replace_file
from cafflite.tools import _training_log
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "delimiter": (",", "the character between two columns"),
    "verbose": (False, "name the files that are written"),
}


def run(flags: SimpleNamespace, log: str, output: str) -> int:
    if len(flags.delimiter) != 1:
        raise UsageError(f"--delimiter is '{flags.delimiter}', expected one character")
    found = _training_log.read(log)
    if not found.train and not found.test:
        raise DataError(f"{log}: no outputs of a net are in this file, expected the log of a training run")
    try:
        os.makedirs(output, exist_ok=True)
    except OSError as error:
        raise FileError(f"{output}: the folder cannot be made: {reason(error)}") from error
    for kind, rows in (("train", found.train), ("test", found.test)):
        path = Path(output, f"{os.path.basename(log)}.{kind}")
        if rows:
            _write(path, rows, flags.delimiter)
        if flags.verbose:
            print(f"Wrote {path}" if rows else f"Not writing {path}; no lines to write")
    return 0


def _write(path: Path, rows: list[_training_log.Row], delimiter: str) -> None:
    outputs = list(dict.fromkeys(name for row in rows for name in row.values))
    with replace_file(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["NumIters", "Seconds", "LearningRate", *outputs])
        for row in rows:
            values = [row.values.get(name, "") for name in outputs]
            writer.writerow([float(row.iteration), row.seconds, row.rate, *values])
