"""What all tests share: where the recorded figures are, and a process-wide state that no test leaves behind."""

import signal
from pathlib import Path

import pytest

import cafflite
from cafflite import host_blob, log
from tests.device_twins import device_ops

TESTS = Path(__file__).parent
SHARED = TESTS.parent.parent / "shared"


def pytest_configure() -> None:
    """Tests press Ctrl-C; a shell that starts pytest in the background has it, and all its children, ignore that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def golden() -> Path:
    """The figures recorded from the original Caffe."""
    return TESTS / "golden"


@pytest.fixture
def shared() -> Path:
    """Public prototxts, models and texts that are not part of this repository."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared, the collection beside the checkout")
    return SHARED


@pytest.fixture(autouse=True)
def cpu_mode():
    """Every test starts on the CPU with the same seed, with messages, and with nothing to copy to a device."""
    host_blob.flush()
    log.quiet = False
    cafflite.set_mode_cpu()
    cafflite.set_random_seed(1701)
    yield
    cafflite.set_mode_cpu()


@pytest.fixture(params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request) -> str:
    """The test runs on each of these, its nets made in Caffe's mode of that name. Skipped where CuPy has no device."""
    if request.param == "gpu":
        device_ops()
        cafflite.set_mode_gpu()
    return request.param
