"""The kernels of kernels.cu, launched by name. CuPy compiles them when one is first used, and keeps them on disk."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy

THREADS = 256  # of a block
NARROW = 2**31 - THREADS  # elements that a 32-bit index reaches
NULL = numpy.uintp(0)
TYPES = {
    "int*": numpy.dtype("int32"),
    "long long*": numpy.dtype("int64"),
    "unsigned": numpy.uint32,
    "unsigned long long": numpy.uint64,
}


def launch(name: str, count: int, *arguments: Any) -> None:
    """Run a kernel in `count` threads or a few more: it takes the count and then the arguments."""
    _launch(name, -(-count // THREADS), count, arguments)


def launch_blocks(name: str, count: int, *arguments: Any) -> None:
    """Run a kernel in `count` blocks of THREADS threads each."""
    _launch(name, count, count, arguments)


def _launch(name: str, blocks: int, count: int, arguments: tuple) -> None:
    if count == 0:
        return
    dtype = arguments[_kinds(name).index("Real*")].dtype.char
    passed, most = _pass(name, dtype, False, arguments)
    wide = max(count, most) > NARROW
    if wide:
        passed, _ = _pass(name, dtype, True, arguments)
    index = numpy.int64 if wide else numpy.int32
    _kernel(name, dtype, wide)((blocks,), (THREADS,), (index(count), *passed))


def _pass(name: str, dtype: str, wide: bool, arguments: tuple) -> tuple[list, int]:
    """The arguments as CuPy passes them on, and the most elements that one of them has."""
    passed, most = [], 0
    for (is_pointer, kind), value in zip(_types(name, dtype, wide), arguments, strict=True):
        if not is_pointer:
            value = kind(value) if kind else value
        elif value is None:
            value = NULL
        elif value.dtype != kind or not value.flags.c_contiguous:
            order = "in order" if value.flags.c_contiguous else "out of order"
            raise TypeError(f"the kernel {name} is given {value.dtype} {order}, expected {kind} in order")
        elif value.size > most:
            most = value.size
        passed.append(value)
    return passed, most


@cache
def source() -> str:
    """The text of kernels.cu."""
    return Path(__file__).with_name("kernels.cu").read_text(encoding="utf-8")


@cache
def _kinds(name: str) -> list[str]:
    """The types of a kernel's parameters behind the first, without const."""
    (text,) = re.findall(rf"__global__ void {name}\((.*?)\)", source(), re.DOTALL)
    return [re.sub(r"\bconst\b|\w+$", "", parameter.strip()).strip() for parameter in text.split(",")][1:]


@cache
def _types(name: str, dtype: str, wide: bool) -> list[tuple[bool, Any]]:
    """Which are pointers, and what NumPy calls those types: None for a struct, which is passed as it is."""
    real, index = numpy.dtype(dtype), numpy.int64 if wide else numpy.int32
    types = TYPES | {"Real*": real, "Real": real.type, "Index": index}
    return [(kind.endswith("*"), types.get(kind)) for kind in _kinds(name)]


@cache
def _kernel(name: str, dtype: str, wide: bool) -> Any:
    return _module(dtype, wide).get_function(name)


@cache
def _module(dtype: str, wide: bool) -> Any:
    import cupy

    return cupy.RawModule(code=source(), options=options(dtype, wide))


def options(dtype: str, wide: bool) -> tuple[str, ...]:
    """What makes kernels for numbers of that type, with indices of 64 or of 32 bits."""
    real = {"f": "float", "d": "double"}[numpy.dtype(dtype).char]
    return f"-DREAL={real}", f"-DINDEX={'long long' if wide else 'int'}", f"-DTHREADS={THREADS}"
