"""A device that is none: NumPy arrays behind a wall. What would be a copy between host and device is an error here.

`StrictOps` are the portable operations over it. They find in seconds, without a GPU, what would wait for one.

    ops = StrictOps("float32")
    ops.xp.zeros(3) + numpy.ones(3)     # Crossing
    with ops.crossings(to_host=1):      # the copies a block may make by name: `get`, `set` and `asarray`
        ops.to_host(ops.xp.zeros(3))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from cafflite.backend.ops import Ops

READS = {"item", "tolist", "tobytes", "tofile", "dump", "dumps", "nonzero", "__array_interface__", "__array_struct__"}
SIZED_BY_VALUES = {"nonzero", "flatnonzero", "argwhere", "unique", "bincount", "extract", "compress", "array_equal"}
MADE_FROM_THE_HOST = {"asarray", "array", "ascontiguousarray"}


class Crossing(AssertionError):
    """Something went from the host to the device, or back, without being asked to."""


class StrictArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array on the device that is none."""

    def __init__(self, array: Any, device: StrictDevice) -> None:
        self._array = np.asarray(array)
        self._device = device

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return self._device.call(getattr(ufunc, method), *inputs, **options)

    def __getattr__(self, name: str) -> Any:
        if name in READS:
            raise Crossing(f".{name} reads an array of the device")
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self._array, name)
        if callable(found):
            return lambda *given, **options: self._device.call(found, *given, **options)
        return self._device.wrapped(found)

    def __getitem__(self, index: Any) -> StrictArray:
        index = self._device.unwrapped(index)
        if any(np.asarray(part).dtype == bool for part in (index if isinstance(index, tuple) else (index,))):
            raise Crossing("how many values a mask takes is known on the device only")
        return StrictArray(self._array[index], self._device)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array[self._device.unwrapped(index)] = self._device.unwrapped(value)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[StrictArray]:
        return (self[i] for i in range(len(self)))

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Crossing("a value of the device is read")

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __contains__ = __array__ = _refuse

    @property
    def data(self) -> SimpleNamespace:
        """Where it lies, as CuPy's."""
        return SimpleNamespace(ptr=self._array.__array_interface__["data"][0])

    def get(self, out: np.ndarray | None = None) -> np.ndarray:
        """A copy on the host, in `out` where it is given, as CuPy's."""
        self._device.count("to_host")
        out = np.empty_like(self._array, order="C") if out is None else out
        out[...] = self._array
        return out

    def set(self, values: np.ndarray) -> None:
        """Take values from the host, as CuPy's: of the same shape and type."""
        assert isinstance(values, np.ndarray) and (values.shape, values.dtype) == (self.shape, self.dtype)
        self._device.count("to_device")
        self._array[...] = values


class StrictDevice:
    """The array module: NumPy's functions, for arrays of the device."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, direction: str) -> None:
        self.counts[direction] += 1

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        return found if isinstance(found, type) or not callable(found) else _Function(found, self)

    def call(self, function: Any, *given: Any, **options: Any) -> Any:
        return self.wrapped(function(*self.unwrapped(given), **self.unwrapped(options)))

    def wrapped(self, result: Any) -> Any:
        if isinstance(result, tuple | list):
            return type(result)(self.wrapped(part) for part in result)
        return StrictArray(result, self) if isinstance(result, np.ndarray | np.generic) else result

    def unwrapped(self, given: Any) -> Any:
        if isinstance(given, StrictArray):
            return given._array
        if isinstance(given, np.ndarray) and given.ndim:
            raise Crossing(f"an array of the host, {given.dtype} {given.shape}, meets arrays of the device")
        if isinstance(given, dict):
            return {key: self.unwrapped(value) for key, value in given.items()}
        return type(given)(self.unwrapped(part) for part in given) if isinstance(given, tuple | list) else given


class _Function:
    """A function of NumPy, or a ufunc with its methods."""

    def __init__(self, function: Any, device: StrictDevice) -> None:
        self.function, self.device = function, device

    def __call__(self, *given: Any, **options: Any) -> Any:
        name = self.function.__name__
        if name in SIZED_BY_VALUES:
            raise Crossing(f"what {name} returns is known on the device only")
        if name in MADE_FROM_THE_HOST and not isinstance(given[0], StrictArray):
            self.device.count("to_device")
            return StrictArray(self.function(*given, **options), self.device)
        return self.device.call(self.function, *given, **options)

    def __getattr__(self, name: str) -> Any:
        return _Function(getattr(self.function, name), self.device)


class StrictOps(Ops):
    """The portable operations over a device of their own."""

    def __init__(self, dtype: str = "float32") -> None:
        super().__init__(StrictDevice(), dtype)

    def require(self, allowed: Any, refuse: Any, *arrays: Any) -> None:
        """Taken as fulfilled: the one read that a check of values makes by name is no crossing."""
        assert isinstance(allowed, StrictArray)

    @contextmanager
    def crossings(self, to_host: int = 0, to_device: int = 0) -> Iterator[None]:
        """AssertionError if the block copies more often than this."""
        before = self.xp.counts.copy()
        yield
        made = self.xp.counts - before
        allowed = Counter(to_host=to_host, to_device=to_device)
        assert made <= allowed, f"copies between host and device: {dict(made)}, allowed: {dict(allowed)}"
