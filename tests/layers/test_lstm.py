"""LSTM against its equations spelled out; what LSTM and RNN share is in test_recurrent.py."""

import numpy as np

from cafflite.layers import _recurrence
from cafflite.proto import caffe_pb2
from tests.gradient_check import build, check

CONT = np.array([[0.0, 1], [1, 0], [1, 1]])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_equations() -> None:
    text = 'type: "LSTM" recurrent_param { num_output: 4 }'
    layer, bottom, top = build(text, [(3, 2, 5), CONT, (2, 3)], caffe_pb2.TEST)
    w_x, b, w_static, w_h = [blob.data for blob in layer.blobs]
    assert [w.shape for w in (w_x, b, w_static, w_h)] == [(16, 5), (16,), (16, 3), (16, 4)]
    h, c = np.full((2, 4), 0.3), np.full((2, 4), -0.4)
    layer.h, layer.c = h, c
    layer.forward(bottom, top)
    for x, keep, found in zip(bottom[0].data, CONT[:, :, None], top[0].data, strict=True):
        i, f, o, g = np.split(x @ w_x.T + b + bottom[2].data @ w_static.T + keep * h @ w_h.T, 4, axis=1)
        c = sigmoid(f) * keep * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(found, h, rtol=1e-12)
    np.testing.assert_allclose(layer.h, h, rtol=1e-12)
    np.testing.assert_allclose(layer.c, c, rtol=1e-12)


def test_peepholes() -> None:
    text = 'type: "LSTM" recurrent_param { num_output: 4 peephole: true }'
    layer, bottom, top = build(text, [(3, 2, 5), CONT])
    w_x, b, w_h, w_c = [blob.data for blob in layer.blobs]
    assert w_c.shape == (3, 4)
    h, c = np.full((2, 4), 0.3), np.full((2, 4), -0.4)
    layer.h, layer.c = h, c
    layer.forward(bottom, top)
    for x, keep, found in zip(bottom[0].data, CONT[:, :, None], top[0].data, strict=True):
        i, f, o, g = np.split(x @ w_x.T + b + keep * h @ w_h.T, 4, axis=1)
        before = keep * c
        c = sigmoid(f + w_c[1] * before) * before + sigmoid(i + w_c[0] * before) * np.tanh(g)
        h = sigmoid(o + w_c[2] * c) * np.tanh(c)
        np.testing.assert_allclose(found, h, rtol=1e-12)
    np.testing.assert_allclose(layer.c, c, rtol=1e-12)


def test_gradients_with_peepholes_do_not_depend_on_the_pieces(monkeypatch) -> None:
    monkeypatch.setattr(_recurrence, "ROWS", 4)
    check('type: "LSTM" recurrent_param { num_output: 3 peephole: true }', [(3, 2, 5), CONT, (2, 2)])


def test_fillers() -> None:
    """weight_filler for all weights, bias_filler for the bias."""
    text = """name: "r" type: "LSTM" bottom: "x" bottom: "cont" top: "h" recurrent_param { num_output: 4
              weight_filler { type: "constant" value: 2 } bias_filler { type: "constant" value: 3 } }"""
    layer, _, _ = build(text + "param { lr_mult: 0 }" * 4, [(3, 2, 5), CONT, (2, 3)])
    assert [set(blob.data.ravel()) for blob in layer.blobs] == [{2}, {3}, {2}, {2}]
