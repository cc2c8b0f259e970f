"""Every operation that has a kernel, beside its portable twin.

    python -m pytest tests/benchmarks --benchmark-only

times both, where pytest-benchmark is installed; without that flag they are only held equal.
"""

import inspect
from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.op_cases import CASES, CONVOLUTIONS, Arguments, convolved

from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops

ROUNDS = 15
SIDES = {"kernel": NumpyOps(), "twin": Ops(np, "float32")}
# what a method of a convolution writes: its argument `out`
OUT = {"convolve": "y", "deconvolve": "x", "add_weight_diff": "w"}
NAMES = [*CASES, *(f"{way} {method}" for way in CONVOLUTIONS for method in OUT)]


def arguments(name: str) -> Arguments:
    """All that the operation takes on one side or the other, by name."""
    if name in CASES:
        return CASES[name]()
    way, method = name.split()
    given = convolved(*CONVOLUTIONS[way])
    given["out"] = given.pop(OUT[method])
    return given | {"bias": None} if method == "deconvolve" else given


def function(name: str, side: str) -> Callable:
    way, _, method = name.partition(" ")
    ops = SIDES[side]
    return getattr(ops.convolution(*CONVOLUTIONS[way]), method) if method else getattr(ops, name)


def in_order(name: str, given: Arguments) -> list:
    """Copies of what the operation takes."""
    wanted = [given[argument] for argument in inspect.signature(function(name, "twin")).parameters]
    return [value.copy() if isinstance(value, np.ndarray) else value for value in wanted]


def test_every_kernel_is_here() -> None:
    compiled = {
        name
        for family in NumpyOps.__mro__
        if family.__module__.startswith("cafflite.backend.numpy_")
        for name, function in vars(family).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }
    assert compiled - {"convolution", "empty", "zeros"} == set(CASES)
    for way, shapes in CONVOLUTIONS.items():
        assert SIDES["kernel"].convolution(*shapes).algorithm == way


@pytest.mark.parametrize("name", NAMES)
def test_equal(name: str) -> None:
    given = arguments(name)
    made = {}
    for side in SIDES:
        values = in_order(name, given)
        made[side] = [function(name, side)(*values), *values]
    names = ["result", *inspect.signature(function(name, "twin")).parameters]
    for argument, found, expected in zip(names, made["kernel"], made["twin"], strict=True):
        if isinstance(expected, np.ndarray | float) and argument != "scratch":
            close = 1e-4 * np.abs(expected).max()
            np.testing.assert_allclose(found, expected, rtol=0, atol=close, err_msg=argument)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_time(name: str, side: str, benchmark) -> None:
    given = arguments(name)
    benchmark.group = name
    benchmark.pedantic(function(name, side), setup=lambda: (in_order(name, given), {}), rounds=ROUNDS, warmup_rounds=2)
