"""cafflite: Caffe without the build.

The names are those of pycaffe, so that `import cafflite as caffe` is all that a script needs; install_as_caffe() and
`cafflite run` do without even that.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cafflite import layers, log
from cafflite.as_caffe import install_as_caffe
from cafflite.backend import set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from cafflite.errors import CaffliteError
from cafflite.layers.python import PythonLayer as Layer
from cafflite.proto.caffe_pb2 import TEST, TRAIN
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
    set_phase_test,
    set_phase_train,
    set_solver_count,
    set_solver_rank,
    solver_count,
    solver_rank,
)

if TYPE_CHECKING:  # what __getattr__ gives
    from cafflite import classifier, coord_map, detector, draw, io, net_spec
    from cafflite.classifier import Classifier
    from cafflite.detector import Detector
    from cafflite.net_spec import NetSpec, params, to_proto
    from cafflite.recurrent_spec import bidirectional
    from cafflite.stateful_rnn import StatefulRNN

__version__ = "1.0.0"  # of the Caffe whose interface this is, as scripts ask for it; not of this package

# What takes long to import, or is seldom wanted, is imported when it is asked for: modules, and names in them.
_MODULES = ("_caffe", "classifier", "coord_map", "detector", "draw", "io", "net_spec")
_NAMES = {
    "Classifier": "classifier",
    "Detector": "detector",
    "NetSpec": "net_spec",
    "StatefulRNN": "stateful_rnn",
    "bidirectional": "recurrent_spec",
    "params": "net_spec",
    "to_proto": "net_spec",
}

__all__ = [
    "NCCL",
    "TEST",
    "TRAIN",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "CaffliteError",
    "Classifier",
    "Detector",
    "Layer",
    "NesterovSolver",
    "Net",
    "NetSpec",
    "RMSPropSolver",
    "SGDSolver",
    "StatefulRNN",
    "Timer",
    "__version__",
    "bidirectional",
    "classifier",
    "coord_map",
    "detector",
    "draw",
    "get_solver",
    "has_nccl",
    "init_log",
    "install_as_caffe",
    "io",
    "layer_type_list",
    "layers",
    "log",
    "net_spec",
    "params",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_multiprocess",
    "set_phase_test",
    "set_phase_train",
    "set_random_seed",
    "set_solver_count",
    "set_solver_rank",
    "solver_count",
    "solver_rank",
    "to_proto",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"cafflite.{name}")
    if name in _NAMES:
        return getattr(import_module(f"cafflite.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'cafflite' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})
