"""In place, every layer computes what it computes beside, forward and backward."""

import numpy as np
import pytest

import cafflite

LAYERS = [
    'type: "BNLL"',
    'type: "Clip" clip_param { min: 0.5 max: 1.5 }',
    'type: "ELU" elu_param { alpha: 0.5 }',
    'type: "Exp" exp_param { base: 2 scale: -1 shift: 0.5 }',
    'type: "Log" log_param { base: 10 scale: 2 shift: 1 }',
    'type: "Power" power_param { power: 1.5 scale: 2 shift: 1 }',
    'type: "PReLU"',
    'type: "PReLU" prelu_param { channel_shared: true }',
    'type: "ReLU"',
    'type: "ReLU" relu_param { negative_slope: 0.5 }',
    'type: "Sigmoid"',
    'type: "Softmax" softmax_param { axis: 2 }',
    'type: "Swish" swish_param { beta: 2 }',
    'type: "TanH"',
    'type: "Bias" bias_param { filler { type: "constant" value: 2 } }',
    'type: "Scale" scale_param { bias_term: true filler { type: "constant" value: 2 } }',
    'type: "BatchNorm"',
    'type: "BatchNorm" batch_norm_param { use_global_stats: true eps: 0.1 }',
    'type: "MVN"',
    'type: "MVN" mvn_param { normalize_variance: false across_channels: true }',
]


def run(layer: str, top: str) -> list[np.ndarray]:
    """The top, the gradient of the input and those of the parameters."""
    net = cafflite.Net(
        'force_backward: true layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [4, 3, 2, 5] } } }'
        f'layer {{ name: "y" bottom: "x" top: "{top}" {layer} }}'
    )
    rng = np.random.default_rng(0)
    x, dy = rng.uniform(0, 2, (4, 3, 2, 5)), rng.standard_normal((4, 3, 2, 5))
    if "LU" in layer:
        x -= 1
    net.blobs["x"].data[...] = x
    net.forward()
    y = net.blobs[top].data.copy()
    net.blobs[top].diff[...] = dy
    net.clear_param_diffs()
    net.backward()
    return [y, net.blobs["x"].diff, *[blob.diff for blob in net.params.get("y", [])]]


@pytest.mark.parametrize("layer", LAYERS)
def test_in_place(layer):
    for beside, in_place in zip(run(layer, "y"), run(layer, "x"), strict=True):
        np.testing.assert_array_equal(in_place, beside)
