"""The solvers, one file a rule. Importing this package registers them all."""

import importlib
import os
import pkgutil
from collections.abc import Mapping
from typing import Any

from cafflite.build import meant
from cafflite.errors import SolverError
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import SolverParameter
from cafflite.proto.upgrade import upgrade_solver
from cafflite.solvers import nets
from cafflite.solvers.base import Path, Solver, registry

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def make_solver(solver_param: Any, path: Path = "", classes: Mapping[str, type[Solver]] = registry) -> Solver:
    """The solver of `classes` that the `type` of a SolverParameter, or of a prototxt (path or text), asks for."""
    if not isinstance(solver_param, SolverParameter):
        path = "" if prototxt.is_text(solver_param) else solver_param
        solver_param = nets.read_solver(solver_param)
    solver_param = upgrade_solver(solver_param)
    if solver_param.type not in classes:
        raise SolverError(
            f"type is '{solver_param.type}', expected one of {', '.join(sorted(classes))}"
            f"{meant(solver_param.type, classes)}"
        ).at(os.path.basename(path) or "<solver>")
    return classes[solver_param.type](solver_param, path)
