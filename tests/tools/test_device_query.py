import re
import sys
from types import SimpleNamespace

import pytest

from cafflite.backend import cupy_probe, pool
from cafflite.errors import BackendError
from cafflite.tools.main import main


@pytest.fixture
def no_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


@pytest.fixture
def two_gpus(monkeypatch):
    """As much of CuPy as the command asks."""
    properties = {"name": b"Tester 1000", "totalGlobalMem": 3 * 2**30, "major": 9, "minor": 0, "multiProcessorCount": 5}
    runtime = SimpleNamespace(getDeviceCount=lambda: 2, getDeviceProperties=lambda number: properties)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=SimpleNamespace(runtime=runtime)))

    def probe(device: int) -> None:
        if device > 1:
            raise BackendError(f"there is no GPU {device}")

    monkeypatch.setattr(cupy_probe, "probe", probe)


def test_the_processor(capsys, no_cupy):
    assert main(["device_query"]) == 0
    out = capsys.readouterr().out
    assert f" {pool.threads()} threads used" in out
    assert re.search(r"^numpy: \d", out, re.MULTILINE)
    assert re.search(r"^BLAS: \S+ \d", out, re.MULTILINE)
    assert out.splitlines()[-1].startswith("GPU: GPU mode needs CuPy, which cannot be imported here (")


@pytest.mark.parametrize("gpu", ["0", "all"])
def test_a_gpu_that_is_asked_for_and_not_there(capsys, no_cupy, gpu):
    assert main(["device_query", "-gpu", gpu]) == 1
    assert re.fullmatch(r"cafflite: GPU mode needs CuPy, .*\n", capsys.readouterr().err)


@pytest.mark.parametrize(("flags", "numbers"), [("", "01"), ("-gpu all", "01"), ("-gpu 1", "1"), ("-gpu 1,0", "10")])
def test_the_gpus(capsys, two_gpus, flags, numbers):
    assert main(["device_query", *flags.split()]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("GPU")]
    assert lines == [
        f"GPU {number}: Tester 1000, 3.0 GiB, compute capability 9.0, 5 multiprocessors" for number in numbers
    ]


@pytest.mark.parametrize(
    ("gpu", "message"),
    [
        ("2", "there is no GPU 2"),
        ("first", "device_query: --gpu is 'first', expected the numbers of GPUs, or all"),
        ("0,", "device_query: --gpu is '0,', expected the numbers of GPUs, or all"),
    ],
)
def test_a_mistake_is_one_line(capsys, two_gpus, gpu, message):
    assert main(["device_query", f"--gpu={gpu}"]) == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"
