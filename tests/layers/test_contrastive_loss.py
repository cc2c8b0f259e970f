import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import ShapeError

SIMILAR = np.array([1.0, 0, 0, 1])


@pytest.mark.parametrize("param", ["margin: 3", "margin: 9 legacy_version: true"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1, 1)])
def test_gradient(param, shape):
    # The original divides by d + 1e-4 where the derivative has d; legacy pairs have no such term.
    if "legacy" in param:
        check(f'type: "ContrastiveLoss" contrastive_loss_param {{ {param} }}', [shape, shape, SIMILAR])
    else:
        check(f'type: "ContrastiveLoss" contrastive_loss_param {{ {param} }}', [shape, shape, np.ones(4)])


def test_pairs_that_are_not_alike_push_each_other_away_within_the_margin():
    a, b = np.array([[0.0, 0], [0, 0]]), np.array([[3.0, 4], [0.3, 0.4]])
    layer, bottom, top = build('type: "ContrastiveLoss"', [a, b, np.zeros(2)])
    layer.forward(bottom, top)
    assert top[0].data == pytest.approx(0.5**2 / 4)
    top[0].diff[...] = 1
    layer.backward(top, [True, True, False], bottom)
    assert not bottom[0].diff[0].any()
    np.testing.assert_allclose(bottom[0].diff[1], 0.5 / 2 / (0.5 + 1e-4) * np.array([0.3, 0.4]))
    np.testing.assert_allclose(bottom[1].diff, -bottom[0].diff)


@pytest.mark.parametrize(
    "shapes", [[(2, 3), (2, 4), (2,)], [(2, 3, 2, 1), (2, 3, 2, 1), (2,)], [(2, 3), (2, 3), (2, 2)]]
)
def test_refused(shapes):
    with pytest.raises(ShapeError, match=r"\(2, "):
        build('type: "ContrastiveLoss"', shapes)
