"""Adam: momentum and RMSProp together, corrected for having started from zero (Kingma and Ba, ICLR 2015)."""

from cafflite.errors import SolverError
from cafflite.solvers.base import Gradient, Run, Solver, solver


@solver("Adam")
class Adam(Solver):
    """m = momentum m + (1 - momentum) g;  v = momentum2 v + (1 - momentum2) g^2;
    w = w - rate sqrt(1 - momentum2^t) / (1 - momentum^t) m / (sqrt(v) + delta), in iteration t, counted from 1

    history  m and v, the running means of the gradients and of their squares
    """

    history_count = 2

    def check(self) -> None:
        super().check()
        for name in ("momentum", "momentum2"):
            if not 0 <= getattr(self.param, name) < 1:
                raise SolverError(f"{name} is {getattr(self.param, name):g}, expected 0 or more and less than 1")

    def update(self, run: Run, gradient: Gradient, rate: float) -> None:
        beta1, beta2, t = self.param.momentum, self.param.momentum2, self.iter + 1
        correction = (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        self.ops.update_adam(
            run.data, run.diff, *run.history, *gradient, rate * correction, beta1, beta2, self.param.delta
        )
