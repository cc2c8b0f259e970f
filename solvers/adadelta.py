"""AdaDelta: steps in the units of the parameters themselves, from the sizes of past updates (Zeiler, 2012)."""

from cafflite.solvers.base import Gradient, Run, Solver, solver


@solver("AdaDelta")
class AdaDelta(Solver):
    """a = momentum a + (1 - momentum) g^2;  u = g sqrt((b + delta) / (a + delta));
    b = momentum b + (1 - momentum) u^2;  w = w - rate u

    history  a and b, the running means of the squares of the gradients and of the updates
    """

    history_count = 2

    def update(self, run: Run, gradient: Gradient, rate: float) -> None:
        self.ops.update_adadelta(
            run.data, run.diff, *run.history, *gradient, rate, self.param.momentum, self.param.delta
        )
