import gc
import os
import subprocess
import sys
import threading
import time
import weakref

import pytest

from cafflite.backend import pool
from cafflite.errors import DataError
from cafflite.prefetch import Prefetch


class Numbers:
    """A source whose batches are the numbers 0, 1, 2, ...; `make` has what is to happen to each."""

    def __init__(self, make=lambda number: None):
        self.position = 0
        self.happen = make

    def take(self):
        self.position += 1
        return self.position - 1

    def make(self, taken, batch):
        self.happen(taken)
        batch[:] = [taken]


def batches(count=4):
    return [[] for _ in range(count)]


def consume(prefetch, count):
    found = []
    for _ in range(count):
        with prefetch.next() as batch:
            found.extend(batch)
    return found


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "cafflite prefetch"]


def wait_until(condition):
    for _ in range(1000):
        if condition():
            return True
        time.sleep(0.005)
    return False


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    assert wait_until(lambda: not threads())


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_the_order_does_not_depend_on_timing(monkeypatch, count, ahead):
    monkeypatch.setattr(pool, "threads", lambda: count)
    prefetch = Prefetch(Numbers(lambda number: time.sleep(0.003 * (number % 3))), batches(ahead))
    assert consume(prefetch, 30) == list(range(30))


def test_no_more_is_made_ahead_than_there_is_memory_for():
    made = []
    prefetch = Prefetch(Numbers(made.append), batches(3))
    assert not threads()
    consume(prefetch, 2)
    assert wait_until(lambda: len(made) == 5)
    time.sleep(0.05)
    assert len(made) == 5


def test_the_position_is_that_of_what_was_consumed():
    source = Numbers()
    prefetch = Prefetch(source, batches())
    assert prefetch.position == 0
    consume(prefetch, 3)
    assert wait_until(lambda: source.position > 3)
    assert prefetch.position == 3
    prefetch.restart(10)
    assert consume(prefetch, 3) == [10, 11, 12]


@pytest.mark.parametrize("where", ["take", "make"])
def test_an_error_comes_where_it_belongs(where):
    broken = [5]

    def happen(number):
        if number in broken:
            raise DataError(f"number {number} is bad")

    source = Numbers(happen if where == "make" else lambda number: None)
    if where == "take":
        take, source.take = source.take, lambda: (happen(source.position), take())[1]
    prefetch = Prefetch(source, batches())
    assert consume(prefetch, 5) == [0, 1, 2, 3, 4]
    for _ in range(2):  # again and again, until it is mended
        with pytest.raises(DataError, match="number 5 is bad"):
            consume(prefetch, 1)
    broken.clear()
    assert consume(prefetch, 3) == [5, 6, 7]


def test_what_fails_while_it_is_used_is_not_consumed():
    prefetch = Prefetch(Numbers(), batches())
    with pytest.raises(KeyboardInterrupt), prefetch.next():
        raise KeyboardInterrupt
    assert consume(prefetch, 6) == [0, 1, 2, 3, 4, 5]


def test_the_threads_end_with_the_object_even_in_the_middle_of_a_batch():
    at_work, go_on = threading.Event(), threading.Event()

    def happen(number):
        if number == 1:
            at_work.set()
            go_on.wait()

    source = Numbers(happen)
    prefetch = Prefetch(source, batches())
    consume(prefetch, 1)
    at_work.wait()
    gone, source_gone = weakref.ref(prefetch), weakref.ref(source)
    del prefetch, source
    assert gone() is None
    go_on.set()
    assert wait_until(lambda: not threads())
    gc.collect()
    assert source_gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_forked_process_says_that_it_has_no_threads():
    prefetch = Prefetch(Numbers(), batches())
    consume(prefetch, 1)
    child = os.fork()
    if not child:
        try:
            consume(prefetch, 1)
        except DataError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert consume(prefetch, 1) == [1]


ENDINGS = {
    "the end": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("raise ValueError", 1),
    "Ctrl-C": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", -2),
    "Ctrl-C while it waits": ("signal.alarm(1); consume(prefetch, 100)", -2),
}


@pytest.mark.parametrize(("ending", "code"), ENDINGS.values(), ids=ENDINGS)
def test_the_interpreter_ends(ending, code):
    slow = "time.sleep(0.2 if number > 3 else 0)"
    script = (
        "import os, signal, sys, time; from tests.test_prefetch import *\n"
        "signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))\n"
        f"prefetch = Prefetch(Numbers(lambda number: {slow}), batches())\n"
        f"consume(prefetch, 2)\n{ending}\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert found.returncode == code
    assert ("Traceback" in found.stderr) == (code in (1, -2)), found.stderr
    assert "Fatal" not in found.stderr
