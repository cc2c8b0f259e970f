"""GRU against its equations spelled out; what LSTM, RNN and GRU share is in test_recurrent.py."""

import numpy as np

from tests.gradient_check import build

CONT = np.array([[0.0, 1], [1, 0], [1, 1]])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_equations() -> None:
    layer, bottom, top = build('type: "GRU" recurrent_param { num_output: 4 }', [(3, 2, 5), CONT, (2, 3)])
    w_x, b, w_static, w_h, b_h = [blob.data for blob in layer.blobs]
    assert [w.shape for w in (w_x, b, w_static, w_h, b_h)] == [(12, 5), (12,), (12, 3), (12, 4), (4,)]
    h = np.full((2, 4), 0.3)
    layer.h = h
    layer.forward(bottom, top)
    for x, keep, found in zip(bottom[0].data, CONT[:, :, None], top[0].data, strict=True):
        before = keep * h
        given = np.split(x @ w_x.T + b + bottom[2].data @ w_static.T, 3, axis=1)
        seen = np.split(before @ w_h.T, 3, axis=1)
        r, z = sigmoid(given[0] + seen[0]), sigmoid(given[1] + seen[1])
        n = np.tanh(given[2] + r * (seen[2] + b_h))
        h = (1 - z) * n + z * before
        np.testing.assert_allclose(found, h, rtol=1e-12)
    np.testing.assert_allclose(layer.h, h, rtol=1e-12)


def test_fillers() -> None:
    """weight_filler for all weights, bias_filler for both biases."""
    text = """type: "GRU" recurrent_param { num_output: 4
              weight_filler { type: "constant" value: 2 } bias_filler { type: "constant" value: 3 } }"""
    layer, _, _ = build(text + "param { lr_mult: 0 }" * 5, [(3, 2, 5), CONT, (2, 3)])
    assert [set(blob.data.ravel()) for blob in layer.blobs] == [{2}, {3}, {2}, {2}, {3}]
