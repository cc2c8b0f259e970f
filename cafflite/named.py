"""What a net has under names, in the net's order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import TypeVar

from cafflite.build import meant
from cafflite.errors import UnknownNameError

Value = TypeVar("Value")


class Named(OrderedDict[str, Value]):
    """An ordered dict from names to the blobs, layers or parameters of a net.

    Looking up a name that it has not raises UnknownNameError, a KeyError that says which names there are; `kind` is
    what the message calls them.
    """

    def __init__(self, entries: Iterable[tuple[str, Value]] = (), kind: str = "entry") -> None:
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name: str) -> Value:
        known = ", ".join(self) or "none"
        raise UnknownNameError(f"the net has no {self.kind} '{name}'; it has {known}{meant(str(name), self)}")
