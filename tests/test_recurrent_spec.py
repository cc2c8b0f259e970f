import doctest

import numpy as np
import pytest

import cafflite
from cafflite import NetSpec, bidirectional, recurrent_spec
from cafflite import layers as L

X = np.random.default_rng(0).standard_normal((5, 3, 2)).astype("f")
LENGTHS = np.array([5, 2, 4])


@pytest.mark.parametrize("kind", ["LSTM", "RNN", "GRU"])
def test_both_directions_stand_side_by_side(kind):
    """The second half is what the same layer makes of the reversed sequences, put back."""
    spec = NetSpec()
    spec.x, spec.cont, spec.lengths = L.Input(ntop=3, shape=[dict(dim=[5, 3, 2]), dict(dim=[5, 3]), dict(dim=3)])
    settings = dict(num_output=4, lengths=True, weight_filler=dict(type="uniform", min=-1, max=1))
    spec.h = bidirectional(getattr(L, kind), spec.x, spec.cont, spec.lengths, recurrent_param=settings)
    net = cafflite.Net(spec.to_proto(), cafflite.TEST)
    for one, other in zip(*net.params.values(), strict=True):
        other.data[...] = one.data
    turned = X.copy()
    for n, length in enumerate(LENGTHS):
        turned[:length, n] = X[:length, n][::-1]

    def run(x):
        cont = np.ones((5, 3))
        cont[0] = 0
        return net.forward(x=x, cont=cont, lengths=LENGTHS)["h"].copy()

    found, mirrored = run(X), run(turned)
    assert found.shape == (5, 3, 8)
    for n, length in enumerate(LENGTHS):
        np.testing.assert_allclose(found[:length, n, 4:], mirrored[:length, n, :4][::-1], rtol=1e-5)
        np.testing.assert_allclose(found[:length, n, :4], mirrored[:length, n, 4:][::-1], rtol=1e-5)
        assert not found[length:, n].any()


def test_the_example():
    assert doctest.testmod(recurrent_spec).failed == 0
