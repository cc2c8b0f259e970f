"""Bring the prototxt of a solver to today's form.

    cafflite upgrade_solver_proto_text old_solver.prototxt solver.prototxt

The number or word of `solver_type` becomes the name of `type`. Comments are lost.
"""

from types import SimpleNamespace

from cafflite.proto import prototxt
from cafflite.proto.upgrade import upgrade_solver
from cafflite.tools import _upgrade
from cafflite.tools._flags import Flags

FLAGS: Flags = {}


def run(flags: SimpleNamespace, input: str, output: str) -> int:
    _upgrade.convert(
        input,
        output,
        "SolverParameter text proto",
        prototxt.load_solver,
        upgrade_solver,
        lambda solver: prototxt.dump(solver).encode(),
    )
    return 0
