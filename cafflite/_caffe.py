"""The module `caffe._caffe`, Caffe's compiled one: the types behind its interface, and the names of `caffe`."""

from typing import Any

import cafflite
from cafflite import __version__
from cafflite.blob import Blob
from cafflite.layers.base import BlobVec
from cafflite.proto.caffe_pb2 import LayerParameter, SolverParameter
from cafflite.solvers.base import Solver

__all__ = ["Blob", "BlobVec", "LayerParameter", "Solver", "SolverParameter", "__version__"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # what a module, or a package such as cafflite, has for itself
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(cafflite, name)
