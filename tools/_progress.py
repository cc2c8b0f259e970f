"""The progress bar of a training run, on the last line of a terminal."""

import os
import sys
import time

from cafflite import log
from cafflite.solvers.base import Solver
from cafflite.solvers.lr_policy import learning_rate

INTERVAL = 0.1  # seconds from one drawing to the next
BAR = 30  # characters, less on a narrow terminal


def watch(solver: Solver) -> None:
    """Show how far a solver is on its way to max_iter, where stderr is a terminal that can."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not log.quiet:
        started, first, drawn = time.monotonic(), solver.iter, 0.0

        def draw() -> None:
            nonlocal drawn
            now = time.monotonic()
            if now - drawn >= INTERVAL and solver.iter > first:
                drawn = now
                log.footer(_line(solver, (solver.iter - first) / (now - started)))

        solver.add_callback(draw, lambda: None)


def _line(solver: Solver, per_second: float) -> str:
    count, total = solver.iter, max(solver.iter, solver.param.max_iter)
    minutes, seconds = divmod(int((total - count) / per_second), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    rate = learning_rate(solver.param, count, solver.current_step)
    text = (
        f" {count}/{total}, loss = {solver.smoothed_loss():.4g}, lr = {rate:.3g}, {per_second:.3g} iter/s, {left} left"
    )
    columns = (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - 1
    bar = max(0, min(BAR, columns - len(text)))
    done = bar * count // total
    colour, plain = ("", "") if os.environ.get("NO_COLOR") else ("\x1b[32m", "\x1b[0m")
    return f"{colour}{'#' * done}{plain}{'-' * (bar - done)}{text[:columns]}"
