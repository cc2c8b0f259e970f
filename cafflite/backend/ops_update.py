"""The updates of the solvers, each a run of parameters in one pass over flat arrays of one length."""

from cafflite.backend.base import Array, BaseOps

Scale = float | Array  # on a GPU it may stay there


class UpdateOps(BaseOps):
    """Each update reads the gradient from `diff`, leaves the update there, and subtracts it from `data`.

    scale   what the gradient is multiplied by first
    l1, l2  weight decay: l1 sign(data) + l2 data is added to the gradient
    rate    the learning rate of these parameters
    The arrays that a rule keeps from one update to the next follow `diff`; they are written as well.
    """

    def norm(self, x: Array) -> float:
        """The square root of the sum of squares of a flat array."""
        return float(self.xp.dot(x, x)) ** 0.5

    def clipping(self, x: Array, most: float) -> tuple[Array, Scale]:
        """The L2 norm of a flat array, and what brings it down to `most`: 1 where it is not above."""
        norm = self.norm(x)
        return norm, most / norm if norm > most else 1.0

    def update_sgd(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, momentum: float,
    ) -> None:  # fmt: skip
        """h = momentum h + rate g; the update is h."""
        history *= momentum
        history += rate * self._gradient(data, diff, scale, l1, l2)
        self._subtract(data, diff, history)

    def update_nesterov(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, momentum: float,
    ) -> None:  # fmt: skip
        """h' = momentum h + rate g; the update is (1 + momentum) h' - momentum h."""
        before = history.copy()
        history *= momentum
        history += rate * self._gradient(data, diff, scale, l1, l2)
        self._subtract(data, diff, (1 + momentum) * history - momentum * before)

    def update_adagrad(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, delta: float,
    ) -> None:  # fmt: skip
        """h = h + g^2; the update is rate g / (sqrt(h) + delta)."""
        g = self._gradient(data, diff, scale, l1, l2)
        history += g * g
        self._subtract(data, diff, rate * g / (self.xp.sqrt(history) + delta))

    def update_rmsprop(
        self, data: Array, diff: Array, history: Array,
        scale: Scale, l1: float, l2: float, rate: float, decay: float, delta: float,
    ) -> None:  # fmt: skip
        """h = decay h + (1 - decay) g^2; the update is rate g / (sqrt(h) + delta)."""
        g = self._gradient(data, diff, scale, l1, l2)
        history *= decay
        history += (1 - decay) * g * g
        self._subtract(data, diff, rate * g / (self.xp.sqrt(history) + delta))

    def update_adadelta(
        self, data: Array, diff: Array, gradients: Array, updates: Array,
        scale: Scale, l1: float, l2: float, rate: float, decay: float, delta: float,
    ) -> None:  # fmt: skip
        """a = decay a + (1 - decay) g^2; u = g sqrt((b + delta) / (a + delta)); b = decay b + (1 - decay) u^2;
        the update is rate u. a is `gradients` and b is `updates`."""
        g = self._gradient(data, diff, scale, l1, l2)
        gradients *= decay
        gradients += (1 - decay) * g * g
        u = g * self.xp.sqrt((updates + delta) / (gradients + delta))
        updates *= decay
        updates += (1 - decay) * u * u
        self._subtract(data, diff, rate * u)

    def update_adam(
        self, data: Array, diff: Array, mean: Array, square: Array,
        scale: Scale, l1: float, l2: float, rate: float, beta1: float, beta2: float, delta: float,
    ) -> None:  # fmt: skip
        """m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; the update is rate m / (sqrt(v) + delta)."""
        g = self._gradient(data, diff, scale, l1, l2)
        mean *= beta1
        mean += (1 - beta1) * g
        square *= beta2
        square += (1 - beta2) * g * g
        self._subtract(data, diff, rate * mean / (self.xp.sqrt(square) + delta))

    def _gradient(self, data: Array, diff: Array, scale: Scale, l1: float, l2: float) -> Array:
        return scale * diff + l2 * data + l1 * self.xp.sign(data)

    def _subtract(self, data: Array, diff: Array, update: Array) -> None:
        diff[:] = update
        data -= diff
