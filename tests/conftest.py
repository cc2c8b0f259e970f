"""What all tests share: where the recorded figures are, and a process-wide state that no test leaves behind."""

from pathlib import Path

import pytest

import cafflite

TESTS = Path(__file__).parent
SHARED = TESTS.parent.parent / "shared"


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
    """Every test starts on the CPU with the same seed."""
    cafflite.set_mode_cpu()
    cafflite.set_random_seed(1701)
    yield
    cafflite.set_mode_cpu()
