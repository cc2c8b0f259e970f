"""AdaGrad: a parameter moves less, the more its gradient has been (Duchi, Hazan, Singer, JMLR 2011)."""

from cafflite.errors import SolverError
from cafflite.solvers.base import Gradient, Run, Solver, solver


@solver("AdaGrad")
class AdaGrad(Solver):
    """h = h + g^2; w = w - rate g / (sqrt(h) + delta)

    history  h, the sum of the squares of all gradients
    """

    def check(self) -> None:
        super().check()
        if self.param.momentum:
            raise SolverError(f"momentum is {self.param.momentum:g}, but AdaGrad has none: remove it")

    def update(self, run: Run, gradient: Gradient, rate: float) -> None:
        self.ops.update_adagrad(run.data, run.diff, *run.history, *gradient, rate, self.param.delta)
