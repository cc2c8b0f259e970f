"""The solvers of Caffe's Python interface: those of `cafflite.solvers`, with nets of this interface."""

from __future__ import annotations

from typing import Any

from cafflite.pycaffe.net import Net
from cafflite.solvers import make_solver
from cafflite.solvers.adadelta import AdaDelta
from cafflite.solvers.adagrad import AdaGrad
from cafflite.solvers.adam import Adam
from cafflite.solvers.base import Solver
from cafflite.solvers.nesterov import Nesterov
from cafflite.solvers.rmsprop import RMSProp
from cafflite.solvers.sgd import SGD


class SGDSolver(SGD):
    """Caffe's SGDSolver: `cafflite.solvers.sgd.SGD` with nets of this interface."""

    net_class = Net


class NesterovSolver(Nesterov):
    """Caffe's NesterovSolver: `cafflite.solvers.nesterov.Nesterov` with nets of this interface."""

    net_class = Net


class AdaGradSolver(AdaGrad):
    """Caffe's AdaGradSolver: `cafflite.solvers.adagrad.AdaGrad` with nets of this interface."""

    net_class = Net


class RMSPropSolver(RMSProp):
    """Caffe's RMSPropSolver: `cafflite.solvers.rmsprop.RMSProp` with nets of this interface."""

    net_class = Net


class AdaDeltaSolver(AdaDelta):
    """Caffe's AdaDeltaSolver: `cafflite.solvers.adadelta.AdaDelta` with nets of this interface."""

    net_class = Net


class AdamSolver(Adam):
    """Caffe's AdamSolver: `cafflite.solvers.adam.Adam` with nets of this interface."""

    net_class = Net


_SOLVERS: dict[str, type[Solver]] = {
    solver.type: solver
    for solver in (SGDSolver, NesterovSolver, AdaGradSolver, RMSPropSolver, AdaDeltaSolver, AdamSolver)
}


def get_solver(solver: Any) -> Solver:
    """The solver that a prototxt (its path or text), or a SolverParameter, asks for by its `type`.

    Raises PrototxtError or SolverError, and what its nets raise.
    """
    return make_solver(solver, classes=_SOLVERS)
