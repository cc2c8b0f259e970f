"""Show the layers of a net as a table: output shapes, parameters and memory.

    cafflite summary train_val.prototxt
    cafflite summary deploy.prototxt --phase=TEST

The memory is that of a layer's tops: their data and, where the backward pass comes by, their diffs.
"""

from types import SimpleNamespace

from cafflite.summary import summary
from cafflite.tools import _model
from cafflite.tools._flags import Flags

FLAGS: Flags = {"phase": ("TRAIN", "the phase of the net, TRAIN or TEST")} | _model.STATE


def run(flags: SimpleNamespace, model: str) -> int:
    print(summary(_model.build(model, flags.phase, flags.stage, flags.level)))
    return 0
