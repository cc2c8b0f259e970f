"""What is timed is left to `--benchmark-only`: the test suite has no use for the figures."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("benchmark_only", False):
        items[:] = [item for item in items if "benchmark" not in getattr(item, "fixturenames", ())]
