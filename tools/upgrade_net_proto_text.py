"""Bring the prototxt of a net to today's form.

    cafflite upgrade_net_proto_text old.prototxt new.prototxt

Both older forms of `layers` become `layer`, and `input` with its dimensions a layer of type Input. Comments are lost.
"""

from types import SimpleNamespace

from cafflite.build import where
from cafflite.errors import NetError
from cafflite.forks import FORK_OF
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import NetParameter
from cafflite.proto.upgrade import upgrade_net
from cafflite.tools import _upgrade
from cafflite.tools._flags import Flags

FLAGS: Flags = {}


def run(flags: SimpleNamespace, input: str, output: str) -> int:
    _upgrade.convert(
        input,
        output,
        "NetParameter text proto",
        prototxt.load_net,
        _upgrade_net,
        lambda net: prototxt.dump(net).encode(),
    )
    return 0


def _upgrade_net(net: NetParameter) -> NetParameter:
    new = upgrade_net(net)
    for layer in new.layer:
        if layer.type in FORK_OF:
            fork = FORK_OF[layer.type]
            raise NetError(f"this layer is known from the {fork} fork, and its settings would be lost").at(where(layer))
    return new
