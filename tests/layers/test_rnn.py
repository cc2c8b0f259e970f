"""RNN against its equations spelled out; what LSTM and RNN share is in test_recurrent.py."""

import numpy as np

from tests.gradient_check import build

CONT = np.array([[0.0, 1], [1, 0], [1, 1]])


def test_equations() -> None:
    layer, bottom, top = build('type: "RNN" recurrent_param { num_output: 4 }', [(3, 2, 5), CONT, (2, 3)])
    w_x, b, w_static, w_h, w_o, b_o = [blob.data for blob in layer.blobs]
    assert [w.shape for w in (w_x, b, w_static, w_h, w_o, b_o)] == [(4, 5), (4,), (4, 3), (4, 4), (4, 4), (4,)]
    h = np.full((2, 4), 0.3)
    layer.h = h
    layer.forward(bottom, top)
    for x, keep, found in zip(bottom[0].data, CONT[:, :, None], top[0].data, strict=True):
        h = np.tanh(x @ w_x.T + b + bottom[2].data @ w_static.T + keep * h @ w_h.T)
        np.testing.assert_allclose(found, np.tanh(h @ w_o.T + b_o), rtol=1e-12)
    np.testing.assert_allclose(layer.h, h, rtol=1e-12)


def test_fillers() -> None:
    """weight_filler for all weights, bias_filler for both biases."""
    text = """type: "RNN" recurrent_param { num_output: 4
              weight_filler { type: "constant" value: 2 } bias_filler { type: "constant" value: 3 } }"""
    layer, _, _ = build(text + "param { lr_mult: 0 }" * 6, [(3, 2, 5), CONT, (2, 3)])
    assert [set(blob.data.ravel()) for blob in layer.blobs] == [{2}, {3}, {2}, {2}, {2}, {3}]
