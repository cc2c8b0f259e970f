import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import ShapeError


def test_gradient_of_both():
    check('type: "EuclideanLoss"', [(3, 4), (3, 4)], propagate_down=[True, True])


def test_half_the_mean_over_rows():
    layer, bottom, top = build('type: "EuclideanLoss"', [np.array([[1.0, 2], [3, 4]]), np.zeros((2, 2, 1))])
    layer.forward(bottom, top)
    assert float(top[0].data) == (1 + 4 + 9 + 16) / 4


@pytest.mark.parametrize("shapes", [[(2, 3), (2, 4)], [(2, 3), (3, 3)]])
def test_refused(shapes):
    with pytest.raises(ShapeError, match="differ"):
        build('type: "EuclideanLoss"', shapes)
