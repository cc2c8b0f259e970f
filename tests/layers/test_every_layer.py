"""What every registered layer has to do, whatever it computes. A new type adds its cases to tests/layer_cases.py."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import cafflite
from cafflite.backend import pool
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops
from cafflite.errors import CaffliteError
from cafflite.layers.base import Layer, registry
from tests.gradient_check import build, check
from tests.layer_cases import CASES, Case

pytestmark = pytest.mark.filterwarnings("error")

TYPES = sorted(registry)
TABLE_ROW = re.compile(r"^\s*(bottom|top)\[.*\] ", re.MULTILINE)
ALL = [pytest.param(name, case, id=f"{name}-{i}") for name, cases in CASES.items() for i, case in enumerate(cases)]
WITH_BOTTOMS = [param for param in ALL if param.values[1].bottoms(2)]
every_case = pytest.mark.parametrize(("name", "case"), ALL)
every_case_with_bottoms = pytest.mark.parametrize(("name", "case"), WITH_BOTTOMS)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Layers that write files do so here."""
    monkeypatch.chdir(tmp_path)


def table(name: str) -> str:
    """The docstring with the shapes of a layer: its own, or that of the nearest class it is derived from."""
    docs = [vars(cls).get("__doc__") or "" for cls in registry[name].__mro__]
    return next((doc for doc in docs if TABLE_ROW.search(doc)), "")


def make(name: str, case: Case, n: int = 2, ops: Ops | None = None, seed: int = 0):
    layer, bottom, top = build(f'type: "{name}" {case.text}', case.bottoms(n), case.phase, case.tops, ops, seed)
    case.prepare(layer)
    return layer, bottom, top


def run(layer, bottom, top, wanted) -> dict[str, np.ndarray]:
    """All that a forward and a backward pass make."""
    if layer.reshape_every_forward:
        layer.reshape(bottom, top)
    layer.forward(bottom, top)
    tops = {f"top {i}": blob.data.copy() for i, blob in enumerate(top)}
    for i, blob in enumerate(top):
        blob.diff[...] = np.random.default_rng(i).standard_normal(blob.shape)
    for blob in layer.blobs:
        blob.diff[...] = 0
    layer.backward(top, wanted, bottom)
    diffs = {f"diff of bottom {i}": blob.diff.copy() for i, blob in enumerate(bottom) if wanted[i]}
    return tops | diffs | {f"diff of parameter {i}": blob.diff.copy() for i, blob in enumerate(layer.blobs)}


def wanted_by(layer, bottom, case: Case) -> list[bool]:
    """Which bottoms get a gradient."""
    if not case.gradient:
        return [False] * len(bottom)
    return list(case.propagate_down or [layer.allow_force_backward(i) for i in range(len(bottom))])


def assert_same(found, expected, **tolerance) -> None:
    assert found.keys() == expected.keys()
    for what, array in found.items():
        np.testing.assert_allclose(array, expected[what], **{"rtol": 0, "atol": 0} | tolerance, err_msg=what)


@pytest.mark.parametrize("name", TYPES)
def test_it_has_a_case(name):
    assert CASES.get(name), f"tests/layer_cases.py has no case of {name}: add one, a Case with its settings and bottoms"


@pytest.mark.parametrize("name", TYPES)
def test_it_has_a_file_of_tests(name):
    module = registry[name].__module__.rpartition(".")[2]
    file = Path(__file__).with_name(f"test_{module}.py")
    assert file.exists(), f"layers/{module}.py has no tests of its own: write tests/layers/{file.name}"


@pytest.mark.parametrize("name", TYPES)
def test_it_has_a_table_of_shapes(name):
    assert table(name), (
        f"the docstring of {registry[name].__name__} says nothing of shapes: add a table with a line for each blob, "
        "as in `bottom[0]  x  (N, C, H, W)` and `top[0]     y  (N, C)`"
    )


@every_case
def test_gradient(name, case):
    if case.gradient:
        check(f'type: "{name}" {case.text}', case.bottoms(2), case.phase, case.propagate_down, case.tops)
    else:
        layer, bottom, top = make(name, case)
        before = [blob.data.copy() for blob in bottom]
        run(layer, bottom, top, [False] * len(bottom))
        assert not layer.blobs, f"{name} has parameters, so its case has a gradient"
        assert all((blob.data == data).all() for blob, data in zip(bottom, before, strict=True)), (
            "its input has changed"
        )


@every_case_with_bottoms
def test_after_another_batch_size_it_is_as_before(name, case):
    layer, bottom, top = make(name, case)
    expected = run(*make(name, case), wanted_by(layer, bottom, case))
    _ = layer.rng
    state, parameters = layer.state(), [blob.data.copy() for blob in layer.blobs]
    for n in (5, 1, 2):
        _, others, _ = make(name, case, n)
        for blob, other in zip(bottom, others, strict=True):
            blob.reshape(*other.shape)
            blob.data[...] = other.data
        layer.reshape(bottom, top)
        if n == 2:
            layer.restore(state)
            for blob, data in zip(layer.blobs, parameters, strict=True):
                blob.data[...] = data
        found = run(layer, bottom, top, wanted_by(layer, bottom, case))
    assert_same(found, expected)


