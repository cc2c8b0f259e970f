"""What Caffe's Python interface has for the process: its log, its place among others, a timer."""

from __future__ import annotations

import os
from time import perf_counter
from typing import Any

from cafflite.errors import BackendError, NetError
from cafflite.layers.base import registry

_solver_count, _solver_rank = 1, 0


def layer_type_list() -> list[str]:
    """The layer types that a prototxt can name, sorted."""
    return sorted(registry)


def init_log(level: int | None = None, to_stderr: bool = True) -> None:
    """Leave out messages below a level: 0 shows all, 1 warnings and errors, 2 errors only.

    Messages always go to stderr; `to_stderr` is there because Caffe's function has it.
    """
    if level is not None:
        os.environ["GLOG_minloglevel"] = str(int(level))


def set_phase_test() -> None:
    """Accepted, as Caffe had it until 2015: a net without a phase of its own is in TEST."""


def set_phase_train() -> None:
    """Raises NetError: the phase is a net's own since 2015."""
    raise NetError("a net is made in its phase: caffe.Net(network_file, weights, caffe.TRAIN), without set_phase_train")


def has_nccl() -> bool:
    """Whether processes can train together through NCCL: False, as there is one process."""
    return False


def solver_count() -> int:
    """The number given to `set_solver_count`, 1 at first."""
    return _solver_count


def set_solver_count(count: int) -> None:
    """Keep the number of processes that train together. Each trains by itself here: only `NCCL` would join them."""
    global _solver_count
    _solver_count = count


def solver_rank() -> int:
    """The number given to `set_solver_rank`, 0 at first."""
    return _solver_rank


def set_solver_rank(rank: int) -> None:
    """Keep the index of this process among those that train together."""
    global _solver_rank
    _solver_rank = rank


def set_multiprocess(is_one_of_many: bool) -> None:
    """Accepted as Caffe does it; it changes nothing here."""


class NCCL:
    """Caffe's link between the solvers of several GPUs, which does not exist here: making one raises BackendError."""

    def __init__(self, solver: Any, uid: str) -> None:
        raise _no_nccl()

    @staticmethod
    def new_uid() -> str:
        """Raises BackendError."""
        raise _no_nccl()


def _no_nccl() -> BackendError:
    return BackendError("NCCL is not supported, as training runs in one process: leave it out, with one solver")


class Timer:
    """A stopwatch."""

    def __init__(self) -> None:
        self._begin: float | None = None
        self._ms = 0.0

    def start(self) -> None:
        """Start, from zero."""
        self._begin = perf_counter()

    def stop(self) -> None:
        """Stop, if it runs."""
        self._ms, self._begin = self.ms, None

    @property
    def ms(self) -> float:
        """Milliseconds from the last start to now or to the stop after it; 0 before any start."""
        return self._ms if self._begin is None else 1000 * (perf_counter() - self._begin)
