import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import ShapeError

TARGETS = np.array([[1.0, 0, -1], [0.25, -1, 1]])


@pytest.mark.parametrize(
    ("param", "divisor"),
    [
        ("", 2),
        ("normalization: VALID", 4),
        ("normalization: FULL", 6),
        ("normalization: NONE", 1),
        ("normalize: true", 4),
        ("normalize: false", 2),
    ],
)
def test_normalization(param, divisor):
    text = f'type: "SigmoidCrossEntropyLoss" loss_param {{ ignore_label: -1 {param} }}'
    layer, bottom, top = build(text, [(2, 3), TARGETS])
    layer.forward(bottom, top)
    p = 1 / (1 + np.exp(-bottom[0].data))
    losses = -TARGETS * np.log(p) - (1 - TARGETS) * np.log(1 - p)
    assert top[0].data == pytest.approx(losses[TARGETS != -1].sum() / divisor)
    check(text, [(2, 3), TARGETS], propagate_down=[True, False])


def test_large_values_do_not_overflow():
    layer, bottom, top = build('type: "SigmoidCrossEntropyLoss"', [np.array([[800.0, -800]]), np.array([[0.0, 1]])])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        layer.forward(bottom, top)
    assert top[0].data == pytest.approx(1600)


def test_other_shapes_of_equal_count_are_fine_and_others_are_not():
    check('type: "SigmoidCrossEntropyLoss"', [(2, 4), np.ones((2, 2, 2))], propagate_down=[True, False])
    with pytest.raises(ShapeError, match="are not as many values"):
        build('type: "SigmoidCrossEntropyLoss"', [(2, 4), (2, 3)])
