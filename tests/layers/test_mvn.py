import numpy as np
import pytest

from cafflite.errors import ShapeError
from tests.gradient_check import build, check

X = np.random.default_rng(0).normal(3, 2, (2, 3, 4, 2))


@pytest.mark.parametrize("text", ["", "across_channels: true"])
@pytest.mark.parametrize("variance", ["", "normalize_variance: false"])
def test_gradient(text, variance):
    check(f'type: "MVN" mvn_param {{ {text} {variance} }}', [X])


@pytest.mark.parametrize(("across", "axes"), [("false", (2, 3)), ("true", (1, 2, 3))])
@pytest.mark.parametrize("eps", [1e-9, 0.5])
def test_eps_is_added_to_the_deviation(across, axes, eps):
    layer, bottom, top = build(f'type: "MVN" mvn_param {{ across_channels: {across} eps: {eps} }}', [X])
    layer.forward(bottom, top)
    expected = (X - X.mean(axes, keepdims=True)) / (X.std(axes, keepdims=True) + eps)
    np.testing.assert_allclose(top[0].data, expected, rtol=1e-7)


def test_the_mean_alone():
    layer, bottom, top = build('type: "MVN" mvn_param { normalize_variance: false }', [X])
    layer.forward(bottom, top)
    np.testing.assert_allclose(top[0].data, X - X.mean((2, 3), keepdims=True), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(5,), (5, 4), (5, 4, 3)])
def test_the_top_has_always_four_axes(shape):
    _, _, top = build('type: "MVN"', [shape])
    assert top[0].shape == (shape + (1, 1, 1))[:4]


def test_five_axes_are_refused():
    with pytest.raises(ShapeError, match="up to 4 axes"):
        build('type: "MVN"', [(2, 3, 2, 2, 2)])


def test_groups_without_values_are_refused():
    with pytest.raises(ShapeError, match=r"\(2, 3, 0, 4\), and there is no mean of nothing"):
        build('type: "MVN"', [(2, 3, 0, 4)])
