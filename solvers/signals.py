"""Signals that a training run acts upon between two iterations."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

ACTIONS = ("stop", "snapshot", "none")


@contextmanager
def actions(sigint: str, sighup: str) -> Iterator[Callable[[], str]]:
    """Inside the block SIGINT and SIGHUP ask for the given actions, of ACTIONS, and SIGTERM for "stop".

    Yields the function to give a solver as `requested_action`: it returns the action of a signal once, else "none".
    """
    asked: list[str] = []
    effects = {"SIGINT": sigint, "SIGHUP": sighup, "SIGTERM": "stop"}
    before = {
        number: signal.signal(number, _asking(asked, effect))
        for name, effect in effects.items()
        if (number := getattr(signal, name, None)) is not None  # Windows has no SIGHUP
    }
    try:
        yield lambda: asked.pop(0) if asked else "none"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _asking(asked: list[str], effect: str) -> Callable[[int, Any], None]:
    def handle(number: int, frame: Any) -> None:
        if effect != "none" and effect not in asked:
            asked.append(effect)

    return handle
