"""Arguments, by name, for every operation that has a kernel: sizes as they are in the nets that speed.py times."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cafflite.backend.ops import Ops
from cafflite.backend.window import Window

Arguments = dict[str, Any]

rng = np.random.default_rng(0)
ELEMENTS = 1_000_000
STEPS, STREAMS, INPUTS, HIDDEN = 20, 50, 32, 256


def normal(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32)


def positive(*shape: int) -> np.ndarray:
    return rng.random(shape, np.float32)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def whole(limit: int, *shape: int) -> np.ndarray:
    return rng.integers(0, limit, shape)


def square(kernel: int, stride: int = 1, pad: int = 0) -> Window:
    return Window(*((n, n) for n in (kernel, stride, pad, 1)))


def elements(*arrays: str, **more: float) -> Arguments:
    return {name: normal(ELEMENTS) for name in arrays} | {"out": zeros(ELEMENTS)} | more


def matrices(rows: int, inner: int, columns: int) -> Arguments:
    return {"a": normal(rows, inner), "b": normal(inner, columns), "out": zeros(rows, columns)}


def indicators() -> Arguments:
    def refuse(*_: np.ndarray) -> None:
        raise AssertionError("they are 0 or 1")

    return {"x": whole(2, 12500).astype("f"), "refuse": refuse}


def channels(*arrays: str, out: int | None = None, **of_each: np.ndarray) -> Arguments:
    shape = 8, 64, 56 * 56
    return {name: normal(*shape) for name in arrays} | of_each | {"out": zeros(out) if out else zeros(*shape)}


def sequence(gates: int, top: str = "top") -> Arguments:
    """Of a recurrent operation, with so many gates; all streams go on."""
    h, width = HIDDEN, gates * HIDDEN
    return {
        "weight_x": normal(width, INPUTS) / 16, "weight_h": normal(width, h) / 16,
        "bias_h": normal(h), "offset": normal(1, width), "cont": np.ones((STEPS, STREAMS), "f"),
        "seen": normal(STEPS + 1, STREAMS, INPUTS + h), "cells": normal(STEPS + 1, STREAMS, h),
        "gates": positive(STEPS, STREAMS, width), "part": normal(STEPS, STREAMS, h),
        top: np.tanh(normal(STEPS, STREAMS, h)), "top_diff": normal(STEPS, STREAMS, h), "threshold": 0.0,
        "dh": normal(STREAMS, h), "dc": normal(STREAMS, h), "diff": zeros(STEPS, STREAMS, width),
        "diff_h": zeros(STEPS, STREAMS, width), "dx": zeros(STEPS, STREAMS, INPUTS),
        "scratch": zeros(STREAMS + INPUTS + h, width),
    }  # fmt: skip


def gru_backward() -> Arguments:
    given = sequence(gates=3)
    return given | {"seen": given["seen"][:STEPS].copy()}


def unit() -> Arguments:
    given = sequence(gates=4)
    of_step = {name: given[name][0] for name in ("gates", "cont", "top", "diff")}
    return given | of_step | {"before": given["cells"][0], "cell": given["cells"][1]}


def labels() -> Arguments:
    """Of ctc_loss: 60 steps of 16 sequences of 20 labels, from 40 classes of which the last is the blank."""
    log_prob = normal(60, 16, 40).astype(np.float64)
    log_prob -= np.log(np.exp(log_prob).sum(2, keepdims=True))
    states = np.full((16, 41), 39)
    states[:, 1::2] = whole(39, 16, 20)
    passes = np.zeros(states.shape, bool)
    passes[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    return {
        "log_prob": log_prob, "states": states, "passes": passes, "steps": np.full(16, 60), "counts": np.full(16, 41),
        "loss": np.zeros(16), "expected": np.zeros(log_prob.shape),
    }  # fmt: skip


def pooled(**more: Any) -> Arguments:
    """Of a pooling by 3 x 3 with stride 2, as after the first convolution of CaffeNet."""
    x, out = (10, 96, 55, 55), (10, 96, 27, 27)
    return {
        "x": positive(*x), "window": square(3, 2), "out": zeros(*out), "random": positive(*out),
        "x_diff": zeros(*x), "out_diff": normal(*out), "mask": np.zeros(out, np.int32),
    } | more  # fmt: skip


def chosen() -> Arguments:
    """Of max_pool_backward: a mask as max_pool leaves it."""
    given = pooled()
    Ops(np, "float32").max_pool(*[given[name] for name in ("x", "window", "out", "mask")])
    return given


def normalised() -> Arguments:
    shape = 10, 96, 27, 27
    return {
        "x": normal(*shape), "size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0, "axes": (1,),
        "scale": 1 + positive(*shape), "out": normal(*shape), "out_diff": normal(*shape), "x_diff": zeros(*shape),
    }  # fmt: skip


def columns() -> Arguments:
    """Of the second convolution of LeNet, batch 64."""
    return {"x": normal(64, 20, 12, 12), "columns": normal(64, 500, 8, 8), "window": square(5)}


def updated(**numbers: float) -> Arguments:
    arrays = "data", "diff", "history", "gradients", "updates", "mean", "square"
    usual = {"scale": 1.0, "l1": 0.0, "l2": 5e-4, "rate": 0.01, "delta": 1e-8}
    return {name: positive(ELEMENTS) for name in arrays} | usual | numbers


# Each is made when it is wanted: all together take much memory.
CASES: dict[str, Callable[[], Arguments]] = {
    "copy": lambda: elements("x"),
    "clear": lambda: elements(),
    "add": lambda: elements("a", "b"),
    "matmul": lambda: matrices(64, 800, 500),
    "add_matmul": lambda: matrices(500, 64, 800),
    "require_indices": lambda: indicators() | {"count": 2, "ignored": None},
    "require_binary": indicators,
    "add_row_sum": lambda: {"x": normal(12500, 256), "out": zeros(256)},
    "take_rows": lambda: {"table": normal(47, 32), "index": whole(47, 12500), "out": zeros(12500, 32)},
    "add_to_rows": lambda: {"rows": normal(12500, 32), "index": whole(47, 12500), "table": zeros(47, 32)},
    "channel_affine": lambda: channels("x", "kept", scale=normal(64), bias=normal(64)) | {"slope": 0.1},
    "add_channel_dot": lambda: channels("a", "b", out=64),
    "channel_moments": lambda: channels("x", mean=zeros(64), variance=zeros(64)),
    "channel_affine_backward": lambda: (
        channels("dy", "x", "y", scale=normal(64), inverse=positive(64))
        | {"slope": 0.0, "by_batch": False, "ds": zeros(64), "db": zeros(64)}
    ),
    "channel_batch_norm": lambda: (
        channels("x", "normalized", scale=normal(64), bias=normal(64))
        | {"eps": 1e-5, "slope": 0.0, "mean": zeros(64), "variance": zeros(64), "inverse": zeros(64)}
    ),
    "channel_normalize": lambda: channels("x", mean=normal(64), inverse=positive(64)),
    "channel_normalize_backward": lambda: channels("dy", "y", inverse=positive(64)),
    "prelu": lambda: channels("x", slope=positive(64)),
    "prelu_backward": lambda: channels("dy", "x", slope=positive(64)),
    "ctc_loss": labels,
    "relu": lambda: elements("x", slope=0.0),
    "relu_of_sum": lambda: elements("a", "b", slope=0.0),
    "relu_backward": lambda: elements("dy", "x", slope=0.0),
    "elu": lambda: elements("x", alpha=1.0),
    "elu_backward": lambda: elements("dy", "x", "y", alpha=1.0),
    "tanh": lambda: elements("x"),
    "tanh_backward": lambda: elements("dy", "y"),
    "sigmoid": lambda: elements("x"),
    "sigmoid_backward": lambda: elements("dy", "y"),
    "dropout": lambda: elements("x", ratio=0.5, seed=1, step=1),
    "softmax": lambda: {"x": normal(12500, 47, 1), "out": zeros(12500, 47, 1)},
    "lstm_unit": unit,
    "lstm_unit_backward": unit,
    "lstm": lambda: sequence(gates=4),
    "lstm_backward": lambda: sequence(gates=4),
    "rnn": lambda: sequence(gates=1, top="hidden"),
    "rnn_backward": lambda: sequence(gates=1, top="hidden"),
    "gru": lambda: sequence(gates=3),
    "gru_backward": gru_backward,
    "im2col": lambda: columns() | {"out": zeros(64, 500, 8, 8)},
    "col2im": lambda: columns() | {"out": zeros(64, 20, 12, 12)},
    "add_channel_sum": lambda: {"x": normal(64, 20, 24, 24), "out": zeros(20)},
    "max_pool": pooled,
    "max_pool_backward": chosen,
    "average_pool": pooled,
    "average_pool_backward": pooled,
    "stochastic_pool": pooled,
    "lrn": normalised,
    "lrn_backward": normalised,
    "norm": lambda: {"x": normal(ELEMENTS)},
    "update_sgd": lambda: updated(momentum=0.9),
    "update_nesterov": lambda: updated(momentum=0.9),
    "update_adagrad": updated,
    "update_rmsprop": lambda: updated(decay=0.98),
    "update_adadelta": lambda: updated(decay=0.95, delta=1e-6),
    "update_adam": lambda: updated(beta1=0.9, beta2=0.999),
}

# Of ops.convolution: the shape of x, the outputs, the window, the groups.
CONVOLUTIONS: dict[str, tuple[tuple[int, ...], int, Window, int]] = {
    "im2col": ((64, 20, 12, 12), 50, square(5), 1),
    "1x1": ((4, 128, 28, 28), 128, square(1), 1),
    "depthwise": ((4, 128, 28, 28), 128, square(3, pad=1), 128),
    "winograd": ((4, 128, 28, 28), 128, square(3, pad=1), 1),
}


def convolved(shape: tuple[int, ...], outputs: int, window: Window, group: int) -> Arguments:
    """What a convolution, with a ReLU behind it, and its gradients take."""
    y = shape[0], outputs, *window.positions(shape[2:])
    return {
        "x": normal(*shape), "w": normal(outputs, shape[1] // group, *window.kernel), "bias": normal(outputs),
        "scale": normal(outputs), "slope": 0.0, "y": normal(*y),
    }  # fmt: skip
