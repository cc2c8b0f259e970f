"""An operation on a CuPy device beside its portable twin on NumPy."""

import gc
import threading
from typing import Any

import numpy as np
import pytest

from cafflite.backend import cupy_ops, cupy_probe
from cafflite.backend.ops import Ops
from cafflite.errors import BackendError


def device_ops(dtype: str = "float32") -> Ops:
    """The operations of the first device; where there is none, the test is skipped."""
    try:
        cupy_probe.probe(0)
    except BackendError as error:
        pytest.skip(f"needs CuPy and a device: {error}")
    return cupy_ops.CupyOps(0, dtype)


def end_prefetch() -> None:
    """Wait for the threads of other tests' data layers: they copy to the device, too, until they have ended."""
    threads = [thread for thread in threading.enumerate() if thread.name == "cafflite prefetch"]
    if threads:
        gc.collect()  # the layers are gone
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


class Twins:
    """Calls operations on both, and holds equal what they return and every array that they were given.

    An array given twice is one array on the device, too: an operation in place.
    """

    def __init__(self, dtype: str = "float32") -> None:
        self.device, self.host = device_ops(dtype), Ops(np, dtype)

    def __call__(self, name: str, *arguments: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
        copies = {id(a): (a.copy(), self.device.xp.asarray(a)) for a in arguments if isinstance(a, np.ndarray)}
        twin, found = (
            getattr(ops, name)(*(copies[id(a)][which] if id(a) in copies else a for a in arguments))
            for which, ops in enumerate((self.host, self.device))
        )
        pairs = [*copies.values(), *(zip(twin, found, strict=True) if isinstance(twin, tuple) else [])]
        for expected, array in pairs:
            np.testing.assert_allclose(self.device.to_host(array), expected, rtol=rtol, atol=atol, err_msg=name)
