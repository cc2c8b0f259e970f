"""A net from the command line, and the flags for it."""

import os
from types import SimpleNamespace

from cafflite import log, weights
from cafflite.backend.ops import Ops
from cafflite.errors import CaffliteError, UsageError
from cafflite.net import Net
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import Phase
from cafflite.tools import _device
from cafflite.tools._flags import Flags

STATE: Flags = {
    "stage": ("", "stages of the net, with commas between"),
    "level": (0, "level of the net"),
}
FLAGS: Flags = {
    "model": ("", "the prototxt of the net"),
    "weights": ("", "the caffemodels to load, with commas between"),
    "iterations": (50, "how many batches to run"),
    "gpu": ("", "the number of the GPU to run on; the CPU without it"),
    **STATE,
}


def build(path: str, phase: str, stage: str, level: int, ops: Ops | None = None) -> Net:
    """The net of a prototxt, in a state as the flags name it."""
    if phase not in Phase.keys():
        raise UsageError(f"--phase is '{phase}', expected TRAIN or TEST")
    param = prototxt.load_net(path)
    param.state.phase = Phase.Value(phase)
    param.state.level = level
    param.state.stage.extend(filter(None, stage.split(",")))
    try:
        return Net(param, ops)
    except CaffliteError as error:
        raise error.at(os.path.basename(path)) from error


def load(flags: SimpleNamespace, phase: str) -> Net:
    """The net of FLAGS with its weights, on the device that they choose."""
    if not flags.model:
        raise UsageError("it needs a net: --model=FILE")
    if flags.iterations < 1:
        raise UsageError(f"--iterations is {flags.iterations}, expected 1 or more")
    _device.choose(flags.gpu)
    log.info(f"Use GPU with device ID {flags.gpu}" if flags.gpu else "Use CPU.")
    net = build(flags.model, phase, flags.stage, flags.level)
    if flags.weights:
        weights.load_each(net, flags.weights)
    return net
