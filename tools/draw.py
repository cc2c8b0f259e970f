"""Draw a net as a picture: layers as boxes, blobs as octagons.

    cafflite draw train_val.prototxt net.svg --phase=TRAIN
    cafflite draw deploy.prototxt net.png --rankdir=LR

An SVG needs nothing else, a PNG Matplotlib, other formats pydot and Graphviz. Without --phase the layers of both phases
are drawn.
"""

import os
from types import SimpleNamespace

from cafflite.draw import DIRECTIONS, draw_net_to_file
from cafflite.errors import NetError, UsageError
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import Phase
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "phase": ("ALL", "the layers to draw: TRAIN, TEST or ALL"),
    "rankdir": ("TB", f"the direction of the drawing, one of {', '.join(DIRECTIONS)}: top, bottom, left, right"),
}


def run(flags: SimpleNamespace, model: str, output: str) -> int:
    if flags.phase not in ("ALL", *Phase.keys()):
        raise UsageError(f"--phase is '{flags.phase}', expected TRAIN, TEST or ALL")
    if flags.rankdir not in DIRECTIONS:
        raise UsageError(f"--rankdir is '{flags.rankdir}', expected one of {', '.join(DIRECTIONS)}")
    net = prototxt.load_net(model)
    try:
        draw_net_to_file(net, output, flags.rankdir, None if flags.phase == "ALL" else Phase.Value(flags.phase))
    except NetError as error:
        raise error.at(os.path.basename(model)) from error
    return 0
