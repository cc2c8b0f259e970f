"""The gradients of layers on a CuPy device, by the kernels in float64, against differences of their forward passes."""

import numpy as np
import pytest

from tests.device_twins import device_ops
from tests.gradient_check import build
from tests.layer_cases import CASES, Case

pytestmark = pytest.mark.gpu
SAMPLE = [  # the layers that have kernels of their own
    *("BatchNorm", "Bias", "Convolution", "Deconvolution", "Dropout", "ELU", "Embed", "GRU", "Im2col", "InnerProduct"),
    *("LRN", "LSTM", "LSTMUnit", "Pooling", "PReLU", "ReLU", "RNN", "Scale", "Sigmoid", "Softmax", "SoftmaxWithLoss"),
    *("SPP", "TanH"),
]
STEP = 1e-6
CHOSEN = [
    pytest.param(name, case, id=f"{name}-{i}") for name in SAMPLE for i, case in enumerate(CASES[name]) if case.gradient
]


@pytest.mark.parametrize(("name", "case"), CHOSEN)
def test_gradient(name, case: Case):
    ops = device_ops("float64")
    layer, bottom, top = build(f'type: "{name}" {case.text}', case.bottoms(2), case.phase, case.tops, ops)
    _ = layer.rng  # random layers draw from it, so it has to be part of the state
    rng, state = np.random.default_rng(1), layer.state()
    wanted = list(case.propagate_down or [layer.allow_force_backward(i) for i in range(len(bottom))])
    kept = [blob.data.copy() for blob in layer.blobs]

    def forward() -> list[np.ndarray]:
        """The tops, from the first state, which some layers keep in blobs that are not learned."""
        layer.restore(state)
        for blob, before, learned in zip(layer.blobs, kept, layer.param_propagate_down, strict=True):
            if not learned:
                blob.data[...] = before
        layer.forward(bottom, top)
        return [ops.to_host(blob.data).copy() for blob in top]

    if layer.reshape_every_forward:
        layer.reshape(bottom, top)
    forward()
    diffs = [rng.standard_normal(blob.shape) for blob in top]
    for blob, diff in zip(top, diffs, strict=True):
        blob.diff[...] = ops.xp.asarray(diff)
    for blob in layer.blobs:
        blob.diff[...] = 0
    layer.backward(top, wanted, bottom)
    asked = [blob for blob, is_wanted in zip(bottom, wanted, strict=True) if is_wanted]
    asked += [blob for blob, is_learned in zip(layer.blobs, layer.param_propagate_down, strict=True) if is_learned]
    assert asked
    for blob in asked:
        direction = ops.xp.asarray(rng.standard_normal(blob.shape))
        slope, before, change = float((blob.diff * direction).sum()), blob.data.copy(), 0.0
        for sign in (1, -1):
            blob.data[...] = before + sign * STEP * direction
            change += sign * sum((array * diff).sum() for array, diff in zip(forward(), diffs, strict=True))
        blob.data[...] = before
        assert slope == pytest.approx(change / (2 * STEP), rel=1e-5, abs=1e-7)
