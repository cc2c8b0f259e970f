"""Draw the curves of training runs from their logs: losses, accuracies and the like.

    cafflite plot train.log
    cafflite plot first.log second.log --output=curves.png

Without --output the curves are drawn in the terminal. A run that goes on from a snapshot takes the place of what the
log has from there on.
"""

import math
import os
import shutil
import sys
from dataclasses import dataclass
from types import SimpleNamespace

from cafflite.errors import BackendError, DataError, UsageError
from cafflite.files import replace_file
from cafflite.tools import _chart, _training_log
from cafflite.tools._flags import Flags

FLAGS: Flags = {"output": ("", "the picture to write, a name ending in .png or .svg")}
HEIGHT = 12  # lines of a chart in the terminal


@dataclass
class Curve:
    """What a log has of one output of its training net or of a test net."""

    name: str
    is_loss: bool
    is_test: bool
    points: _chart.Curve


def run(flags: SimpleNamespace, *log: str) -> int:
    if not log:
        raise UsageError("it needs the log of a training run")
    kind = os.path.splitext(flags.output)[1][1:].lower()
    if flags.output and kind not in ("png", "svg"):
        raise UsageError(f"--output is '{flags.output}', expected a name ending in .png or .svg")
    curves = [curve for path in log for curve in _curves(path, f"{path}: " if log[1:] else "")]
    if flags.output:
        _save(curves, flags.output, kind)
    else:
        _print(curves)
    return 0


def _curves(path: str, prefix: str) -> list[Curve]:
    found = _training_log.read(path)
    curves = []
    for kind, rows in (("train", found.train), ("test", found.test)):
        for name in dict.fromkeys(name for row in rows for name in row.values):
            points = _points([row for row in rows if name in row.values], name)
            if points:
                curves.append(Curve(f"{prefix}{name} ({kind})", name in found.losses, kind == "test", points))
    if not curves:
        raise DataError(f"{path}: there is nothing to draw in this file, expected the log of a training run")
    return curves


def _points(rows: list[_training_log.Row], name: str) -> _chart.Curve:
    points: _chart.Curve = []
    for row in rows:
        while points and points[-1][0] >= row.iteration:
            points.pop()
        if math.isfinite(row.values[name]):
            points.append((row.iteration, row.values[name]))
    return points


def _panels(curves: list[Curve]) -> list[list[Curve]]:
    """Losses, and all others: those that exist."""
    panels = [[curve for curve in curves if curve.is_loss == is_loss] for is_loss in (True, False)]
    return [panel for panel in panels if panel]


def _print(curves: list[Curve]) -> None:
    """Charts in the terminal: one a panel in colours, one a curve without."""
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns
    groups = _panels(curves) if coloured else [[curve] for panel in _panels(curves) for curve in panel]
    charts = [_chart.chart({curve.name: curve.points for curve in group}, width, HEIGHT, coloured) for group in groups]
    text = "\n\n".join(charts)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = text.translate(_chart.TO_ASCII).replace(chr(_chart.BLANK), " ")
    print(text)


def _save(curves: list[Curve], path: str, kind: str) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendError(
            f"a picture needs Matplotlib, which cannot be imported here ({error}): pip install 'cafflite[plot]'; "
            "without --output the curves are drawn in the terminal"
        ) from error
    panels = _panels(curves)
    figure = Figure(figsize=(8, 4 * len(panels)), dpi=100, layout="constrained")
    for panel, axes in zip(panels, figure.subplots(len(panels), squeeze=False)[:, 0], strict=True):
        for curve in panel:
            style = "o-" if curve.is_test or len(curve.points) == 1 else "-"
            axes.plot(*zip(*curve.points, strict=True), style, markersize=4, label=curve.name)
        axes.set_xlabel("iteration")
        axes.set_ylabel("loss" if panel[0].is_loss else "")
        axes.grid(alpha=0.3)
        axes.legend()
    with replace_file(path) as temporary:
        figure.savefig(temporary, format=kind)
