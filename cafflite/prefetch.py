"""Batches made ahead of time, by threads that read and decode while the net computes.

These threads wait for files most of the time, so they are not those of `backend.pool`. They hold the source of the
batches but neither the layer nor the net, and end when the `Prefetch` is no longer there.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from cafflite.backend import pool
from cafflite.errors import DataError


class Source(Protocol):
    """Where batches come from.

    position  of the next batch: whatever JSON can hold
    """

    position: Any

    def take(self) -> Any:
        """What the next batch is made of, and move on to the one behind it. Called by one thread at a time."""

    def make(self, taken: Any, batch: Any) -> None:
        """Fill `batch` with what `take` gave. Called by many threads at once."""


class Prefetch:
    """Batches of a source, in order.

    batches   the memory that is used in turns: as many batches are made ahead
    position  in the source, of the batch that comes next: what an exact resume starts from

    The threads start with the first batch that is asked for.
    """

    def __init__(self, source: Source, batches: Sequence[Any]) -> None:
        self.source = source
        self.batches = batches
        self.begin(source.position)

    def begin(self, position: Any) -> None:
        self.source.position = self.position = position
        self.work = _Work(self.source, self.batches)
        self.finalizer = weakref.finalize(self, self.work.stop)
        self.finalizer.atexit = False  # `_end_all` waits for the threads too

    def restart(self, position: Any) -> None:
        """Go on at `position`, after the end of the threads that were on their way from another one."""
        self.finalizer.detach()
        self.work.end()
        self.begin(position)

    @contextmanager
    def next(self) -> Iterator[Any]:
        """The next batch, for the time of the block; an error in the block leaves it the next one.

        What went wrong while this batch was made is raised here; after that, it is made anew.
        """
        made = self.work.next()
        if made.error is not None:
            self.restart(self.position)
            raise made.error
        yield made.batch
        self.position = made.position_behind
        self.work.consumed(made)


@dataclass
class _Made:
    batch: Any
    position_behind: Any = None
    error: BaseException | None = None


class _Work:
    """The threads from one start to their end, and what passes between them and the consumer."""

    def __init__(self, source: Source, batches: Sequence[Any]) -> None:
        self.source = source
        self.free = list(batches)
        self.made: dict[int, _Made] = {}  # by number
        self.taken = self.delivered = 0  # numbers of the next to take and to deliver
        self.stopped = False
        self.reading = threading.Lock()  # held by the thread that takes from the source
        self.changed = threading.Condition()  # guards the queues
        self.threads: list[threading.Thread] = []
        self.process = os.getpid()

    def start(self) -> None:
        for _ in range(min(pool.threads(), len(self.free))):
            thread = threading.Thread(target=self.run, daemon=True, name="cafflite prefetch")
            thread.start()
            self.threads.append(thread)
        _running.add(self)

    def run(self) -> None:
        while (task := self.take()) is not None:
            number, made, taken = task
            if made.error is None:
                try:
                    self.source.make(taken, made.batch)
                except BaseException as error:
                    made.error = error
            with self.changed:
                self.made[number] = made
                self.changed.notify_all()
            del task, made, taken  # a waiting thread keeps nothing alive

    def take(self) -> tuple[int, _Made, Any] | None:
        """The number and the memory of a batch, and what it is made of; None when the work is stopped."""
        with self.reading:
            with self.changed:
                self.changed.wait_for(lambda: self.free or self.stopped)
                if self.stopped:
                    return None
                made, number = _Made(self.free.pop()), self.taken
                self.taken += 1
            taken = None
            try:
                taken = self.source.take()
                made.position_behind = self.source.position
            except BaseException as error:
                made.error = error
            return number, made, taken

    def next(self) -> _Made:
        if self.process != os.getpid():
            raise DataError("the threads that read data stay in the process that made the net: make it after the fork")
        if not self.threads:
            self.start()
        with self.changed:
            self.changed.wait_for(lambda: self.delivered in self.made)
            return self.made[self.delivered]

    def consumed(self, made: _Made) -> None:
        with self.changed:
            del self.made[self.delivered]
            self.delivered += 1
            self.free.append(made.batch)
            self.changed.notify_all()

    def stop(self) -> None:
        """Let the threads end, without waiting: the garbage collector may call this from anywhere."""
        if self.process == os.getpid():  # a forked process has neither the threads nor, maybe, a lock that is free
            with self.changed:
                self.stopped = True
                self.changed.notify_all()

    def end(self) -> None:
        """Stop, and wait until the threads have ended."""
        self.stop()
        if self.process == os.getpid():
            for thread in self.threads:
                thread.join()


_running: weakref.WeakSet[_Work] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """No thread may be inside of a library while the interpreter takes itself apart."""
    for work in list(_running):
        work.end()
