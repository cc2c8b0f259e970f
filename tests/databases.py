"""The kinds of database, to run a test with each."""

from importlib.util import find_spec

import pytest

from cafflite.database import LEVELDB, LMDB

needs_leveldb = pytest.mark.skipif(
    find_spec("plyvel") is None,
    reason="needs plyvel, which is ready-made only for Python up to 3.12 on Linux and otherwise compiled with LevelDB",
)
BACKENDS = [pytest.param(LMDB, id="LMDB"), pytest.param(LEVELDB, id="LEVELDB", marks=needs_leveldb)]
backends = pytest.mark.parametrize("backend", BACKENDS)
