"""What the tests of worked examples share: tests/models/test_NAME.py is about models/NAME/NAME.py."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import cafflite
import cafflite.models
from tests.device_twins import device_ops

Run = Callable[..., subprocess.CompletedProcess]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(cafflite.__file__).parents[1]), *sys.path])}


@pytest.fixture(scope="module")
def model(request) -> Path:
    """The folder of the example."""
    return Path(next(iter(cafflite.models.__path__))) / request.path.stem.removeprefix("test_")


@pytest.fixture(scope="module")
def example(model) -> ModuleType:
    """The script of the example as a module."""
    spec = importlib.util.spec_from_file_location(model.name, model / f"{model.name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def run_python() -> Run:
    """Call run_python(folder, *arguments) to run Python as a reader does, in a folder."""

    def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)

    return run


@pytest.fixture(scope="module", params=[None, pytest.param("0", marks=pytest.mark.gpu)], ids=["cpu", "gpu"])
def gpu(request) -> str | None:
    """The processes of the test run on the CPU, and on this GPU. Skipped where CuPy has none."""
    if request.param:
        device_ops()
    return request.param


@pytest.fixture(scope="module")
def run_script(model, gpu, run_python) -> Run:
    """Call run_script(folder, *arguments) to run the script of the example, on the CPU and on a GPU."""
    on_gpu = ("-m", "cafflite.tools.main", "run", "--gpu", gpu) if gpu else ()
    return lambda folder, *arguments: run_python(folder, *on_gpu, model / f"{model.name}.py", *arguments)
