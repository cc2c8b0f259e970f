"""Ways to do the same work, each in a process of its own, which take turns: what disturbs one disturbs all."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

SECONDS = 0.3  # of a turn, at least; and at least three calls

Make = Callable[[], Callable[[], object]]  # called in the process; returns the work


@dataclass
class Timing:
    """
    times   seconds of a call, the median of each turn
    memory  the process's peak, in MB
    """

    times: list[float] = field(default_factory=list)
    memory: float = 0

    @property
    def milliseconds(self) -> float:
        return 1000 * median(self.times)

    def over(self, other: "Timing") -> float:
        """The median of the turns' ratios."""
        return median(a / b for a, b in zip(self.times, other.times, strict=True))


def take_turns(ways: dict[str, Make], rounds: int) -> dict[str, Timing]:
    """Time each of `ways` in `rounds` turns, after a few calls to warm up."""
    context = multiprocessing.get_context("spawn")
    pipes = {}
    for name, make in ways.items():
        pipes[name], theirs = context.Pipe()
        context.Process(target=_work, args=(make, theirs), daemon=True).start()
        pipes[name].recv()
    timings = {name: Timing() for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: 1 if number % 2 else -1]:
            pipes[name].send(True)
            seconds, timings[name].memory = pipes[name].recv()
            timings[name].times.append(seconds)
    for pipe in pipes.values():
        pipe.send(False)
    return timings


def _work(make: Make, pipe) -> None:
    work = make()
    for _ in range(3):
        work()
    pipe.send(True)
    while pipe.recv():
        times: list[float] = []
        while len(times) < 3 or sum(times) < SECONDS:
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        pipe.send((median(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
