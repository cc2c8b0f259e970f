"""Progress bars, on the last line of a terminal."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from cafflite import log
from cafflite.solvers.base import Solver
from cafflite.solvers.lr_policy import learning_rate

INTERVAL = 0.1  # seconds from one drawing to the next
BAR = 30  # characters, less on a narrow terminal

Item = TypeVar("Item")


def watch(solver: Solver) -> None:
    """Show how far a solver is on its way to max_iter, where stderr is a terminal that can."""
    if _terminal():
        started, first, drawn = time.monotonic(), solver.iter, 0.0

        def draw() -> None:
            nonlocal drawn
            now = time.monotonic()
            if now - drawn >= INTERVAL and solver.iter > first:
                drawn = now
                log.footer(_training(solver, (solver.iter - first) / (now - started)))

        solver.add_callback(draw, lambda: None)


def over(items: Iterable[Item], total: int | None, unit: str) -> Iterator[Item]:
    """The items, with a bar of how many of `total`, where that is known, have been taken and done with."""
    started, drawn, terminal = time.monotonic(), 0.0, _terminal()
    try:
        for count, item in enumerate(items):
            now = time.monotonic()
            if terminal and now - drawn >= INTERVAL and count:
                drawn = now
                log.footer(_line(count, total, "", count / (now - started), unit))
            yield item
    finally:
        log.footer("")


def _terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not log.quiet


def _training(solver: Solver, per_second: float) -> str:
    rate = learning_rate(solver.param, solver.iter, solver.current_step)
    values = f", loss = {solver.smoothed_loss():.4g}, lr = {rate:.3g}"
    return _line(solver.iter, max(solver.iter, solver.param.max_iter), values, per_second, "iter")


def _line(count: int, total: int | None, values: str, per_second: float, unit: str) -> str:
    columns = (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - 1
    if total is None:
        return f"{count}{values}, {per_second:.3g} {unit}/s"[:columns]
    minutes, seconds = divmod(int((total - count) / per_second), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    text = f" {count}/{total}{values}, {per_second:.3g} {unit}/s, {left} left"
    bar = max(0, min(BAR, columns - len(text)))
    done = bar * count // total
    colour, plain = ("", "") if os.environ.get("NO_COLOR") else ("\x1b[32m", "\x1b[0m")
    return f"{colour}{'#' * done}{plain}{'-' * (bar - done)}{text[:columns]}"
