"""The loss of connectionist temporal classification: T time steps of N sequences, C classes of which one is a blank."""

from typing import Any

from cafflite.backend.base import Array, BaseOps


class CTCOps(BaseOps):
    """Graves, Fernandez, Gomez and Schmidhuber, "Connectionist Temporal Classification" (2006).

    A path through the states of a label sequence, which are its labels with blanks around each, begins in one of the
    first two and ends in one of the last two, and goes from a state to itself, to the next one, or past a blank between
    two different labels. All sums of probabilities are of their logarithms, in double precision.
    """

    def ctc_loss(
        self, log_prob: Array, states: Array, passes: Array, steps: Array, counts: Array, loss: Array, expected: Array
    ) -> None:
        """The negative logarithm of the probability of each label sequence, and where its paths are expected to be.

        log_prob  (T, N, C)  float64: log softmax of the scores
        states    (N, U)     the class of each state; any class beyond the last one
        passes    (N, U)     1 where a path may come from the state before the last one, past a blank; else 0
        steps     (N,)       time steps of each sequence, 1 or more
        counts    (N,)       states of each sequence, 1 or more
        loss      (N,)       out, float64: infinity where no path has any probability
        expected  (T, N, C)  out, float64: the probability of each class at each step, given that the path is one of
                             the label sequence's; 0 beyond its time steps and where the loss is infinite
        """
        xp = self.xp
        length, streams, _ = log_prob.shape
        n, u = xp.arange(streams), xp.arange(states.shape[1])
        emitted = log_prob[:, n[:, None], states]
        within = u < counts[:, None]
        ends = within & (u >= counts[:, None] - 2)
        last = (steps - 1)[:, None]
        never = xp.full(states.shape, -xp.inf)
        past = xp.where(passes, 0.0, -xp.inf)

        forward = xp.empty_like(emitted)
        forward[0] = xp.where(within & (u < 2), emitted[0], never)
        for t in range(1, length):
            before = forward[t - 1]
            reached = xp.logaddexp(before, _shift(xp, before, 1))
            reached = xp.logaddexp(reached, _shift(xp, before, 2) + past)
            forward[t] = xp.where(within, reached + emitted[t], never)

        before_last = xp.where(counts > 1, forward[steps - 1, n, counts - 2], -xp.inf)
        total = xp.logaddexp(forward[steps - 1, n, counts - 1], before_last)
        loss[...] = -total
        total = xp.where(xp.isinf(total), 0, total)[:, None]

        onward = never
        expected[...] = 0
        for t in reversed(range(length)):
            after = onward  # what follows step t + 1 from each state, that step included
            onward = xp.logaddexp(after, _shift(xp, after, -1))
            onward = xp.logaddexp(onward, _shift(xp, after + past, -2))
            onward = xp.where((t == last) & ends, 0, onward)
            xp.add.at(expected[t], (n[:, None], states), xp.exp(forward[t] + onward - total))
            onward = xp.where(within, onward + emitted[t], never)


def _shift(xp: Any, x: Array, by: int) -> Array:
    """x (N, U) with its columns `by` further on; log 0 comes in."""
    out = xp.full_like(x, -xp.inf)
    if by > 0:
        out[:, by:] = x[:, :-by]
    else:
        out[:, :by] = x[:, -by:]
    return out
