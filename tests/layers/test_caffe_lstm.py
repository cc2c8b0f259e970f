"""Lstm, the layer of the caffe-lstm fork."""

import numpy as np
import pytest

from cafflite.errors import DataError, NetError, ShapeError
from cafflite.layers import _recurrence
from tests.gradient_check import build, check

ONE = 'type: "Lstm" lstm_param { num_output: 4 }'
TWO = 'type: "Lstm" lstm_param { num_output: 4 batch_size: 2 }'
CLIP = np.array([0.0, 1, 1, 0, 1, 1])
FIXED_W_H = " param { } param { lr_mult: 0 } param { }"


@pytest.mark.parametrize("bottoms", [[(6, 3)], [(6, 3), CLIP], [(6, 3, 2), CLIP[:, None]], [(1, 3), np.ones(1)]])
def test_gradients(bottoms) -> None:
    check(ONE, bottoms)


@pytest.mark.parametrize("rows", [1280, 4])
@pytest.mark.parametrize("bottoms", [[(6, 3)], [(6, 3), CLIP], [(6, 3), np.ones(6)]])
def test_gradients_of_two_streams(bottoms, rows, monkeypatch) -> None:
    """All but that of W_h, which the fork takes of other values than it multiplies."""
    monkeypatch.setattr(_recurrence, "ROWS", rows)
    check(TWO + FIXED_W_H, bottoms)


def test_one_stream_is_an_lstm() -> None:
    x = np.random.default_rng(0).standard_normal((6, 3))
    fork, fork_bottom, fork_top = build(ONE, [x, CLIP])
    lstm, bottom, top = build('type: "LSTM" recurrent_param { num_output: 4 }', [x[:, None], CLIP[:, None]])
    w_x, w_h, bias = [blob.data for blob in fork.blobs]
    assert [w.shape for w in (w_x, w_h, bias)] == [(16, 3), (16, 4), (16,)]
    for blob, data in zip(lstm.blobs, (w_x, bias, w_h), strict=True):
        blob.data[...] = data
    for _ in range(2):
        fork.forward(fork_bottom, fork_top)
        lstm.forward(bottom, top)
        np.testing.assert_array_equal(fork_top[0].data, top[0].data[:, 0])


def test_two_streams_share_the_hidden_values_of_the_first() -> None:
    layer, bottom, top = build(TWO, [(6, 3), np.ones(6)])
    assert top[0].shape == (6, 4)
    layer.h = np.random.default_rng(0).standard_normal((2, 4))
    layer.forward(bottom, top)
    before = top[0].data.copy()
    layer.c, layer.h = 0, np.random.default_rng(0).standard_normal((2, 4))
    layer.h[1] = 9
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, before)


def test_without_clip_every_forward_begins_anew() -> None:
    layer, bottom, top = build(TWO, [(6, 3)])
    layer.forward(bottom, top)
    first = top[0].data.copy()
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, first)


@pytest.mark.parametrize("odd", [-0.3, 2, np.nan])
def test_a_clip_of_other_values_than_0_and_1(odd) -> None:
    clip = CLIP.copy()
    clip.reshape(-1)[4] = odd
    layer, bottom, top = build(ONE, [(6, 3), clip])
    with pytest.raises(DataError, match=f"its clip holds {odd:g} in row 4, expected 0 where a stream begins and 1"):
        layer.forward(bottom, top)


def test_no_time_steps() -> None:
    with pytest.raises(ShapeError, match=r"its input is \(0, 3\), expected one time step or more"):
        build(ONE, [(0, 3)])


@pytest.mark.parametrize("text, steps", [(ONE, 6), (TWO, 3)])
def test_clipping_threshold(text, steps) -> None:
    """No gate's gradient is beyond it at any step, so the bias's is not beyond their sum."""
    layer, bottom, top = build(text.replace("4", "4 clipping_threshold: 0.01"), [(6, 3)])
    layer.forward(bottom, top)
    top[0].diff[...] = 100
    layer.blobs[2].diff[...] = 0
    layer.backward(top, [True], bottom)
    assert np.abs(layer.diff).max() == pytest.approx(0.01)
    assert 0.01 < np.abs(layer.blobs[2].diff).max() <= 0.01 * 6 + 1e-12


@pytest.mark.parametrize(
    "text, bottoms, error, message",
    [
        (TWO, [(5, 3)], ShapeError, r"\(5, 3\), expected the first axis to be a multiple of batch_size 2"),
        (ONE, [(6, 3), (3, 1)], ShapeError, r"its clip is \(3, 1\), expected one value for each row"),
        (ONE.replace("4", "4 batch_size: 0"), [(6, 3)], NetError, "batch_size is 0, expected 1 or more"),
        ('type: "Lstm"', [(6, 3)], NetError, "num_output is 0, expected 1 or more"),
    ],
)
def test_mistakes(text, bottoms, error, message) -> None:
    with pytest.raises(error, match=message):
        build(text, bottoms)


def test_input_of_another_width() -> None:
    layer, bottom, top = build(ONE, [(6, 3)])
    bottom[0].reshape(6, 2)
    with pytest.raises(ShapeError, match=r"its input \(6, 2\) has 2 values a row, and its weights were made for 3"):
        layer.reshape(bottom, top)
