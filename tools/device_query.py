"""Show what this machine has to run nets on: processor, threads, libraries, GPUs.

    cafflite device_query
    cafflite device_query --gpu=0

With --gpu it is an error when a GPU cannot be used; else a line says why not.
"""

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from types import SimpleNamespace

from threadpoolctl import threadpool_info

from cafflite.backend import cupy_probe, pool
from cafflite.errors import BackendError, UsageError
from cafflite.tools._flags import Flags

FLAGS: Flags = {"gpu": ("", "the numbers of the GPUs to ask about, with commas between, or all")}


def run(flags: SimpleNamespace) -> int:
    if flags.gpu and flags.gpu != "all" and not all(number.isdecimal() for number in flags.gpu.split(",")):
        raise UsageError(f"--gpu is '{flags.gpu}', expected the numbers of GPUs, or all")
    for line in _processor():
        print(line)
    numbers = [int(number) for number in flags.gpu.split(",")] if flags.gpu not in ("", "all") else None
    try:
        for line in _gpus(numbers):
            print(line)
    except BackendError as error:
        if flags.gpu:
            raise
        print(f"GPU: {error}")
    return 0


def _processor() -> Iterable[str]:
    yield f"Python {platform.python_version()}, {platform.platform()}"
    yield f"CPU: {platform.machine()}, {os.cpu_count()} cores, {pool.threads()} threads used (CAFFLITE_NUM_THREADS)"
    for package in ("cafflite", "numpy", "numba", "h5py", "protobuf"):
        yield f"{package}: {_version(package)}"
    for library in threadpool_info():
        if library["user_api"] == "blas":
            yield f"BLAS: {library['internal_api']} {library['version']} for {library.get('architecture', 'any')}"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _gpus(numbers: list[int] | None) -> Iterable[str]:
    """A line for each of these GPUs, or of all. Raises BackendError for the first that cannot be used."""
    cupy_probe.probe(0)
    import cupy

    for number in range(cupy.cuda.runtime.getDeviceCount()) if numbers is None else numbers:
        cupy_probe.probe(number)
        found = cupy.cuda.runtime.getDeviceProperties(number)
        yield (
            f"GPU {number}: {found['name'].decode()}, {found['totalGlobalMem'] / 2**30:.1f} GiB, "
            f"compute capability {found['major']}.{found['minor']}, {found['multiProcessorCount']} multiprocessors"
        )
