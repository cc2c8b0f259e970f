"""The compiled updates against their readable twins; what the rules themselves say is tested with the solvers."""

import inspect

import numpy
import pytest

from cafflite.backend.numpy_update import NumpyUpdate
from cafflite.backend.ops_update import UpdateOps

RULES = sorted(name for name in vars(UpdateOps) if name.startswith("update_"))
NUMBERS = {
    name: float(numpy.float32(number))  # as they come out of a SolverParameter
    for name, number in dict(
        scale=0.3, l1=0.02, l2=0.01, rate=0.1, momentum=0.9, decay=0.95, delta=1e-3, beta1=0.9, beta2=0.999
    ).items()
}
SIZES = [1, 7, 1000, 200_003]


def arrays(size: int) -> dict[str, numpy.ndarray]:
    rng = numpy.random.default_rng(size)
    drawn = {
        name: rng.standard_normal(size).astype("f")
        for name in ("data", "diff", "history", "gradients", "updates", "mean", "square")
    }
    drawn["data"][::5] = 0
    for name in ("history", "gradients", "updates", "square"):
        drawn[name] **= 2
    return drawn


def call(ops: UpdateOps, rule: str, arrays: dict[str, numpy.ndarray]) -> dict[str, numpy.ndarray]:
    update = getattr(ops, rule)
    names = inspect.signature(update).parameters
    update(**{name: arrays[name] if name in arrays else NUMBERS[name] for name in names})
    return {name: arrays[name] for name in names if name in arrays}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rule", RULES)
def test_the_kernel_equals_its_twin(rule, size):
    expected = call(UpdateOps(numpy, "float32"), rule, arrays(size))
    found = call(NumpyUpdate(numpy, "float32"), rule, arrays(size))
    for name, array in expected.items():
        numpy.testing.assert_allclose(found[name], array, rtol=2e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("rule", [*RULES, "norm"])
def test_the_kernel_has_the_signature_of_its_twin(rule):
    assert rule in vars(NumpyUpdate)
    assert inspect.signature(getattr(NumpyUpdate, rule)) == inspect.signature(getattr(UpdateOps, rule))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ops", [UpdateOps, NumpyUpdate])
def test_norm(ops, size):
    x = arrays(size)["diff"]
    assert ops(numpy, "float32").norm(x) == pytest.approx(numpy.linalg.norm(x.astype("d")), rel=1e-5)
