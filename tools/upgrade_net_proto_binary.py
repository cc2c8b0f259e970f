"""Bring a caffemodel, a net with its weights in a binary file, to today's form.

    cafflite upgrade_net_proto_binary old.caffemodel new.caffemodel

Weights of every age can be loaded as they are; this is for other programs that read them.
"""

from pathlib import Path
from types import SimpleNamespace

from google.protobuf.message import DecodeError

from cafflite.errors import WeightsError
from cafflite.files import reason
from cafflite.proto.caffe_pb2 import NetParameter
from cafflite.proto.upgrade import upgrade_net
from cafflite.tools import _upgrade
from cafflite.tools._flags import Flags

FLAGS: Flags = {}


def run(flags: SimpleNamespace, input: str, output: str) -> int:
    _upgrade.convert(
        input, output, "NetParameter binary proto", _read, upgrade_net, lambda net: net.SerializeToString()
    )
    return 0


def _read(path: str) -> NetParameter:
    try:
        net = NetParameter.FromString(Path(path).read_bytes())
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {reason(error)}") from error
    except DecodeError as error:
        raise WeightsError(f"{path}: this is not a caffemodel, or a damaged one") from error
    if not net.layer and not net.layers:
        raise WeightsError(f"{path}: no layers are in this file, expected a caffemodel")
    return net
