"""Finding where a training run stopped being numbers."""

from typing import Any

from cafflite.blob import Array
from cafflite.errors import SolverError


def check_loss(net: Any, loss: Array, iteration: int) -> None:
    """SolverError when the loss of a forward pass is NaN or infinite: it names the first layer and blob that is so."""
    if _is_finite(net, loss):
        return
    for step in net.steps:
        blobs = [(f"its parameter {i}", blob) for i, blob in enumerate(step.layer.blobs)]
        blobs += [(f"its top blob '{name}'", blob) for name, blob in zip(step.top_names, step.top, strict=True)]
        for name, blob in blobs:
            if not _is_finite(net, blob.data):
                raise SolverError(f"{name} is the first that is not finite, and the loss of iteration {iteration} is "
                                  f"{float(loss):g}").at(step.where)  # fmt: skip
    raise SolverError(f"the loss of iteration {iteration} is {float(loss):g}, though every blob is finite")


def check_params(net: Any, iteration: int) -> None:
    """SolverError when a parameter is NaN or infinite, so that no snapshot is made of it."""
    if all(_is_finite(net, array) for array in net.param_arrays()):
        return
    for step in net.steps:
        for i, blob in enumerate(step.layer.blobs):
            if not _is_finite(net, blob.data):
                raise SolverError(f"its parameter {i} is not finite after {iteration} iterations").at(step.where)


def _is_finite(net: Any, array: Array) -> bool:
    return bool(net.ops.xp.isfinite(array).all())
