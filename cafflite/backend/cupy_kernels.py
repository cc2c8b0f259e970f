"""The kernels of kernels.cu, launched by name. CuPy compiles them when one is first used, and keeps them on disk."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy

THREADS = 256  # of a block
NARROW = 2**31 - THREADS  # elements that a 32-bit index reaches
POINTERS = {"int*": numpy.dtype("int32"), "long long*": numpy.dtype("int64")}
NUMBERS = {"unsigned": numpy.uint32, "unsigned long long": numpy.uint64}


def launch(name: str, count: int, *arguments: Any) -> None:
    """Run a kernel in `count` threads or a few more: it takes the count and then the arguments."""
    _launch(name, -(-count // THREADS), count, arguments)


def launch_blocks(name: str, count: int, *arguments: Any) -> None:
    """Run a kernel in `count` blocks of THREADS threads each."""
    _launch(name, count, count, arguments)


def _launch(name: str, blocks: int, count: int, arguments: tuple) -> None:
    if count == 0:
        return
    given = list(zip(_parameters(name), arguments, strict=True))
    dtype = next(value.dtype for kind, value in given if kind == "Real*" and value is not None)
    wide = max(count, *(value.size for kind, value in given if kind[-1] == "*" and value is not None)) > NARROW
    index = numpy.int64 if wide else numpy.int32
    pointers, numbers = POINTERS | {"Real*": dtype}, NUMBERS | {"Real": dtype.type, "Index": index}
    passed: list[Any] = [index(count)]
    for kind, value in given:
        if kind in numbers:
            value = numbers[kind](value)
        elif kind in pointers and value is None:
            value = numpy.uintp(0)
        elif kind in pointers and not (value.dtype == pointers[kind] and value.flags.c_contiguous):
            order = "in order" if value.flags.c_contiguous else "out of order"
            raise TypeError(f"the kernel {name} is given {value.dtype} {order}, expected {pointers[kind]} in order")
        passed.append(value)
    _kernel(name, dtype.name, wide)((blocks,), (THREADS,), tuple(passed))


@cache
def source() -> str:
    """The text of kernels.cu."""
    return Path(__file__).with_name("kernels.cu").read_text(encoding="utf-8")


@cache
def _parameters(name: str) -> list[str]:
    """The types of a kernel's parameters behind the first, without const."""
    (text,) = re.findall(rf"__global__ void {name}\((.*?)\)", source(), re.DOTALL)
    return [re.sub(r"\bconst\b|\w+$", "", parameter.strip()).strip() for parameter in text.split(",")][1:]


@cache
def _kernel(name: str, dtype: str, wide: bool) -> Any:
    return _module(dtype, wide).get_function(name)


@cache
def _module(dtype: str, wide: bool) -> Any:
    import cupy

    return cupy.RawModule(code=source(), options=options(dtype, wide))


def options(dtype: str, wide: bool) -> tuple[str, ...]:
    """What makes kernels for numbers of that type, with indices of 64 or of 32 bits."""
    real = {"float32": "float", "float64": "double"}[dtype]
    return f"-DREAL={real}", f"-DINDEX={'long long' if wide else 'int'}", f"-DTHREADS={THREADS}"
