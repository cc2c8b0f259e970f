"""Settings that a prototxt gives once for all tops, or once for each."""

from collections.abc import Sequence
from typing import Any

from cafflite.errors import NetError


def one_for_each(given: Sequence[Any], tops: int, what: str) -> list[Any]:
    """`given` as one value for each top: one stands for all, none stays none. Raises NetError for other numbers."""
    if len(given) not in (0, 1, tops):
        raise NetError(f"it has {len(given)} {what} for {tops} tops, expected one for all or one for each")
    return list(given) * tops if len(given) == 1 else list(given)
