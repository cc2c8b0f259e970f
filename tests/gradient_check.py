"""Any layer's backward pass against finite differences of its forward pass, in float64.

    check('type: "InnerProduct" inner_product_param { num_output: 3 }', [(4, 5)])

A bottom is an array, or a shape to fill at random. `build` alone gives a layer with its blobs, ready to run.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf import text_format

from cafflite.backend.ops import Ops
from cafflite.blob import Blob
from cafflite.host_blob import blob_on_host, flush
from cafflite.layers.base import Layer, registry
from cafflite.proto import caffe_pb2

STEP = 1e-5
FLOOR = 1e-3  # gradients smaller than this are compared absolutely
TOLERANCE = 1e-6


def build(
    prototxt: str,
    bottoms: Sequence[np.ndarray | tuple[int, ...]],
    phase: int = caffe_pb2.TRAIN,
    tops: int | None = None,
    ops: Ops | None = None,
    seed: int = 0,
) -> tuple[Layer, list[Blob], list[Blob]]:
    """A layer from the text of its LayerParameter, its bottoms and its tops, set up and reshaped.

    Parameters are filled at random, whatever their fillers, and their diffs are 0. A layer of variable `tops` gets the
    fewest. `ops` are float64 on NumPy by default.
    """
    rng = np.random.default_rng(seed)
    ops = ops or Ops(np, "float64")
    param = text_format.Parse(prototxt, caffe_pb2.LayerParameter())
    layer = registry[param.type](param, phase, ops, seed)
    bottom = []
    for given in bottoms:
        blob = Blob(np.shape(given) if isinstance(given, np.ndarray) else given, ops)
        blob.data[...] = ops.xp.asarray(given if isinstance(given, np.ndarray) else rng.standard_normal(given))
        bottom.append(blob)
    fewest = layer.num_top if isinstance(layer.num_top, int) else layer.num_top[0]
    if layer.equal_num_bottom_top:
        fewest = len(bottom)
    top = [Blob((), ops) for _ in range(fewest if tops is None else tops)]
    layer.check_blob_counts(len(bottom), len(top))
    layer.setup(bottom, top)
    layer.param_propagate_down = [i >= len(param.param) or param.param[i].lr_mult != 0 for i in range(len(layer.blobs))]
    for blob, learned in zip(layer.blobs, layer.param_propagate_down, strict=True):
        if learned:
            blob.data[...] = ops.xp.asarray(0.5 * rng.standard_normal(blob.shape))
    layer.reshape(bottom, top)
    return layer, bottom, top


def check(
    prototxt: str,
    bottoms: Sequence[np.ndarray | tuple[int, ...]],
    phase: int = caffe_pb2.TRAIN,
    propagate_down: Sequence[bool] | None = None,
    tops: int | None = None,
    ignored_tops: Sequence[int] = (),
    seed: int = 0,
    ops: Ops | None = None,
) -> None:
    """Hold the gradients of all bottoms that `propagate_down` names, and of all learned parameters, to 1e-6.

    By default these are the bottoms that `allow_force_backward` names. The diffs of `ignored_tops` are random too, but
    what they contribute must be nothing.

    Beside the gradients: bottoms and parameters come out of both passes as they went in; a bottom's diff is assigned
    where it is asked for and left alone where it is not; a parameter's diff is added to, and left alone where its
    gradient is not wanted. `ops`, as in `build`, are of float64.
    """
    layer, bottom, top = build(prototxt, bottoms, phase, tops, ops, seed)
    if layer.reshape_every_forward:
        layer.reshape(bottom, top)
    wanted = list(propagate_down or [layer.allow_force_backward(i) for i in range(len(bottom))])
    run = _Run(layer, bottom, top, ignored_tops, seed)

    found = run.gradients(wanted, run.learned)
    for what, blob, gradient in run.named(found):
        if gradient is not None:
            _compare(what, gradient, run.differences(blob))

    for i in [i for i, asked in enumerate(wanted) if asked]:
        alone = run.gradients([i == k for k in range(len(bottom))], [False] * len(layer.blobs))
        assert np.array_equal(alone[i], found[i]), f"the gradient of bottom {i} differs when it alone is asked for"
    run.gradients([False] * len(bottom), [False] * len(layer.blobs))


class _Run:
    """One layer with random top diffs, run again and again from the same state."""

    def __init__(
        self, layer: Layer, bottom: list[Blob], top: list[Blob], ignored_tops: Sequence[int], seed: int
    ) -> None:
        self.layer, self.bottom, self.top = layer, bottom, top
        rng = np.random.default_rng(seed + 1)
        self.top_diffs = [rng.standard_normal(blob.shape) for blob in top]
        self.counted = [i for i in range(len(top)) if i not in ignored_tops]
        self.blobs = [blob_on_host(blob) for blob in (*bottom, *layer.blobs)]
        self.top_blobs = [blob_on_host(blob) for blob in top]
        self.before = [blob.data.copy() for blob in self.blobs]
        self.params_before = self.before[len(bottom) :]
        self.learned = list(layer.param_propagate_down)
        _ = layer.rng  # random layers draw from it, so it has to be part of the state
        self.state = layer.state()

    def forward(self) -> list[np.ndarray]:
        """The tops that count, from the first state (which some layers keep in blobs that are not learned)."""
        self.layer.restore(self.state)
        for blob, before, learned in zip(self.blobs[len(self.bottom) :], self.params_before, self.learned, strict=True):
            if not learned:
                blob.data[...] = before
        flush()
        self.layer.forward(self.bottom, self.top)
        return [self.top_blobs[i].data.copy() for i in self.counted]

    def gradients(self, propagate_down: list[bool], param_propagate_down: list[bool]) -> list[np.ndarray | None]:
        """The diffs of bottoms and parameters after one forward and backward pass, None where not asked for."""
        asked = [*propagate_down, *param_propagate_down]
        rest = 7.0  # what every diff holds before
        for blob in self.blobs:
            blob.diff[...] = rest
        self.layer.param_propagate_down = list(param_propagate_down)
        self.forward()
        for blob, diff in zip(self.top_blobs, self.top_diffs, strict=True):
            blob.diff[...] = diff
        flush()
        self.layer.backward(self.top, list(propagate_down), self.bottom)
        result: list[np.ndarray | None] = []
        for i, (what, blob, before) in enumerate(self.named(self.before)):
            if i < len(self.bottom) or self.learned[i - len(self.bottom)]:
                assert np.array_equal(blob.data, before), f"{what} is changed by a forward or backward pass"
            if not asked[i]:
                assert (blob.diff == rest).all(), f"the diff of {what} is written though nobody asked for it"
            result.append(blob.diff - (rest if i >= len(self.bottom) else 0) if asked[i] else None)
        return result

    def differences(self, blob: Any) -> np.ndarray:
        """The gradient of <tops, top diffs> with respect to `blob`, by central differences."""
        gradient = np.empty(blob.shape)
        diffs = [self.top_diffs[i] for i in self.counted]
        for index in np.ndindex(blob.shape):
            value = blob.data[index]
            blob.data[index] = value + STEP
            above = self.forward()
            blob.data[index] = value - STEP
            below = self.forward()
            blob.data[index] = value
            change = sum(((a - b) * d).sum() for a, b, d in zip(above, below, diffs, strict=True))
            gradient[index] = change / (2 * STEP)
        return gradient

    def named(self, values: Sequence) -> list[tuple]:
        names = [f"bottom {i}" for i in range(len(self.bottom))]
        names += [f"parameter {i}" for i in range(len(self.layer.blobs))]
        return list(zip(names, self.blobs, values, strict=True))


def _compare(what: str, found: np.ndarray, expected: np.ndarray) -> None:
    error = np.abs(found - expected) / np.maximum(FLOOR, np.abs(found) + np.abs(expected))
    if error.size and not error.max() < TOLERANCE:
        index = np.unravel_index(np.nanargmax(error) if not np.isnan(error).all() else 0, error.shape)
        raise AssertionError(
            f"the gradient of {what} at {tuple(map(int, index))} is {found[index]:.9g}, and by finite differences "
            f"{expected[index]:.9g} (relative error {error[index]:.1e}, expected below {TOLERANCE})"
        )
