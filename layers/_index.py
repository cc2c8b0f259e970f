"""Blobs whose values are indices: labels, and the bottoms of Embed."""

from cafflite.backend.ops import Ops
from cafflite.blob import Array
from cafflite.errors import DataError, NetError


def check_index(ops: Ops, index: Array, count: int, what: str, ignored: int | None = None) -> None:
    """DataError unless each value, cut to a whole number, is one of 0 to count - 1, or `ignored`."""

    def refuse(index: Array, allowed: Array) -> None:
        index, allowed = index.reshape(index.shape or 1), allowed.reshape(index.shape or 1)
        place = tuple(int(axis[0]) for axis in (~allowed).nonzero())
        where = f"row {place[0]}" if index[0].size == 1 else f"row {place[0]} (at {place})"
        raise DataError(f"{what} {float(index[place]):g} in {where} is out of range, expected 0 to {count - 1}")

    ops.require_indices(index, count, ignored, refuse)


def refuse_gradient(wanted: bool, what: str) -> None:
    """NetError where a gradient is asked for of something that has none."""
    if wanted:
        raise NetError(f"its {what} have no gradient: give it propagate_down: false for that bottom")
