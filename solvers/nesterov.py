"""Nesterov's accelerated gradient: SGD that looks ahead by its momentum (Sutskever et al., ICML 2013)."""

from cafflite.solvers.base import Gradient, Run, Solver, solver


@solver("Nesterov")
class Nesterov(Solver):
    """h' = momentum h + rate g; w = w - (1 + momentum) h' + momentum h

    history  h
    """

    def update(self, run: Run, gradient: Gradient, rate: float) -> None:
        self.ops.update_nesterov(run.data, run.diff, *run.history, *gradient, rate, self.param.momentum)
