"""What the commands that go over a list of images have in common."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from cafflite import log
from cafflite.errors import DataError
from cafflite.image_list import Line
from cafflite.tools import _progress
from cafflite.tools._flags import Flags

SKIP_BAD: Flags = {"skip_bad": (False, "leave out what cannot be used, and say at the end how much that was")}

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    function: Callable[[Line], Result], lines: list[Line], skip_bad: bool, threads: int
) -> Iterator[tuple[int, Line, Result]]:
    """(number, line, function(line)) of all lines, in order, worked on by several threads.

    A DataError is raised with the place of its line, or logged if `skip_bad`, and the line left out.
    """
    skipped = 0
    with closing(_in_order(function, lines, threads)) as results:  # an error waits for the threads
        for number, (line, future) in enumerate(_progress.over(results, len(lines), "images")):
            try:
                result = future.result()
            except DataError as error:
                if not skip_bad:
                    raise DataError(f"{line.place}: {error}; --skip_bad leaves out such images") from error
                log.warning(f"{line.place}: {error}")
                skipped += 1
            else:
                yield number, line, result
    if skipped:
        log.warning(f"{skipped} of {len(lines)} images were left out")


def _in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[tuple[Item, Future[Result]], None, None]:
    """Each item with its result; only a few more are worked on before they are asked for."""
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    executor = ThreadPoolExecutor(threads)
    try:
        for item in items:
            waiting.append((item, executor.submit(function, item)))
            if len(waiting) > 2 * threads:
                yield waiting.popleft()
        yield from waiting
    finally:
        executor.shutdown(cancel_futures=True)
