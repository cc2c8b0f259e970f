import math

import pytest

from cafflite.errors import SolverError
from cafflite.proto.caffe_pb2 import SolverParameter
from cafflite.solvers import lr_policy

POLICIES = {
    "fixed": (dict(), lambda i: 1),
    "step": (dict(gamma=0.5, stepsize=3), lambda i: 0.5 ** (i // 3)),
    "exp": (dict(gamma=0.9), lambda i: 0.9**i),
    "inv": (dict(gamma=0.1, power=0.75), lambda i: (1 + 0.1 * i) ** -0.75),
    "multistep": (dict(gamma=0.5, stepvalue=[2, 5, 6]), lambda i: 0.5 ** ((i >= 2) + (i >= 5) + (i >= 6))),
    "poly": (dict(power=1.5, max_iter=8), lambda i: max(0, 1 - i / 8) ** 1.5),
    "sigmoid": (dict(gamma=0.7, stepsize=4), lambda i: 1 / (1 + math.exp(-0.7 * (i - 4)))),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_the_rate_of_every_iteration(policy):
    settings, factor = POLICIES[policy]
    param = SolverParameter(base_lr=0.1, lr_policy=policy, **settings)
    lr_policy.check(param)
    step = 0
    for iteration in range(12):
        step = lr_policy.next_step(param, iteration, step)
        assert lr_policy.learning_rate(param, iteration, step) == pytest.approx(0.1 * factor(iteration), rel=1e-6)


def test_every_policy_is_in_the_table():
    with pytest.raises(SolverError, match=f"lr_policy is 'sgdr', expected one of {', '.join(POLICIES)}"):
        lr_policy.check(SolverParameter(lr_policy="sgdr"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(lr_policy="step"), "stepsize is 0, but lr_policy 'step' needs one above 0"),
        (dict(lr_policy="sigmoid", stepsize=3, gamma=-1), "gamma is -1, but lr_policy 'sigmoid' needs 0 or more"),
        (dict(lr_policy="exp", gamma=-1), "gamma is -1"),
        (dict(lr_policy="poly"), "max_iter is 0"),
        (dict(), "lr_policy is ''"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(SolverError, match=message):
        lr_policy.check(SolverParameter(**settings))


def test_a_step_is_told(capfd):
    param = SolverParameter(lr_policy="multistep", stepvalue=[2])
    assert [lr_policy.next_step(param, iteration, 0) for iteration in (1, 2)] == [0, 1]
    assert capfd.readouterr().err.endswith("] MultiStep Status: Iteration 2, step = 1\n")


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        (dict(lr_policy="exp", gamma=2), math.inf),
        (dict(lr_policy="sigmoid", gamma=1, stepsize=10**6), 0),
    ],
)
def test_far_from_zero_there_is_no_traceback(settings, rate):
    param = SolverParameter(base_lr=0.1, **settings)
    assert lr_policy.learning_rate(param, 10**5, 0) == rate
