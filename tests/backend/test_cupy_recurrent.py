"""Recurrent layers on a CuPy device, held to their portable twins in float64 by the same sequences as the CPU's."""

import numpy as np
import pytest

from tests.backend import test_recurrent_ops as same
from tests.device_twins import device_ops

pytestmark = pytest.mark.gpu
SHAPES = [(1, 1, 1, 1), (5, 1, 1, 15), (7, 3, 4, 6), (3, 2, 17, 33), (2, 9, 5, 57), (3, 16, 2, 16)]
CASES = {
    "lstm": (same.given, same.lstm, same.lstm_backward),
    "rnn": (same.rnn_arrays, same.rnn, same.rnn_backward),
    "gru": (same.gru_arrays, same.gru, same.gru_backward),
}
MADE = ("seen", "cells", "gates", "part", "top", "dh", "dc", "diff", "diff_h", "dx")


@pytest.fixture
def ops():
    return device_ops()


def on_device(ops, arrays):
    return {name: None if array is None else ops.xp.asarray(array) for name, array in arrays.items()}


def assert_equal(ops, found, expected):
    for name in MADE:
        if expected.get(name) is not None:
            np.testing.assert_allclose(ops.to_host(found[name]), expected[name], rtol=2e-5, atol=5e-6, err_msg=name)


def check(ops, kind, arrays, *backward):
    """Both directions; the one backward over the last steps first and then over those before, as the layers do it."""
    _, walk, walk_back = CASES[kind]
    found, expected = on_device(ops, arrays), same.double(arrays)
    for one, sides in ((ops, found), (same.Ops(np, "float64"), expected)):
        walk(one, sides)
        walk_back(one, sides, *backward)
    assert_equal(ops, found, expected)


@pytest.mark.parametrize("wants_dx", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", CASES)
def test_a_sequence(ops, kind, shape, wants_dx):
    arrays = CASES[kind][0](shape)
    check(ops, kind, arrays if wants_dx else arrays | {"dx": None})


@pytest.mark.parametrize("kind", CASES)
def test_an_offset_for_each_stream(ops, kind):
    arrays = CASES[kind][0]((4, 3, 5, 7))
    arrays["offset"] = np.random.default_rng(3).standard_normal((3, arrays["offset"].shape[1])).astype("f")
    check(ops, kind, arrays)


def test_a_limit_on_the_gradients_of_the_gates(ops):
    arrays = same.given((4, 3, 5, 7))
    check(ops, "lstm", arrays, 0.02)


@pytest.mark.parametrize("shape", [(1, 1, 0, 1), (1, 9, 0, 37)])
def test_lstm_unit(ops, shape):
    arrays = same.given(shape)
    found, expected = on_device(ops, arrays), same.double(arrays)
    for one, a in ((ops, found), (same.Ops(np, "float64"), expected)):
        unit = a["gates"][0], a["cont"][0], a["cells"][0], a["cells"][1]
        one.lstm_unit(*unit, a["top"][0])
        one.lstm_unit_backward(*unit, a["dh"], a["dc"], 0.05, a["diff"][0])
    assert_equal(ops, found, expected)


def test_float64(ops):
    ops = device_ops("float64")
    for kind, (given, _, _) in CASES.items():
        check(ops, kind, same.double(given((3, 2, 4, 5))))


def test_a_step_is_one_kernel_each_way(ops):
    counted = pytest.importorskip("cupy_on_cpu", reason="a GPU does not count launches").counted
    made = {}
    for steps in (3, 13):
        for kind, (given, walk, walk_back) in CASES.items():
            arrays = on_device(ops, given((steps, 2, 4, 5)))
            with counted() as counts:
                walk(ops, arrays)
                walk_back(ops, arrays)
            made[kind, steps] = counts["launches"]
    assert {kind: made[kind, 13] - made[kind, 3] for kind in CASES} == {kind: 20 for kind in CASES}
