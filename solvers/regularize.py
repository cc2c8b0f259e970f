"""Weight decay: the term that the solver's `regularization_type` adds to a gradient."""

from typing import Any

from cafflite.errors import SolverError

_FACTORS = {"L1": (1.0, 0.0), "L2": (0.0, 1.0)}


def check(param: Any) -> None:
    """SolverError for a regularization_type that does not exist, where there is weight decay."""
    if param.weight_decay and param.regularization_type not in _FACTORS:
        raise SolverError(
            f"regularization_type is '{param.regularization_type}', expected one of {', '.join(_FACTORS)}"
        )


def decay(param: Any, decay_mult: float) -> tuple[float, float]:
    """The factors (l1, l2) of l1 sign(w) + l2 w, for the parameters of one decay_mult."""
    if not param.weight_decay:
        return 0.0, 0.0
    l1, l2 = _FACTORS[param.regularization_type]
    return l1 * param.weight_decay * decay_mult, l2 * param.weight_decay * decay_mult
