"""The CTC kernel against its readable twin."""

import numpy as np
import pytest

from cafflite.backend import pool
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops


def run(ops, steps, streams, classes, longest):
    rng = np.random.default_rng(0)
    log_prob = np.log(rng.dirichlet(np.ones(classes), (steps, streams)))
    states = np.full((streams, 2 * longest + 1), classes - 1)
    states[:, 1::2] = rng.integers(0, classes - 1, (streams, longest))
    passes = np.zeros(states.shape, bool)
    passes[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    counts = 2 * rng.integers(0, longest + 1, streams) + 1
    lengths = rng.integers(max(1, steps // 2), steps + 1, streams)
    loss, expected = np.full(streams, 7.0), np.full(log_prob.shape, 7.0)
    ops.ctc_loss(log_prob, states, passes, lengths, counts, loss, expected)
    return loss, expected


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(1, 1, 2, 0), (1, 3, 4, 1), (12, 7, 5, 4), (80, 5, 30, 20), (5, 0, 3, 2)])
def test_ctc_loss(shape, threads, monkeypatch):
    monkeypatch.setattr(pool, "threads", lambda: threads)
    monkeypatch.setattr("cafflite.backend.numpy_ctc.SERIAL", 1)
    for found, expected in zip(run(NumpyOps(), *shape), run(Ops(np, "float32"), *shape), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
