"""The sequences and labels of connectionist temporal classification."""

from cafflite.backend.ops import Ops
from cafflite.blob import Array, Blob
from cafflite.errors import NetError, ShapeError
from cafflite.layers._order import check_indicators, check_lengths
from cafflite.layers.base import Blobs


def blank_class(index: int, classes: int) -> int:
    """The class that stands for no label; a negative index is the last class. NetError where there is none such."""
    if index >= classes:
        raise NetError(f"blank_index is {index}, and its input has the {classes} classes 0 to {classes - 1}")
    return index if index >= 0 else classes - 1


def check_shapes(bottom: Blobs) -> None:
    """ShapeError unless the bottoms are (T, N, C), (T, N) or (N,), and (L, N), as far as there are any."""
    x = bottom[0].shape
    if len(x) != 3 or x[0] == 0 or x[2] == 0:
        raise ShapeError(f"its input is {x}, expected (T, N, C): one time step or more, sequences, classes")
    if len(bottom) > 1 and bottom[1].shape not in (x[:2], x[1:2]):
        raise ShapeError(
            f"its sequence indicators are {bottom[1].shape}, expected {x[:2]}, or lengths of shape ({x[1]},), "
            f"as its input is {x}"
        )
    if len(bottom) > 2 and (bottom[2].ndim != 2 or bottom[2].shape[1] != x[1]):
        raise ShapeError(f"its labels are {bottom[2].shape}, expected (L, {x[1]}): a column for each sequence")


def time_steps(ops: Ops, given: Blob | None, shape: tuple[int, ...]) -> Array:
    """The number of time steps of each sequence, (N,), from sequence indicators or lengths; all of T without them.

    A sequence begins at the first step and ends before the next 0 of its indicators.
    """
    xp, (steps, streams) = ops.xp, shape[:2]
    if given is None:
        return xp.full(streams, steps)
    if given.ndim == 1:
        check_lengths(ops, given.data, steps, least=1)
        return given.data.astype(xp.int64)
    check_indicators(ops, given.data)
    begins = given.data == 0
    begins[0] = False
    return xp.where(begins.any(axis=0), begins.argmax(axis=0), steps)


def label_counts(labels: Array) -> Array:
    """The number of labels of each column of labels (L, N), which end before the first negative one."""
    return (~(labels < 0)).cumprod(axis=0).sum(axis=0).astype("int64")
