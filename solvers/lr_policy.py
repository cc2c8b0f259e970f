"""The learning rate of an iteration, by the solver's `lr_policy`.

fixed      base_lr
step       base_lr gamma^(floor(iteration / stepsize))
exp        base_lr gamma^iteration
inv        base_lr (1 + gamma iteration)^(-power)
multistep  base_lr gamma^(how many of the stepvalues have been reached)
poly       base_lr (1 - iteration / max_iter)^power; 0 beyond max_iter
sigmoid    base_lr / (1 + e^(-gamma (iteration - stepsize)))
"""

import math
from typing import Any

from cafflite import log
from cafflite.errors import SolverError

_FACTORS = {
    "fixed": lambda p, iteration, step: 1.0,
    "step": lambda p, iteration, step: p.gamma**step,
    "exp": lambda p, iteration, step: p.gamma**iteration,
    "inv": lambda p, iteration, step: (1 + p.gamma * iteration) ** -p.power,
    "multistep": lambda p, iteration, step: p.gamma**step,
    "poly": lambda p, iteration, step: max(0.0, 1 - iteration / p.max_iter) ** p.power,
    "sigmoid": lambda p, iteration, step: (1 + math.tanh(p.gamma * (iteration - p.stepsize) / 2)) / 2,
}


def check(param: Any) -> None:
    """SolverError where the settings of a SolverParameter's policy cannot be."""
    policy = param.lr_policy
    if policy not in _FACTORS:
        raise SolverError(f"lr_policy is '{policy}', expected one of {', '.join(_FACTORS)}")
    if policy in ("step", "sigmoid") and param.stepsize <= 0:
        raise SolverError(f"stepsize is {param.stepsize}, but lr_policy '{policy}' needs one above 0")
    if policy not in ("fixed", "poly") and param.gamma < 0:
        raise SolverError(f"gamma is {param.gamma:g}, but lr_policy '{policy}' needs 0 or more")
    if policy == "poly" and param.max_iter <= 0:
        raise SolverError(f"max_iter is {param.max_iter}, but lr_policy 'poly' needs one above 0")


def next_step(param: Any, iteration: int, step: int) -> int:
    """The number of steps taken in this iteration, where `step` were in the one before; kept in the solverstate."""
    if param.lr_policy == "step":
        return iteration // param.stepsize
    if param.lr_policy == "multistep" and step < len(param.stepvalue) and iteration >= param.stepvalue[step]:
        log.info(f"MultiStep Status: Iteration {iteration}, step = {step + 1}")
        return step + 1
    return step


def learning_rate(param: Any, iteration: int, step: int) -> float:
    """The rate of an iteration, `step` as `next_step` gave it. Infinite where the settings let it grow that far."""
    try:
        return param.base_lr * _FACTORS[param.lr_policy](param, iteration, step)
    except OverflowError:
        return math.inf
