"""The order in which the time steps of sequences are walked through, where it is not simply that of the batch."""

from typing import Any

from cafflite.backend.ops import Ops
from cafflite.blob import Array
from cafflite.errors import DataError


def check_lengths(ops: Ops, lengths: Array, steps: int, least: int = 0) -> None:
    """DataError unless each length is a whole number from `least` to `steps`."""
    allowed = (lengths >= least) & (lengths <= steps) & (lengths == lengths.round())

    def refuse(lengths: Array, allowed: Array) -> None:
        n = int(allowed.argmin())
        raise DataError(
            f"the length of sequence {n} is {float(lengths[n]):g}, expected a whole number from {least} to {steps}, "
            "the time steps of its input"
        )

    ops.require(allowed, refuse, lengths, allowed)


def check_indicators(ops: Ops, cont: Array) -> None:
    """DataError unless the sequence indicators (T, N) are 0 and 1."""
    ops.require_binary(cont, refuse_indicators)


def refuse_indicators(cont: Array) -> None:
    raise odd_indicators(cont)


def odd_indicators(cont: Array) -> DataError:
    """What is wrong with cont (T, N), where the first value stands that is neither 0 nor 1."""
    t, n = (int(axis[0]) for axis in ((cont != 0) & (cont != 1)).nonzero())
    return DataError(
        f"its sequence indicators hold {float(cont[t, n]):g} at step {t} of stream {n}, expected 0 where a stream "
        "begins and 1 where it goes on"
    )


def reversed_within(xp: Any, lengths: Array, steps: int) -> Array:
    """For each step of each stream, (T, N), the one that takes its place when the first `lengths` are reversed."""
    t = xp.arange(steps)[:, None]
    return xp.where(t < lengths, lengths - 1 - t, t).astype(xp.int64)


class Order:
    """The walk through N sequences, each up to its length, from its last step to its first one where `reverse` says so.

    lengths  (N,)  whole numbers from 0 to `steps`

    To take the steps of something in this order twice puts them back.
    """

    def __init__(self, xp: Any, lengths: Array, steps: int, reverse: bool) -> None:
        self.xp = xp
        self.lengths = lengths.astype(xp.int64)
        self.streams = xp.arange(len(lengths))
        self.reverse = reverse
        self.index = reversed_within(xp, self.lengths, steps)
        t = xp.arange(steps)[:, None]
        self.inside = t < self.lengths
        self.is_last = t == self.lengths - 1

    def take(self, x: Array) -> Array:
        """The steps of x (T, N, K) in this order; beyond the lengths they are 0."""
        if self.reverse:
            x = x[self.index, self.streams]
        return self.xp.where(self.inside[:, :, None], x, 0)

    def cont(self, cont: Array, first: int) -> Array:
        """What of the state goes on into each step of the walk, (T, N); beyond the lengths all of it.

        In reverse a step that begins a sequence is the last one of it that is seen, so the step after it in the walk
        begins; and `first` is what of the state before the walk goes on into it.
        """
        if self.reverse:
            later = self.xp.concatenate([cont[1:], cont[:1]])
            cont = self.xp.where(self.is_last, first, later)[self.index, self.streams]
        return self.xp.where(self.inside, cont, 1)

    def last(self, states: Array) -> Array:
        """Of states (T+1, N, H), [0] being those before the walk, the ones after the last step of each, (N, H)."""
        return states[self.lengths, self.streams]
