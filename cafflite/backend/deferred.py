"""What layers require of their data on a GPU: found out there, and told when the host next waits for it anyway.

To ask at once would have the GPU stand still at every layer that takes indices. So a layer of a net leaves there
whether all has been well, with the data that first was not, and whoever copies something to the host calls `look`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cafflite.backend.base import Array
from cafflite.errors import CaffliteError

_local = threading.local()
_unseen: dict[int, Checks] = {}  # those that a forward pass has been through since the last look


@dataclass
class _Check:
    """
    is_violated  (1,)  whether it has been since the last look, on the device
    arrays       what `refuse` is called with: copies of those of the first time
    """

    place: str
    is_violated: Array
    arrays: list[Array]
    refuse: Callable[..., None]

    def keep(self, xp: Any, is_violated: Array, arrays: list[Array]) -> None:
        for kept, array in zip(self.arrays, arrays, strict=True):
            xp.copyto(kept, array, where=~self.is_violated)
        self.is_violated |= is_violated


class Checks:
    """Those of one layer, which stands at `place`. Inside of the block `CupyOps.require` adds to them."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.made: dict[str, _Check] = {}  # by the name of what refuses

    def __enter__(self) -> None:
        self.before, _local.checks = current(), self

    def __exit__(self, *_: object) -> None:
        _local.checks = self.before

    def add(self, xp: Any, allowed: Array, refuse: Callable[..., None], arrays: tuple[Array, ...]) -> None:
        """Let `refuse(*arrays)` be called at the next look, on copies, unless all of `allowed` are true."""
        name, is_violated, given = refuse.__qualname__, ~allowed.all().reshape(1), list(map(xp.asarray, arrays))
        known = self.made.get(name)
        if known and [array.shape for array in known.arrays] != [array.shape for array in given]:
            look()
            known = None
        if known:
            known.keep(xp, is_violated, given)
            known.refuse = refuse
        else:
            self.made[name] = _Check(self.place, is_violated, [array.copy() for array in given], refuse)
        _unseen[id(self)] = self


def current() -> Checks | None:
    """Those of the layer that this thread runs forward, where it is one of a net."""
    return getattr(_local, "checks", None)


def look() -> None:
    """Raise what a layer has refused since the last look, with its place. One copy from each device; none when idle."""
    checks = [check for layer in list(_unseen.values()) for check in layer.made.values()]
    _unseen.clear()
    found = []
    for device, group in groupby(checks, lambda check: check.is_violated.device):
        import cupy

        some = list(group)
        with device:
            are_violated = cupy.concatenate([check.is_violated for check in some]).get()
            found += [check for check, is_violated in zip(some, are_violated, strict=True) if is_violated]
    for check in found:
        check.is_violated[...] = False
    for check in found:
        try:
            check.refuse(*(array.get() for array in check.arrays))
        except CaffliteError as error:
            raise error.at(check.place) from None
