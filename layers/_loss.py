"""What the settings of loss layers say: what a sum of losses is divided by, and which label does not count."""

from typing import Any

from cafflite.blob import Array
from cafflite.proto import caffe_pb2

Mode = caffe_pb2.LossParameter
LEAST_PROBABILITY = 1e-20  # the bound under a probability before its logarithm, where the probability is an input


def normalization(loss_param: Any, default: int) -> int:
    """The mode of a LossParameter: `normalization`, else what the older `normalize` means, else `default`."""
    if loss_param.HasField("normalization"):
        return loss_param.normalization
    if loss_param.HasField("normalize"):
        return Mode.VALID if loss_param.normalize else Mode.BATCH_SIZE
    return default


def divisor(xp: Any, mode: int, outer: int, inner: int, valid: Array) -> Array:
    """What the sum over `outer` by `inner` losses, `valid` of which count, is divided by: at least 1."""
    if mode == Mode.VALID:
        return xp.maximum(valid, 1)
    return max(1, {Mode.FULL: outer * inner, Mode.BATCH_SIZE: outer, Mode.NONE: 1}[mode])


def ignored_label(loss_param: Any) -> int | None:
    """The label that does not count, where there is one."""
    return loss_param.ignore_label if loss_param.HasField("ignore_label") else None
