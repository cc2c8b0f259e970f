import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from cafflite.proto import caffe_pb2
from tests.gradient_check import build, check

X = np.random.default_rng(0).normal(3, 2, (4, 3, 2, 2))


def normalized(x, eps=1e-5):
    axes = (0, *range(2, x.ndim))
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2), (3, 2, 2, 2), (2, 2, 2, 1, 2)])
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_gradient(shape, eps):
    check(f'type: "BatchNorm" batch_norm_param {{ eps: {eps} }}', [shape])


def test_gradient_with_global_stats():
    check('type: "BatchNorm" batch_norm_param { eps: 0.5 }', [(3, 2, 2)], caffe_pb2.TEST)


@pytest.mark.parametrize(
    ("phase", "text", "by_batch"),
    [
        (caffe_pb2.TRAIN, "", True),
        (caffe_pb2.TEST, "", False),
        (caffe_pb2.TRAIN, "use_global_stats: true", False),
        (caffe_pb2.TEST, "use_global_stats: false", True),
    ],
)
def test_which_statistics_count(phase, text, by_batch):
    layer, bottom, top = build(f'type: "BatchNorm" batch_norm_param {{ {text} }}', [X], phase)
    sums = [np.array([2.0, 4, 6]), np.array([8.0, 18, 32]), np.array([2.0])]
    for blob, value in zip(layer.blobs, sums, strict=True):
        blob.data[...] = value
    layer.forward(bottom, top)
    per_channel = (3, 1, 1)
    mean, variance = (value.reshape(per_channel) / 2 for value in sums[:2])
    expected = normalized(X) if by_batch else (X - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(top[0].data, expected, rtol=1e-9)
    assert (layer.blobs[2].data.item() != 2) == by_batch  # the sums are added to as well


@pytest.mark.parametrize("x", [X, X[:1, :, :1, :1]], ids=["many values", "one value"])
def test_the_sums_fade_and_hold_the_unbiased_variance(x):
    layer, bottom, top = build('type: "BatchNorm" batch_norm_param { moving_average_fraction: 0.5 }', [x])
    count = x.size // 3
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3)) * count / max(1, count - 1)
    for factor in (1, 1.5, 1.75):
        layer.forward(bottom, top)
        for blob, value in zip(layer.blobs, (mean, variance, 1), strict=True):
            np.testing.assert_allclose(blob.data, factor * value, rtol=1e-9)


def test_before_the_first_batch_mean_and_variance_are_0():
    layer, bottom, top = build('type: "BatchNorm" batch_norm_param { eps: 0.25 }', [X], caffe_pb2.TEST)
    for blob in layer.blobs:
        blob.data[...] = 0
    layer.forward(bottom, top)
    np.testing.assert_allclose(top[0].data, 2 * X)


def test_a_later_layer_may_work_in_place_on_the_top():
    layer, bottom, top = build('type: "BatchNorm"', [X])
    gradients = []
    for spoil in (False, True):
        layer.forward(bottom, top)
        top[0].diff[...] = X[::-1]
        if spoil:
            top[0].data[...] = 0
        layer.backward(top, [True], bottom)
        gradients.append(bottom[0].diff.copy())
    np.testing.assert_array_equal(*gradients)


def test_no_solver_updates_the_sums():
    layer, _, _ = build('type: "BatchNorm" param { lr_mult: 0 decay_mult: 0 }', [X])
    assert [spec.lr_mult for spec in layer.layer_param.param] == [0, 0, 0]
    with pytest.raises(NetError, match="lr_mult 2, expected 0"):
        build('type: "BatchNorm" param { lr_mult: 0 } param { lr_mult: 2 }', [X])


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"shape \(5,\), expected \(N, C, ...\)"):
        build('type: "BatchNorm"', [(5,)])
    with pytest.raises(ShapeError, match=r"\(0, 3\), and there is no mean of nothing"):
        build('type: "BatchNorm"', [(0, 3)])
    layer, bottom, top = build('type: "BatchNorm"', [(4, 3)])
    bottom[0].reshape(4, 2)
    with pytest.raises(ShapeError, match=r"shape \(4, 2\), and it has statistics of 3 channels"):
        layer.reshape(bottom, top)


def test_an_empty_batch_with_global_stats():
    layer, bottom, top = build('type: "BatchNorm"', [(0, 3, 2)], caffe_pb2.TEST)
    layer.forward(bottom, top)
    assert top[0].data.shape == (0, 3, 2)
