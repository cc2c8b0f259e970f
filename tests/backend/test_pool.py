import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from cafflite.backend import pool


@pytest.fixture
def three_threads(monkeypatch):
    """A fresh pool of three, whatever the machine has."""
    pool._forget()
    monkeypatch.setattr(pool, "threads", lambda: 3)
    yield
    pool._forget()


@pytest.mark.parametrize(("count", "least"), [(0, 1), (1, 1), (2, 1), (7, 1), (7, 3), (7, 8), (100, 1)])
def test_slices_cover_everything_once(three_threads, count, least):
    pieces = pool.split(count, least)
    assert [i for piece in pieces for i in range(piece.start, piece.stop)] == list(range(count))
    assert len(pieces) <= 3
    assert len(pieces) == 1 or all(piece.stop - piece.start >= least for piece in pieces)


def test_every_slice_runs_on_its_own_thread(three_threads):
    names, meet = set(), threading.Barrier(3, timeout=10)

    def work(piece):
        meet.wait()  # would break if two slices ran one after the other
        names.add(threading.current_thread().name + str(threading.get_ident()))

    pool.run(work, pool.split(3))
    assert len(names) == 3


def test_nested_runs_go_on_in_their_thread(three_threads):
    done = []
    pool.run(lambda piece: pool.run(lambda inner: done.append(inner.stop), pool.split(3)), pool.split(3))
    assert sorted(done) == [1, 1, 1, 2, 2, 2, 3, 3, 3]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_exception_reaches_the_caller_and_the_pool_lives_on(three_threads, failing):
    def work(piece):
        if piece.start == failing:
            raise ZeroDivisionError(f"slice {failing}")

    with pytest.raises(ZeroDivisionError, match=f"slice {failing}"):
        pool.run(work, pool.split(3))
    out = np.zeros(3)
    pool.run(lambda piece: out.__setitem__(piece, 1), pool.split(3))
    assert out.all()


def test_blas_is_held_at_one_thread_and_restored():
    from threadpoolctl import threadpool_info

    def counts():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    np.ones((2, 2)) @ np.ones((2, 2))
    before = counts()
    held = pool._OneBlasThread()  # one that knows what tests before this one have loaded
    with held, held:
        assert set(counts()) <= {1}
    assert counts() == before


@pytest.mark.parametrize(("value", "expected"), [("3", "3"), ("0", "BackendError"), ("many", "BackendError")])
def test_the_environment_sets_the_number_of_threads(value, expected):
    code = (
        "from cafflite.backend import pool; from cafflite.errors import BackendError\n"
        "try: print(pool.threads())\n"
        "except BackendError as error: print('BackendError', error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "CAFFLITE_NUM_THREADS": value}, capture_output=True, text=True
    )
    assert run.stdout.split()[0] == expected
    assert expected != "BackendError" or "CAFFLITE_NUM_THREADS" in run.stdout
