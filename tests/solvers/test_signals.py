import os
import signal

import pytest

from cafflite.solvers.signals import actions


@pytest.mark.parametrize(
    ("number", "effects", "action"),
    [
        (signal.SIGINT, ("stop", "snapshot"), "stop"),
        (signal.SIGINT, ("snapshot", "stop"), "snapshot"),
        (signal.SIGINT, ("none", "stop"), "none"),
        (signal.SIGHUP, ("stop", "snapshot"), "snapshot"),
        (signal.SIGHUP, ("snapshot", "stop"), "stop"),
        (signal.SIGHUP, ("stop", "none"), "none"),
        (signal.SIGTERM, ("none", "none"), "stop"),
    ],
)
def test_what_a_signal_asks_for(number, effects, action):
    with actions(*effects) as requested_action:
        assert requested_action() == "none"
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert requested_action() == action
        assert requested_action() == "none"


def test_afterwards_signals_do_what_they_did():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)]
    with actions("stop", "stop"):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)] == before
