"""Show the layers of a net as a table: output shapes, parameters and memory.

    cafflite summary train_val.prototxt
    cafflite summary deploy.prototxt --phase=TEST
    cafflite summary train_val.prototxt --gpu --solver=solver.prototxt

The memory is that of a layer's tops: their data and, where the backward pass comes by, their diffs. With --gpu a last
line says how much of a GPU's memory training takes, the nets that a solver tests and CUDA itself apart. It needs none.
"""

from types import SimpleNamespace

from cafflite.cupy_memory import PlannedOps, plan
from cafflite.errors import UsageError
from cafflite.proto.upgrade import upgrade_solver
from cafflite.solvers import registry
from cafflite.solvers.nets import read_solver
from cafflite.summary import summary
from cafflite.tools import _model
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "phase": ("TRAIN", "the phase of the net, TRAIN or TEST"),
    "gpu": (False, "show what the net takes of a GPU's memory, too"),
    "solver": ("", "with --gpu: the prototxt of the solver whose history is there as well"),
    **_model.STATE,
}


def run(flags: SimpleNamespace, model: str) -> int:
    net = _model.build(model, flags.phase, flags.stage, flags.level, PlannedOps() if flags.gpu else None)
    print(summary(net))
    if flags.gpu:
        print(plan(net, _history_count(flags.solver) if flags.solver else 0))
    return 0


def _history_count(path: str) -> int:
    """How many numbers a solver keeps of each parameter."""
    type_name = upgrade_solver(read_solver(path)).type
    if type_name not in registry:
        raise UsageError(f"--solver is '{path}', of type '{type_name}', expected one of {', '.join(sorted(registry))}")
    return registry[type_name].history_count
