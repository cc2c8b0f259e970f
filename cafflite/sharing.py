"""The parameters of one net used by another, layer by layer of the same name."""

from typing import Any

from cafflite.blob import Blob
from cafflite.errors import NetError, ShapeError

Net = Any  # cafflite.net.Net, which stands above this module


def share(net: Net, other: Net) -> None:
    """Let `net` use the parameters of `other`: the work of `Net.share_trained_layers_with`."""
    if (other.ops.name, other.ops.dtype) != (net.ops.name, net.ops.dtype):
        raise NetError(
            f"the other net's parameters are {other.ops.dtype} on the {other.ops.name}, expected {net.ops.dtype} on "
            f"the {net.ops.name} as in this net: make both in the same mode"
        )
    shared = _pairs(net, other)
    for blob, trained in shared:
        blob.share_data(trained)
    moved = {id(blob) for blob, _ in shared}
    for param in net.learnable:
        param.is_shared |= id(param.blob) in moved
    net.sharings += 1


def _pairs(net: Net, other: Net) -> list[tuple[Blob, Blob]]:
    """The blobs of `net` and those of `other` that they are to be. ShapeError where these differ."""
    named = {step.layer.name: step.layer for step in other.steps}
    pairs: list[tuple[Blob, Blob]] = []
    for step in net.steps:
        source = named.get(step.layer.name)
        if source is None:
            continue
        shapes, found = [b.shape for b in step.layer.blobs], [b.shape for b in source.blobs]
        if shapes != found:
            raise ShapeError(f"its parameters {shapes} cannot be those of the other net's, {found}").at(step.where)
        pairs += zip(step.layer.blobs, source.blobs, strict=True)
    return pairs
