import json
import re

import numpy as np
import pytest

from cafflite.backend.numpy_ops import NumpyOps
from cafflite.errors import NetError, ShapeError
from cafflite.proto.caffe_pb2 import TEST, TRAIN
from tests.gradient_check import build, check


def text(settings: str) -> str:
    return f'type: "Pooling" pooling_param {{ {settings} }}'


@pytest.mark.parametrize("method", ["MAX", "AVE"])
@pytest.mark.parametrize(
    ("settings", "size", "top"),
    [
        ("kernel_size: 2 stride: 2", (6, 4), (3, 2)),
        ("kernel_size: 3 stride: 2", (6, 8), (3, 4)),  # the last windows are cut off
        ("kernel_size: 3 stride: 2 round_mode: FLOOR", (6, 8), (2, 3)),
        ("kernel_size: 3 stride: 2 pad: 1", (7, 5), (4, 3)),
        ("kernel_size: 2 stride: 3 pad: 1", (4, 5), (2, 2)),  # one would begin behind the plane
        ("kernel_size: 2 stride: 3", (5, 8), (2, 3)),
        ("kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 3 pad_h: 1 pad_w: 0", (4, 5), (4, 2)),
        ("kernel_size: 3", (2, 5), (0, 3)),
        ("kernel_size: 3 stride: 2", (2, 5), (1, 2)),  # larger than the plane, by less than a stride
        ("global_pooling: true", (3, 4), (1, 1)),
    ],
)
def test_gradient_and_size(method, settings, size, top):
    if 0 in top:
        with pytest.raises(ShapeError, match=r"kernel of \(3, 3\) does not fit planes of \(2, 5\)"):
            build(text(f"pool: {method} {settings}"), [(2, 2, *size)])
        return
    check(text(f"pool: {method} {settings}"), [(2, 2, *size)])
    assert build(text(settings), [(2, 2, *size)])[2][0].shape == (2, 2, *top)


def test_the_mask_is_a_second_top_and_ties_go_to_the_first():
    x = np.array([[1.0, 5, 5, 0], [5, 2, 0, 7], [0, 0, 3, 3], [0, 0, 3, 3]])[None, None]
    layer, bottom, top = build(text("kernel_size: 3 pad: 1 stride: 2 round_mode: FLOOR"), [x], tops=2)
    layer.forward(bottom, top)
    assert top[0].data.tolist() == [[[[5, 7], [5, 7]]]]
    assert top[1].data.tolist() == [[[[1, 7], [4, 7]]]]
    top[0].diff[...] = [[1, 2], [3, 4]]
    layer.backward(top, [True], bottom)
    expected = np.zeros((4, 4))
    expected[0, 1], expected[1, 0], expected[1, 3] = 1, 3, 6
    assert (bottom[0].diff == expected).all()


def test_an_average_counts_the_padding_but_not_what_is_beyond():
    layer, bottom, top = build(text("pool: AVE kernel_size: 3 stride: 2 pad: 1"), [np.ones((1, 1, 4, 4))])
    layer.forward(bottom, top)
    rows = np.array([2 / 3, 1, 1 / 2])  # two of three, three of three, one of the two that the padding reaches to
    np.testing.assert_allclose(top[0].data, np.outer(rows, rows)[None, None])


def test_windows_may_lie_beyond_the_plane():
    layer, bottom, top = build(text("kernel_size: 1 stride: 4"), [(1, 1, 6, 1)], tops=2, ops=NumpyOps())
    bottom[0].data[...] = 1
    layer.forward(bottom, top)
    assert top[0].data.ravel().tolist() == [1, 1, -np.finfo(np.float32).max]
    assert top[1].data.ravel().tolist() == [0, 4, -1]
    top[0].diff[...] = 1
    layer.backward(top, [True], bottom)
    assert bottom[0].diff.ravel().tolist() == [1, 0, 0, 0, 1, 0]


STOCHASTIC = text("pool: STOCHASTIC kernel_size: 3 stride: 2")


def positive(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0.1, 1, shape)


@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_gradient_of_stochastic_pooling(phase):
    check(STOCHASTIC, [positive(2, 2, 5, 6)], phase)


def test_a_value_is_drawn_in_proportion_to_itself():
    x = np.zeros((1, 30000, 1, 4))
    x[..., :] = [1, 0, 2, 5]
    layer, bottom, top = build(text("pool: STOCHASTIC kernel_h: 1 kernel_w: 4"), [x])
    layer.forward(bottom, top)
    values, counts = np.unique(top[0].data, return_counts=True)
    assert values.tolist() == [1, 2, 5]
    np.testing.assert_allclose(counts / x.shape[1], [1 / 8, 2 / 8, 5 / 8], atol=0.02)


def test_in_test_it_is_what_training_draws_on_average():
    x = np.abs(positive(1, 1, 2, 2))
    layer, bottom, top = build(text("pool: STOCHASTIC kernel_size: 2"), [x], TEST)
    layer.forward(bottom, top)
    assert np.isclose(top[0].data.item(), (x * x).sum() / x.sum())
    bottom[0].data[...] = 0
    layer.forward(bottom, top)
    assert top[0].data.item() == 0


def test_every_step_draws_anew_and_a_resumed_one_the_same():
    layer, bottom, top = build(STOCHASTIC, [positive(2, 3, 9, 9)])
    layer.forward(bottom, top)
    first, state = top[0].data.copy(), json.loads(json.dumps(layer.state()))
    layer.forward(bottom, top)
    second = top[0].data.copy()
    other, _, _ = build(STOCHASTIC, [positive(2, 3, 9, 9)], seed=5)
    other.restore(state)
    other.forward(bottom, top)
    assert (first != second).any() and (top[0].data == second).all()


def test_only_stochastic_pooling_has_a_state():
    assert build(text("kernel_size: 2"), [(1, 1, 4, 4)])[0].state() == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("", "kernel_size is (0, 0), expected 1 or more along each axis"),
        (
            "kernel_size: 2 kernel_h: 2 kernel_w: 2",
            "it has kernel_size and kernel_h and kernel_w, expected kernel_size",
        ),
        ("kernel_h: 2", "it has kernel_h, expected kernel_size, or kernel_h and kernel_w"),
        ("kernel_size: 2 pad_w: 1", "it has pad_w, expected pad, or pad_h and pad_w"),
        (
            "kernel_size: 2 stride: 1 stride_w: 1",
            "it has stride and stride_w, expected stride, or stride_h and stride_w",
        ),
        ("kernel_size: 2 stride: 0", "stride is (0, 0), expected 1 or more"),
        ("kernel_size: 2 pad: 2", "pad is (2, 2), expected less than the kernel, (2, 2)"),
        ("global_pooling: true kernel_h: 2", "it has a kernel beside global_pooling"),
        ("global_pooling: true stride: 2", "global_pooling needs stride 1 and pad 0, and they are (2, 2) and (0, 0)"),
        ("pool: STOCHASTIC kernel_size: 2 pad: 1", "pad is (1, 1), and STOCHASTIC pooling takes none"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(NetError, match=re.escape(message)):
        build(text(settings), [(1, 2, 6, 6)])


def test_a_mask_of_an_average():
    with pytest.raises(NetError, match="it has 2 top blobs, expected 1: only MAX pooling has a mask"):
        build(text("pool: AVE kernel_size: 2"), [(1, 2, 6, 6)], tops=2)


def test_another_number_of_axes():
    with pytest.raises(ShapeError, match=r"its input has shape \(2, 3, 6\), expected \(N, C, H, W\)"):
        build(text("kernel_size: 2"), [(2, 3, 6)])