@pytest.mark.parametrize(("name", "case"), [param for param in WITH_BOTTOMS if "(in place)" in table(param.values[0])])
def test_in_place(name, case):
    layer, bottom, top = make(name, case)
    wanted = wanted_by(layer, bottom, case)
    expected = run(layer, bottom, top, wanted)
    layer, bottom, _ = make(name, case)
    layer.reshape(bottom, bottom[:1])
    assert_same(run(layer, bottom, bottom[:1], wanted), expected)


@every_case_with_bottoms
def test_a_batch_of_nothing(name, case):
    if not case.takes_nothing:
        with pytest.raises(CaffliteError):
            make(name, case, 0)
        return
    layer, bottom, top = make(name, case, 0)
    found = run(layer, bottom, top, wanted_by(layer, bottom, case))
    for what, array in found.items():
        assert array.size == 0 or not array.any(), f"{what} is {array} for an empty batch, expected no values, or zeros"


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request, monkeypatch):
    """A fresh pool of some threads, which shares out even the smallest arrays."""
    pool._forget()
    split = pool.split
    monkeypatch.setattr(pool, "threads", lambda: request.param)
    monkeypatch.setattr(pool, "split", lambda count, least=1: split(count))
    yield
    pool._forget()


@every_case
def test_equal_on_every_backend(name, case, threads):
    portable = make(name, case, 3, Ops(np, "float32"))
    wanted = wanted_by(*portable[:2], case)
    assert_same(run(*make(name, case, 3, NumpyOps()), wanted), run(*portable, wanted), rtol=1e-5, atol=1e-6)


@every_case
def test_its_state_is_all_that_a_resume_needs(name, case):
    layer, bottom, top = make(name, case)
    wanted = wanted_by(layer, bottom, case)
    run(layer, bottom, top, wanted)
    state, parameters = layer.state(), [blob.data.copy() for blob in layer.blobs]
    json.dumps({key: value for key, value in state.items() if not isinstance(value, np.ndarray)})
    expected = run(layer, bottom, top, wanted)

    resumed, blobs, tops = make(name, case, seed=1)
    for blob, other in zip(blobs, bottom, strict=True):
        blob.data[...] = other.data
    for blob, data in zip(resumed.blobs, parameters, strict=True):
        blob.data[...] = data
    resumed.restore(state)
    assert_same(run(resumed, blobs, tops, wanted), expected)


@every_case_with_bottoms
def test_arrays_of_the_user_may_have_any_strides(name, case):
    _, bottom, top = make(name, case, 3)
    inputs = {f"x{i}": blob.data.astype("float32") for i, blob in enumerate(bottom)}
    text = "force_backward: true "
    for key, array in inputs.items():
        dims = " ".join(f"dim: {n}" for n in array.shape)
        text += f'layer {{ name: "{key}" type: "Input" top: "{key}" input_param {{ shape {{ {dims} }} }} }} '
    bottoms = " ".join(f'bottom: "{key}"' for key in inputs)
    tops = " ".join(f'top: "y{i}"' for i in range(len(top)))
    net = cafflite.Net(f'{text} layer {{ name: "l" type: "{name}" {bottoms} {tops} {case.text} }}', case.phase)
    state = net.state()

    def strided(array):
        """The same values, of which each second one of a wider array in the other memory order."""
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), order="F")
        wide[..., ::2] = array
        return wide[..., ::2]

    expected = {key: array.copy() for key, array in net.forward(**inputs).items()}
    net.restore(state)
    for key, array in inputs.items():
        net.blobs[key].data[...] = 0
        net.blobs[key].data[...] = strided(array)
        assert net.blobs[key].data.flags.c_contiguous
    assert_same(net.forward(), expected)
    net.restore(state)
    assert_same(net.forward(**{key: strided(array) for key, array in inputs.items()}), expected)


@pytest.mark.parametrize(
    ("name", "case"), [param for param in ALL if not registry[param.values[0]].backward_needs_forward]
)
def test_a_backward_pass_reads_nothing_that_forward_keeps_unless_the_class_says_so(name, case, monkeypatch):
    def garbage(layer, *shape, dtype=None):
        array = np.empty(shape, dtype or layer.ops.dtype)
        array.reshape(-1).view(np.uint8)[...] = 255  # not a number, or an index that is out of range
        return array

    monkeypatch.setattr(Layer, "empty", garbage)
    layer, bottom, top = make(name, case)
    wanted = wanted_by(layer, bottom, case)
    layer.backward(top, wanted, bottom)
    blobs = [blob for blob, is_wanted in zip(bottom, wanted, strict=True) if is_wanted] + layer.blobs
    assert all(np.isfinite(blob.diff).all() for blob in blobs), (
        f"{registry[name].__name__} reads what forward keeps: set backward_needs_forward = True"
    )
