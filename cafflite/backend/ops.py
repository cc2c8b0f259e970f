"""The operations that layers and solvers are made of, in readable array code that runs on NumPy and CuPy alike.

A backend overrides the ones it can do faster, with the same signature; tests hold both equal.
"""

from collections.abc import Callable

from cafflite.backend.base import Array
from cafflite.backend.ops_channels import ChannelOps
from cafflite.backend.ops_ctc import CTCOps
from cafflite.backend.ops_neuron import NeuronOps
from cafflite.backend.ops_recurrent import RecurrentOps
from cafflite.backend.ops_softmax import SoftmaxOps
from cafflite.backend.ops_spatial import SpatialOps
from cafflite.backend.ops_update import UpdateOps


class Ops(ChannelOps, CTCOps, NeuronOps, SoftmaxOps, RecurrentOps, SpatialOps, UpdateOps):
    """Portable operations. Arrays named `out` are written; those an operation adds to are named by the verb."""

    def copy(self, x: Array, out: Array) -> None:
        """out = x."""
        out[...] = x

    def clear(self, out: Array) -> None:
        """out = 0."""
        out[...] = 0

    def add(self, a: Array, b: Array, out: Array) -> None:
        """out = a + b, of the same shape."""
        self.xp.add(a, b, out=out)

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """out = a b, of shapes (M, K), (K, N) and (M, N)."""
        self.xp.matmul(a, b, out=out)

    def add_matmul(self, a: Array, b: Array, out: Array) -> None:
        """out += a b, of shapes (M, K), (K, N) and (M, N)."""
        out += self.xp.matmul(a, b)

    def add_row_sum(self, x: Array, out: Array) -> None:
        """out += the sum of x (M, N) over its rows, (N,)."""
        out += x.sum(axis=0)

    def require_indices(self, x: Array, count: int, ignored: int | None, refuse: Callable[..., None]) -> None:
        """Call `refuse(x, allowed)` unless each value, cut to a whole number, is one of 0 to count - 1, or `ignored`.

        `allowed` says which are.
        """
        allowed = (x > -1) & (x < count)
        if ignored is not None:
            allowed |= x == ignored
        self.require(allowed, refuse, x, allowed)

    def require_binary(self, x: Array, refuse: Callable[..., None]) -> None:
        """Call `refuse(x)` unless each value is 0 or 1."""
        self.require((x == 0) | (x == 1), refuse, x)

    def take_rows(self, table: Array, index: Array, out: Array) -> None:
        """out[n] = table[index[n]] for each n."""
        out[...] = table[index]

    def add_to_rows(self, rows: Array, index: Array, table: Array) -> None:
        """table[index[n]] += rows[n] for each n."""
        self.xp.add.at(table, index, rows)
