"""Reading a LevelDB, through the package plyvel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

from cafflite.errors import DataError


class LevelDBReader:
    """The records of a LevelDB, in the order of their keys.

    LevelDB lets one process open a database once, and needs to write into its folder even to read. Raises DataError for
    one that cannot be opened, is damaged or empty.
    """

    count = None  # it is stored nowhere

    def __init__(self, source: str | os.PathLike[str]) -> None:
        self.source = str(source)
        self._plyvel = plyvel()
        self._database = self._checked(self._open)
        if self._checked(lambda: next(self._database.iterator(), None)) is None:
            self.close()
            raise DataError("the LevelDB holds no records").at(self.source)

    def close(self) -> None:
        self._database.close()

    def records(self, start: int = 0) -> Iterator[tuple[str, bytes]]:
        """(key, value) of every record from the number `start` on."""
        found = islice(self._database.iterator(verify_checksums=True, fill_cache=False), start, None)
        while record := self._checked(lambda: next(found, None)):
            key, value = record
            yield key.decode("utf-8", "surrogateescape"), value

    def _open(self) -> Any:
        # Caffe's setting; paranoid so that a damaged part is not passed over.
        return self._plyvel.DB(self.source, create_if_missing=False, max_open_files=100, paranoid_checks=True)

    def _checked(self, access: Any) -> Any:
        try:
            return access()
        except self._plyvel.CorruptionError as error:
            raise DataError(f"the LevelDB is damaged: {text(error)}; copy or make it again").at(self.source) from error
        except self._plyvel.Error as error:
            hint = ""
            if "LOCK:" in text(error):
                hint = "; only one process at a time can have a LevelDB open, once, and has to be able to write there"
            raise DataError(f"the LevelDB cannot be read: {text(error)}{hint}").at(self.source) from error


def plyvel() -> Any:
    """The package plyvel. Raises DataError when it is not installed."""
    try:
        import plyvel
    except ImportError:
        raise DataError(
            "a LevelDB needs the package plyvel; pip install 'cafflite[leveldb]' brings it: ready-made for Python up "
            "to 3.12 on Linux, elsewhere compiled with the LevelDB of the system"
        ) from None
    return plyvel


def text(error: Exception) -> str:
    """What plyvel says, which it raises as bytes."""
    return error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else str(error)
