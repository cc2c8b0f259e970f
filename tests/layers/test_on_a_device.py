"""Every layer on a device with a memory of its own: as on the CPU, and without a copy between the two.

The strict stand-in runs everywhere; CuPy where it has a device.
"""

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import numpy as np
import pytest

from cafflite.backend.ops import Ops
from cafflite.blob import Blob
from cafflite.layers.base import Layer
from tests.device_twins import device_ops, end_prefetch
from tests.gradient_check import build, check
from tests.layer_cases import CASES, Case
from tests.strict_device import StrictOps

# what a pass copies at most: batches and random numbers made on the host, files, an edit distance computed there
CROSSINGS: dict[str, dict[str, int]] = {
    "CTCGreedyDecoder": {"to_host": 2},
    "Data": {"to_device": 2},
    "DummyData": {"to_device": 1},
    "HDF5Data": {"to_device": 2},
    "HDF5Output": {"to_host": 2},
    "ImageData": {"to_device": 2},
    "MemoryData": {"to_device": 2},
    "Pooling": {"to_device": 1},  # STOCHASTIC
    "Python": {"to_host": 2, "to_device": 2},  # what the user's layer looks at, there and back
    "WindowData": {"to_device": 2},
}

AHEAD = {"Data", "ImageData", "WindowData"}  # their threads copy further batches at the same time, here 4

ALL = [pytest.param(name, case, id=f"{name}-{i}") for name, cases in CASES.items() for i, case in enumerate(cases)]

FIRST_WITH_GRADIENT = [param for param in ALL if param.id.endswith("-0") and param.values[1].gradient]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Layers that write files do so here."""
    monkeypatch.chdir(tmp_path)


Made = tuple[Layer, list[Blob], list[Blob]]


def make(name: str, case: Case, ops: Ops) -> Made:
    """The layer of a case, ready to run."""
    made = build(f'type: "{name}" {case.text}', case.bottoms(3), case.phase, case.tops, ops)
    case.prepare(made[0])
    return made


def run(made: Made, case: Case, allowed: Callable[[], AbstractContextManager] = nullcontext) -> dict[str, np.ndarray]:
    """All that a forward and a backward pass make, copied to the host."""
    layer, bottom, top = made
    ops = layer.ops
    wanted = [case.gradient and layer.allow_force_backward(i) for i in range(len(bottom))]
    wanted = list(case.propagate_down or wanted)
    if layer.reshape_every_forward:
        layer.reshape(bottom, top)
    with allowed():
        layer.forward(bottom, top)
    found = {f"top {i}": ops.to_host(blob.data).copy() for i, blob in enumerate(top)}
    for i, blob in enumerate(top):
        blob.diff[...] = ops.xp.asarray(np.random.default_rng(i).standard_normal(blob.shape))
    for blob in layer.blobs:
        blob.diff[...] = 0
    with allowed():
        layer.backward(top, wanted, bottom)
    found |= {f"diff of bottom {i}": ops.to_host(blob.diff) for i, blob in enumerate(bottom) if wanted[i]}
    return found | {f"diff of parameter {i}": ops.to_host(blob.diff) for i, blob in enumerate(layer.blobs)}


@pytest.fixture
def counted():
    """What counts copies, on the emulated device alone; nothing counts them on a GPU."""
    end_prefetch()
    try:
        return importlib.import_module("cupy_on_cpu").counted
    except ImportError:
        return partial(nullcontext, {})


every_case = pytest.mark.parametrize(("name", "case"), ALL)


@every_case
def test_on_the_strict_device(name, case):
    expected = run(make(name, case, Ops(np, "float32")), case)
    ops = StrictOps()
    found = run(make(name, case, ops), case, partial(ops.crossings, **CROSSINGS.get(name, {})))
    for what, array in expected.items():
        np.testing.assert_array_equal(found[what], array, err_msg=what)


@every_case
def test_a_layer_that_is_moved_goes_on(name, case):
    """There and back again."""
    host = Ops(np, "float32")
    layer, bottom, top = made = make(name, case, host)
    stays = make(name, case, host)
    for ops in (host, StrictOps(), host):
        for blob in (*bottom, *top, *layer.blobs):
            blob.move(ops)
        layer.move(ops)
        layer.reshape(bottom, top)
        found = run(made, case)
        for what, array in run(stays, case).items():
            np.testing.assert_array_equal(found[what], array, err_msg=what)


@pytest.mark.gpu
@every_case
def test_on_cupy(name, case, counted, monkeypatch):
    ops, passes, checks = device_ops(), [], []
    expected = run(make(name, case, Ops(np, "float32")), case)
    require = ops.require
    monkeypatch.setattr(ops, "require", lambda *given: (checks.append(given), require(*given)))

    @contextmanager
    def counting():
        with counted() as counts:
            yield
        passes.append(counts)

    found = run(make(name, case, ops), case, counting)
    for what, array in expected.items():
        np.testing.assert_allclose(found[what], array, rtol=1e-5, atol=1e-6, err_msg=what)
    allowed = CROSSINGS.get(name, {})
    for counts in passes:
        ahead = 5 if name in AHEAD else 1
        assert counts.get("host_to_device_copies", 0) <= ahead * allowed.get("to_device", 0)
        # each check of values reads whether it holds
        assert counts.get("device_to_host_copies", 0) <= allowed.get("to_host", 0) + len(checks)


@pytest.mark.gpu
@pytest.mark.parametrize(("name", "case"), FIRST_WITH_GRADIENT)
def test_gradient_on_cupy(name, case):
    """A sample, one case of each layer: finite differences take many passes."""
    text = f'type: "{name}" {case.text}'
    check(text, case.bottoms(2), case.phase, case.propagate_down, case.tops, ops=device_ops("float64"))
