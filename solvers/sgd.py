"""SGD with momentum: each update is a share of the one before plus the gradient times the learning rate."""

from cafflite.solvers.base import Gradient, Run, Solver, solver


@solver("SGD")
class SGD(Solver):
    """h = momentum h + rate g; w = w - h

    history  h, the update before
    """

    def update(self, run: Run, gradient: Gradient, rate: float) -> None:
        self.ops.update_sgd(run.data, run.diff, *run.history, *gradient, rate, self.param.momentum)
