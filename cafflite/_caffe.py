"""The names of `caffe._caffe`, which is Caffe's compiled module."""

from cafflite import __version__, log, set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from cafflite.blob import Blob
from cafflite.layers.base import BlobVec
from cafflite.layers.python import PythonLayer as Layer
from cafflite.proto.caffe_pb2 import LayerParameter, SolverParameter
from cafflite.pycaffe import (
    NCCL,
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    Net,
    RMSPropSolver,
    SGDSolver,
    Timer,
    get_solver,
)
from cafflite.pycaffe.process import (
    has_nccl,
    init_log,
    layer_type_list,
    set_multiprocess,
    set_solver_count,
    set_solver_rank,
    solver_count,
    solver_rank,
)
from cafflite.solvers.base import Solver

__all__ = [
    "NCCL",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "Blob",
    "BlobVec",
    "Layer",
    "LayerParameter",
    "NesterovSolver",
    "Net",
    "RMSPropSolver",
    "SGDSolver",
    "Solver",
    "SolverParameter",
    "Timer",
    "__version__",
    "get_solver",
    "has_nccl",
    "init_log",
    "layer_type_list",
    "log",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_multiprocess",
    "set_random_seed",
    "set_solver_count",
    "set_solver_rank",
    "solver_count",
    "solver_rank",
]
