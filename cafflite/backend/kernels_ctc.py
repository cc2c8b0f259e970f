"""Compiled kernel of the operation in `ops_ctc.py`, over the sequences from `start` to `stop`, in double precision."""

import math

import numpy

from cafflite.backend.kernels_math import inlined, kernel


@inlined
def add(a, b):
    """log(e^a + e^b), also of log 0."""
    larger = max(a, b)
    return larger if larger == -math.inf else larger + math.log1p(math.exp(-abs(a - b)))


@kernel
def ctc_loss(start, stop, log_prob, states, passes, steps, counts, loss, expected):
    forward = numpy.empty((log_prob.shape[0], states.shape[1]))
    onward, after = numpy.empty(states.shape[1]), numpy.empty(states.shape[1])
    for n in range(start, stop):
        last, count, state = steps[n] - 1, counts[n], states[n]
        for u in range(count):
            forward[0, u] = log_prob[0, n, state[u]] if u < 2 else -math.inf
        for t in range(1, last + 1):
            for u in range(count):
                reached = forward[t - 1, u]
                if u > 0:
                    reached = add(reached, forward[t - 1, u - 1])
                if passes[n, u]:
                    reached = add(reached, forward[t - 1, u - 2])
                forward[t, u] = reached + log_prob[t, n, state[u]]

        total = forward[last, count - 1]
        if count > 1:
            total = add(total, forward[last, count - 2])
        loss[n] = -total
        expected[:, n] = 0.0
        if total == -math.inf:
            continue

        for u in range(count):
            onward[u] = 0.0 if u >= count - 2 else -math.inf
        for t in range(last, -1, -1):
            for u in range(count):
                expected[t, n, state[u]] += math.exp(forward[t, u] + onward[u] - total)
                after[u] = onward[u] + log_prob[t, n, state[u]]
            for u in range(count):
                onward[u] = after[u]
                if u + 1 < count:
                    onward[u] = add(onward[u], after[u + 1])
                if u + 2 < count and passes[n, u + 2]:
                    onward[u] = add(onward[u], after[u + 2])
