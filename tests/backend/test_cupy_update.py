"""The updates of the solvers on a CuPy device, held to their portable twins."""

import inspect

import numpy as np
import pytest

from cafflite.backend.ops_update import UpdateOps
from tests.backend import test_update as same
from tests.device_twins import device_ops

pytestmark = pytest.mark.gpu
SIZES = [0, 1, 7, 257, 1000]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rule", same.RULES)
def test_a_rule(rule, size, dtype):
    ops, arrays = device_ops(dtype), {name: array.astype(dtype) for name, array in same.arrays(size).items()}
    expected = same.call(UpdateOps(np, dtype), rule, {name: array.copy() for name, array in arrays.items()})
    found = same.call(ops, rule, {name: ops.xp.asarray(array) for name, array in arrays.items()})
    tolerance = 2e-6 if dtype == "float32" else 1e-12
    for name, array in expected.items():
        np.testing.assert_allclose(ops.to_host(found[name]), array, rtol=tolerance, atol=tolerance / 2, err_msg=name)


@pytest.mark.parametrize("rule", same.RULES)
def test_a_scale_that_stays_on_the_device(rule, monkeypatch):
    ops, arrays = device_ops(), same.arrays(300)
    expected = same.call(UpdateOps(np, "float32"), rule, {name: array.copy() for name, array in arrays.items()})
    monkeypatch.setitem(same.NUMBERS, "scale", ops.xp.asarray([same.NUMBERS["scale"]], "float32")[0])
    found = same.call(ops, rule, {name: ops.xp.asarray(array) for name, array in arrays.items()})
    for name, array in expected.items():
        np.testing.assert_allclose(ops.to_host(found[name]), array, rtol=2e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("rule", [*same.RULES, "clipping"])
def test_the_kernel_has_the_signature_of_its_twin(rule):
    ops = device_ops()
    assert inspect.signature(getattr(type(ops), rule)) == inspect.signature(getattr(UpdateOps, rule))
    assert getattr(type(ops), rule) is not getattr(UpdateOps, rule)


@pytest.mark.parametrize("most", [0.0, 0.5, 1e4])
@pytest.mark.parametrize("size", [*SIZES, 70_001])  # more than all threads that add up squares take at a time
def test_clipping(size, most):
    ops, x = device_ops(), same.arrays(size)["diff"]
    norm, scale = (float(number) for number in ops.clipping(ops.xp.asarray(x), most))
    expected = float(np.linalg.norm(x.astype("d")))
    assert norm == pytest.approx(expected, rel=1e-6)
    assert scale == pytest.approx(most / expected if expected > most else 1, rel=1e-6)


def test_a_gradient_that_is_not_a_number_is_not_scaled():
    ops = device_ops()
    norm, scale = ops.clipping(ops.xp.full(3, np.nan, "float32"), 1.0)
    assert np.isnan(float(norm)) and float(scale) == 1
