"""The recurrent kernels against their readable twins in float64."""

import math

import numpy as np
import pytest

from cafflite.backend import numpy_recurrent, pool
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops

# (T, N, I, H): few weights, all in one kernel; a wide input before it; input and hidden values apart; joined.
SHAPES = [
    (1, 1, 1, 1), (5, 1, 1, 15), (7, 3, 4, 6), (3, 2, 17, 33), (4, 3, 3000, 8),
    (1, 1, 40, 200), (9, 5, 60, 101), (9, 70, 21, 97),
]  # fmt: skip


def test_the_largest_h_of_one_kernel_has_its_place():
    from cafflite.backend import kernels_recurrent as kernels

    h = math.isqrt(numpy_recurrent.SMALL // 4)  # weights of a stream's hidden values alone
    assert -(-h // kernels.VECTOR) * kernels.VECTOR <= kernels.MOST


def given(shape, seed=0, static=False):
    """The arrays of a sequence before its walk, float32. Streams begin in the middle, and one only half goes on."""
    steps, streams, inputs, h = shape
    rng = np.random.default_rng(seed)

    def random(*size):
        return rng.uniform(-0.5, 0.5, size).astype(np.float32)

    cont = (rng.random((steps, streams)) < 0.7).astype(np.float32)
    cont[0, 0] = 0.5
    return {
        "weight_x": random(4 * h, inputs) / np.sqrt(inputs + h, dtype="f"),
        "weight_h": random(4 * h, h) * 2 / np.sqrt(h, dtype="f"),
        "offset": random(streams if static else 1, 4 * h), "cont": cont,
        "seen": random(steps + 1, streams, inputs + h), "cells": random(steps + 1, streams, h),
        "gates": random(steps, streams, 4 * h), "top": random(steps, streams, h),
        "top_diff": random(steps, streams, h), "dh": random(streams, h), "dc": random(streams, h),
        "diff": random(steps, streams, 4 * h), "dx": random(steps, streams, inputs),
        "scratch": random(streams + inputs + h, 4 * h),
    }  # fmt: skip


def call(operation, arrays, *names):
    operation(*[arrays.get(name) if isinstance(name, str) else name for name in names])


def lstm(ops, a):
    call(ops.lstm, a, "weight_x", "weight_h", "offset", "cont", "seen", "cells", "gates", "top", "scratch")


def lstm_backward(ops, a, threshold=0.0):
    names = "weight_x", "weight_h", "cont", "cells", "gates", "top_diff", threshold, "dh", "dc", "diff", "dx", "scratch"
    call(ops.lstm_backward, a, *names)


def rnn_arrays(shape):
    a = given(shape)
    for name in ("weight_x", "weight_h", "offset", "scratch", "diff"):
        a[name] = np.ascontiguousarray(np.split(a[name], 4, axis=0 if name.startswith("w") else -1)[0])
    return a


def rnn(ops, a):
    call(ops.rnn, a, "weight_x", "weight_h", "offset", "cont", "seen", "top", "scratch")


def rnn_backward(ops, a):
    call(ops.rnn_backward, a, "weight_x", "weight_h", "cont", "top", "dh", "diff", "dx")


def gru_arrays(shape):
    """As `given`, with three gates for four."""
    a = given(shape)
    h = shape[3]
    for name in ("weight_x", "weight_h"):
        a[name] = a[name][: 3 * h].copy()
    for name in ("offset", "gates", "diff", "scratch"):
        a[name] = a[name][..., : 3 * h].copy()
    return a | {"bias_h": a["offset"][0, :h].copy(), "part": a["top"].copy(), "diff_h": a["diff"].copy()}


def gru(ops, a):
    call(ops.gru, a, "weight_x", "weight_h", "bias_h", "offset", "cont", "seen", "gates", "part", "top", "scratch")


def gru_backward(ops, a):
    names = "weight_x", "weight_h", "cont", "seen", "gates", "part", "top_diff", "dh", "diff", "diff_h", "dx", "scratch"
    steps = len(a["cont"])
    call(ops.gru_backward, a | {"seen": a["seen"][:steps]}, *names)


def double(arrays):
    return {name: None if array is None else array.astype(np.float64) for name, array in arrays.items()}


def assert_close(found, expected, names):
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=2e-5, atol=5e-6, err_msg=name)


@pytest.fixture
def ops():
    return NumpyOps()


@pytest.fixture
def twin():
    return Ops(np, "float64")


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_lstm(shape, static, ops, twin) -> None:
    a = given(shape, static=static)
    b = double(a)
    lstm(ops, a)
    lstm(twin, b)
    assert_close(a, b, ["seen", "cells", "gates", "top"])


@pytest.mark.parametrize("threshold", [0.0, 0.02])
@pytest.mark.parametrize("wants_dx", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_lstm_backward(shape, wants_dx, threshold, ops, twin) -> None:
    a = given(shape)
    lstm(ops, a)
    if not wants_dx:
        a["dx"] = None
    b = double(a)
    lstm_backward(ops, a, threshold)
    lstm_backward(twin, b, threshold)
    assert_close(a, b, ["diff", "dh", "dc", *(["dx"] if wants_dx else [])])
    if threshold:
        assert np.abs(a["diff"]).max() == np.float32(threshold)


@pytest.mark.parametrize("shape", SHAPES)
def test_rnn(shape, ops, twin) -> None:
    a = rnn_arrays(shape)
    b = double(a)
    for one, arrays in ((ops, a), (twin, b)):
        rnn(one, arrays)
        rnn_backward(one, arrays)
    assert_close(a, b, ["seen", "top", "diff", "dh", "dx"])


@pytest.mark.parametrize("wants_dx", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_gru(shape, wants_dx, ops, twin) -> None:
    a = gru_arrays(shape)
    b = double(a)
    for one, arrays in ((ops, a), (twin, b)):
        gru(one, arrays)
        if not wants_dx:
            arrays["dx"] = None
        gru_backward(one, arrays)
    assert_close(a, b, ["seen", "gates", "part", "top", "diff", "diff_h", "dh", *(["dx"] if wants_dx else [])])


@pytest.mark.parametrize("shape", [(1, 1, 0, 1), (1, 9, 0, 37)])
def test_lstm_unit(shape, ops, twin) -> None:
    a = given(shape)
    b = double(a)
    for one, x in ((ops, a), (twin, b)):
        one.lstm_unit(x["gates"][0], x["cont"][0], x["cells"][0], x["cells"][1], x["top"][0])
        one.lstm_unit_backward(
            x["gates"][0], x["cont"][0], x["cells"][0], x["cells"][1], x["dh"], x["dc"], 0.05, x["diff"][0]
        )
    assert_close(a, b, ["gates", "cells", "top", "dc", "diff"])


@pytest.mark.parametrize("walk", [lstm, lstm_backward])
@pytest.mark.parametrize("shape", [(40, 7, 3, 20), (20, 3, 3000, 20)])
def test_streams_do_not_depend_on_threads(shape, walk, ops, monkeypatch) -> None:
    """Where no product of the BLAS has part in it, to the bit."""
    monkeypatch.setattr(numpy_recurrent, "SERIAL", 1)
    results = []
    for threads in (1, 2):
        monkeypatch.setattr(pool, "threads", lambda threads=threads: threads)
        arrays = given(shape)
        walk(ops, arrays)
        results.append(arrays)
    if walk is lstm and shape[2] == 3000:
        assert_close(*results, ["gates", "top"])
        return
    for name in ("seen", "cells", "gates", "top", "dh", "dc", "diff"):
        np.testing.assert_array_equal(results[0][name], results[1][name], err_msg=name)


@pytest.mark.parametrize("shape", [(9, 5, 60, 101), (9, 70, 21, 97)])
def test_products_on_two_threads(shape, ops, monkeypatch) -> None:
    results = []
    for threads in (1, 2):
        monkeypatch.setattr(pool, "threads", lambda threads=threads: threads)
        arrays = given(shape)
        lstm(ops, arrays)
        lstm_backward(ops, arrays)
        results.append(arrays)
    assert_close(*results, ["seen", "gates", "top", "diff", "dx", "dh", "dc"])


def test_nan_is_not_lost(ops) -> None:
    arrays = given((3, 2, 4, 6))
    arrays["seen"][0, 0, 0] = np.nan
    lstm(ops, arrays)
    assert np.isnan(arrays["top"][0, 0]).all() and not np.isnan(arrays["top"][0, 1]).any()
