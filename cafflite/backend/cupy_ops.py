"""The operations on a GPU, through CuPy."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from cafflite.backend import deferred
from cafflite.backend.base import Array
from cafflite.backend.cupy_channels import CupyChannels
from cafflite.backend.cupy_gemm import multiply
from cafflite.backend.cupy_kernels import launch
from cafflite.backend.cupy_neuron import CupyNeuron
from cafflite.backend.cupy_recurrent import CupyRecurrent
from cafflite.backend.cupy_softmax import CupySoftmax
from cafflite.backend.cupy_spatial import CupySpatial
from cafflite.backend.cupy_update import CupyUpdate
from cafflite.backend.ops import Ops


class CupyOps(CupyChannels, CupyNeuron, CupyRecurrent, CupySoftmax, CupySpatial, CupyUpdate, Ops):
    """Overrides what a kernel of our own, or one of cuBLAS, does in fewer launches than array expressions."""

    defers = uploads = True

    def __init__(self, device: int, dtype: str) -> None:
        import cupy

        super().__init__(cupy, dtype)
        self.device = device
        self.name = f"GPU {device}"

    def on_device(self) -> AbstractContextManager:
        return self.xp.cuda.Device(self.device)

    def require(self, allowed: Array, refuse: Callable[..., None], *arrays: Array) -> None:
        if (checks := deferred.current()) is None:
            super().require(allowed, refuse, *arrays)
        else:
            checks.add(self.xp, allowed, refuse, arrays)

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        multiply(a, b, out)

    def add_matmul(self, a: Array, b: Array, out: Array) -> None:
        multiply(a, b, out, add=True)

    def take_rows(self, table: Array, index: Array, out: Array) -> None:
        self.xp.take(table, index, axis=0, out=out)

    def add_to_rows(self, rows: Array, index: Array, table: Array) -> None:
        order = self.xp.argsort(index)  # it is stable: rows of one index stay in their order
        launch("add_to_rows", rows.size, rows, index[order], order, *rows.shape, table, len(table))
