"""The loss of connectionist temporal classification on a CPU: a compiled kernel, sequences shared among the threads."""

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_ctc import CTCOps

SERIAL = 2**12  # states times time steps that are not worth a second thread


class NumpyCTC(CTCOps):
    def ctc_loss(
        self, log_prob: Array, states: Array, passes: Array, steps: Array, counts: Array, loss: Array, expected: Array
    ) -> None:
        from cafflite.backend import kernels_ctc as kernels

        given = log_prob, states, passes, steps, counts, loss, expected
        least = SERIAL // max(1, len(log_prob) * states.shape[1])
        pool.run(lambda s: kernels.ctc_loss(s.start, s.stop, *given), pool.split(len(states), least))
