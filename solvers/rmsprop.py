"""RMSProp: AdaGrad whose sum of squares forgets (Tieleman and Hinton, Coursera lecture 6.5, 2012)."""

from cafflite.errors import SolverError
from cafflite.solvers.base import Gradient, Run, Solver, solver


@solver("RMSProp")
class RMSProp(Solver):
    """h = rms_decay h + (1 - rms_decay) g^2; w = w - rate g / (sqrt(h) + delta)

    history  h, the running mean of the squares of the gradients
    """

    def check(self) -> None:
        super().check()
        if self.param.momentum:
            raise SolverError(f"momentum is {self.param.momentum:g}, but RMSProp has none: remove it")
        if not 0 <= self.param.rms_decay < 1:
            raise SolverError(f"rms_decay is {self.param.rms_decay:g}, expected 0 or more and less than 1")

    def update(self, run: Run, gradient: Gradient, rate: float) -> None:
        self.ops.update_rmsprop(
            run.data, run.diff, *run.history, *gradient, rate, self.param.rms_decay, self.param.delta
        )
