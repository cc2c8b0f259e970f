"""The one place that starts threads to compute: a small pool that runs slices of an operation side by side.

NumPy and the compiled kernels release the GIL, so plain Python threads over slices, with the BLAS held at one
thread each, use all cores. Slices are cut by shape alone, so results do not depend on timing.
`CAFFLITE_NUM_THREADS` sets the number of threads; the default is the number of usable cores.
"""

import os
import queue
import threading
from collections.abc import Callable
from functools import cache

from cafflite.errors import BackendError


@cache
def threads() -> int:
    """How many threads there are, the caller's included. Raises BackendError for a wrong CAFFLITE_NUM_THREADS."""
    text = os.environ.get("CAFFLITE_NUM_THREADS", "")
    if not text:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise BackendError(f"CAFFLITE_NUM_THREADS is '{text}', but it has to be a whole number of 1 or more")
    return int(text)


_tasks: list[queue.SimpleQueue] = []
_done: queue.SimpleQueue = queue.SimpleQueue()
_busy = threading.Lock()


def _work(tasks: queue.SimpleQueue, done: queue.SimpleQueue) -> None:
    while True:
        function, argument = tasks.get()
        error = None
        try:
            function(argument)
        except BaseException as caught:
            error = caught
        done.put(error)
        del function, argument, error  # an idle thread keeps no arrays alive


def _start(count: int) -> None:
    for _ in range(count):
        tasks: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=_work, args=(tasks, _done), daemon=True, name="cafflite").start()
        _tasks.append(tasks)


def _forget() -> None:
    """A forked child has none of its parent's threads and starts its own."""
    global _tasks, _done, _busy
    _tasks, _done, _busy = [], queue.SimpleQueue(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def run(function: Callable[[slice], None], slices: list[slice]) -> None:
    """Call `function` once for each slice, at most `threads` of them, side by side; returns when all are done.

    Inside another `run`, or while another thread has the pool, the slices run one after the other.
    """
    if len(slices) < 2 or not _busy.acquire(blocking=False):
        for piece in slices:
            function(piece)
        return
    try:
        _start(len(slices) - 1 - len(_tasks))
        for tasks, piece in zip(_tasks, slices[1:], strict=False):
            tasks.put((function, piece))
        error = None
        try:
            function(slices[0])
        except BaseException as caught:
            error = caught
        for _ in slices[1:]:
            error = _done.get() or error
        if error is not None:
            raise error
    finally:
        _busy.release()


def split(count: int, least: int = 1) -> list[slice]:
    """`count` rows as at most `threads` equal slices of `least` rows or more (one slice when there are fewer)."""
    pieces = min(threads(), count // max(1, least))
    if pieces < 2:
        return [slice(0, count)]
    bounds = [count * i // pieces for i in range(pieces + 1)]
    return [slice(a, b) for a, b in zip(bounds, bounds[1:], strict=False)]


class _OneBlasThread:
    """Holds every loaded BLAS at one thread while entered; entering again inside costs nothing."""

    def __init__(self) -> None:
        self.libraries: list | None = None
        self.depth = 0
        self.before: list[int] = []
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        with self.lock:
            self.depth += 1
            if self.depth == 1:
                if self.libraries is None:
                    from threadpoolctl import ThreadpoolController

                    self.libraries = ThreadpoolController().select(user_api="blas").lib_controllers
                self.before = [library.get_num_threads() for library in self.libraries]
                for library in self.libraries:
                    library.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.depth -= 1
            if self.depth == 0 and self.libraries is not None:
                for library, count in zip(self.libraries, self.before, strict=True):
                    library.set_num_threads(count)


one_blas_thread = _OneBlasThread()
