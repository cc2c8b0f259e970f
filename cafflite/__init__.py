"""cafflite: Caffe without the build."""

from cafflite.backend import set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from cafflite.errors import CaffliteError
from cafflite.layers.python import PythonLayer as Layer
from cafflite.proto.caffe_pb2 import TEST, TRAIN
from cafflite.pycaffe import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    Net,
    RMSPropSolver,
    SGDSolver,
    get_solver,
    layer_type_list,
)

__all__ = [
    "TEST",
    "TRAIN",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "CaffliteError",
    "Layer",
    "NesterovSolver",
    "Net",
    "RMSPropSolver",
    "SGDSolver",
    "get_solver",
    "layer_type_list",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_random_seed",
]
