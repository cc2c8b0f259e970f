"""Databases of both kinds, made here and read again."""

import os
import random
import shutil
import signal
import subprocess
import sys

import lmdb
import pytest
from databases import backends, needs_leveldb

from cafflite import database
from cafflite.database import LEVELDB, LMDB, Cursor, backend_named, new_database, open_database
from cafflite.errors import DataError, FileError, UsageError

RECORDS = {f"{i:08}_{i % 7}.png": bytes([i % 251]) * (i % 3000) for i in range(2500)}


def make(path, backend: int, records: dict[str, bytes] = RECORDS) -> None:
    with new_database(path, backend) as put:
        for key, value in records.items():
            put(key, value)


@pytest.fixture
def opened():
    """Open databases for a test, and close them."""
    readers = []

    def open_one(path, backend: int):
        readers.append(open_database(path, backend))
        return readers[-1]

    yield open_one
    for reader in readers:
        reader.close()


@backends
def test_there_and_back(tmp_path, opened, backend) -> None:
    make(tmp_path / "db", backend, dict(reversed(RECORDS.items())))
    reader = opened(tmp_path / "db", backend)
    assert list(reader.records()) == sorted(RECORDS.items())
    assert list(reader.records(2400)) == list(RECORDS.items())[2400:]
    assert reader.count == (len(RECORDS) if backend == LMDB else None)
    assert os.listdir(tmp_path) == ["db"]


EXPECTED = [(key.encode(), value) for key, value in RECORDS.items()]


def test_what_is_made_is_an_lmdb_for_the_library(tmp_path) -> None:
    make(tmp_path / "lmdb", LMDB)
    with lmdb.open(str(tmp_path / "lmdb"), readonly=True) as environment, environment.begin() as transaction:
        assert list(transaction.cursor()) == EXPECTED


@needs_leveldb
def test_what_is_made_is_a_leveldb_for_the_library(tmp_path) -> None:
    import plyvel

    make(tmp_path / "leveldb", LEVELDB)
    with plyvel.DB(str(tmp_path / "leveldb")) as found:
        assert list(found) == EXPECTED


def test_an_lmdb_grows_as_needed(tmp_path, opened, monkeypatch) -> None:
    monkeypatch.setattr(database, "FIRST_SIZE", 2**16)
    make(tmp_path / "db", LMDB)
    assert list(opened(tmp_path / "db", LMDB).records()) == list(RECORDS.items())


@backends
def test_a_name_of_any_bytes(tmp_path, opened, backend) -> None:
    name = os.fsdecode(b"n\xff\xfe.png")
    make(tmp_path / "db", backend, {name: b"x"})
    assert list(opened(tmp_path / "db", backend).records()) == [(name, b"x")]


@backends
def test_a_cursor_goes_round(tmp_path, opened, backend) -> None:
    records = dict(list(RECORDS.items())[:3])
    make(tmp_path / "db", backend, records)
    first, second, third = records.items()
    cursor = Cursor(opened(tmp_path / "db", backend))
    assert [cursor.next() for _ in range(7)] == [first, second, third, first, second, third, first]
    assert cursor.position == 1
    cursor.seek(2)
    assert (cursor.next(), cursor.position) == (third, 3)
    cursor.rewind()
    assert (cursor.next(), cursor.position) == (first, 1)
    cursor.seek(10)
    assert (cursor.next(), cursor.position) == (first, 1)


@backends
@pytest.mark.parametrize("error", [DataError, KeyboardInterrupt])
def test_nothing_stays_of_a_database_that_is_given_up(tmp_path, backend, error) -> None:
    with pytest.raises(error), new_database(tmp_path / "db", backend) as put:
        for key, value in RECORDS.items():
            put(key, value)
        raise error
    assert os.listdir(tmp_path) == []


WAIT = """
import sys, time
from cafflite.database import new_database
with new_database("db", int(sys.argv[1])) as put:
    put("a", b"b")
    print(flush=True)
    time.sleep(60)
"""


@backends
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path, backend) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(backend)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".db.")
    make(tmp_path / "db", backend)
    assert os.listdir(tmp_path) == ["db"]


@backends
def test_what_is_there_is_not_written_over(tmp_path, backend) -> None:
    make(tmp_path / "db", backend, {"a": b"b"})
    (tmp_path / "file").touch()
    for name in ("db", "file", "db/"):
        with pytest.raises(FileError, match=f"{name}: it exists already; remove it, or name another one"):
            make(f"{tmp_path}/{name}", backend)


@backends
def test_a_place_that_cannot_be_written(tmp_path, backend) -> None:
    with pytest.raises(FileError, match="absent/db: cannot be written: No such file or directory"):
        make(tmp_path / "absent" / "db", backend)


def test_a_key_that_is_too_long_for_an_lmdb(tmp_path) -> None:
    with pytest.raises(DataError, match=r"the key '00000000_a/a/.*\.\.\.' has 519 bytes, an LMDB takes up to 511"):
        make(tmp_path / "db", LMDB, {"00000000_" + "a/" * 255: b""})
    assert os.listdir(tmp_path) == []


FILL = """
import resource, signal, sys
from cafflite.database import new_database
from cafflite.errors import FileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    with new_database("db", int(sys.argv[1])) as put:
        for i in range(1000):
            put(f"{i:08}", bytes(1000))
except FileError as error:
    print(error)
"""


@backends
def test_a_disk_that_fills_up(tmp_path, backend) -> None:
    printed = subprocess.run(
        [sys.executable, "-c", FILL, str(backend)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ).stdout
    assert printed.startswith("db: cannot be written: ")
    assert printed.endswith("; is there room on the disk?\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "backend", "message"),
    [
        ("absent", LMDB, "there is nothing of this name, expected the folder of an LMDB"),
        ("file", LEVELDB, "it is a file, expected the folder of a LevelDB"),
        ("empty", LMDB, "the folder holds no database, expected an LMDB"),
        ("lmdb", LEVELDB, "this is an LMDB, expected a LevelDB; set `backend: LMDB` in a prototxt, "),
        pytest.param(
            "leveldb",
            LMDB,
            "this is a LevelDB, expected an LMDB; set `backend: LEVELDB` in a prototxt, ",
            marks=needs_leveldb,
        ),
        ("lmdb_without_records", LMDB, "the LMDB holds no records"),
        pytest.param("leveldb_without_records", LEVELDB, "the LevelDB holds no records", marks=needs_leveldb),
    ],
)
def test_what_is_not_the_database_asked_for(tmp_path, name, backend, message) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    kind = LEVELDB if name.startswith("leveldb") else LMDB
    if "lmdb" in name or "leveldb" in name:
        make(tmp_path / name, kind, {} if "without" in name else RECORDS)
    before = sorted(os.listdir(tmp_path / "empty"))
    with pytest.raises(DataError) as caught:
        open_database(tmp_path / name, backend)
    assert str(caught.value).startswith(f"{tmp_path / name}: {message}")
    assert sorted(os.listdir(tmp_path / "empty")) == before


@needs_leveldb
def test_a_leveldb_is_open_once(tmp_path, opened) -> None:
    make(tmp_path / "db", LEVELDB)
    opened(tmp_path / "db", LEVELDB)
    with pytest.raises(DataError, match="LOCK.*; only one process at a time can have a LevelDB open, once"):
        open_database(tmp_path / "db", LEVELDB)


FUZZ = """
import sys
from cafflite.database import LEVELDB, open_database
from cafflite.errors import DataError
for folder in sys.argv[1:]:
    try:
        reader = open_database(folder, LEVELDB)
        try:
            print(sum(1 for _ in reader.records()))
        finally:
            reader.close()
    except DataError as error:
        print(error)
"""


@needs_leveldb
def test_a_damaged_leveldb_never_ends_the_process(tmp_path) -> None:
    whole = tmp_path / "whole"
    make(whole, LEVELDB)
    reader = open_database(whole, LEVELDB)  # the log becomes a table
    reader.close()
    files = [entry.name for entry in os.scandir(whole) if entry.stat().st_size and not entry.name.startswith("LO")]
    generator = random.Random(1)
    folders = []
    for number in range(60):
        folder = shutil.copytree(whole, tmp_path / f"damaged{number}")
        path = folder / generator.choice(files)
        content = bytearray(path.read_bytes())
        if number % 3:
            for _ in range(5):
                content[generator.randrange(len(content))] = generator.randrange(256)
        else:
            content = content[: generator.randrange(len(content))]
        path.write_bytes(content)
        folders.append(str(folder))
    result = subprocess.run(
        [sys.executable, "-c", FUZZ, *folders],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert result.returncode == 0, result.stderr
    printed = [line for line in result.stdout.splitlines() if line == str(len(RECORDS)) or "the LevelDB " in line]
    assert len(printed) == len(folders), result.stdout
    assert sum("the LevelDB is damaged" in line or "cannot be read" in line for line in printed) > 30


@pytest.mark.parametrize(
    ("package", "backend", "message"),
    [
        ("lmdb", LMDB, r"writing an LMDB needs the package lmdb; pip install 'cafflite\[lmdb\]' brings it"),
        ("plyvel", LEVELDB, r"a LevelDB needs the package plyvel; pip install 'cafflite\[leveldb\]' brings it"),
    ],
)
def test_a_package_that_is_missing(tmp_path, monkeypatch, package, backend, message) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataError, match=message):
        make(tmp_path / "db", backend)
    assert os.listdir(tmp_path) == []


def test_reading_an_lmdb_needs_no_package(tmp_path, opened, monkeypatch) -> None:
    make(tmp_path / "db", LMDB)
    monkeypatch.setitem(sys.modules, "lmdb", None)
    assert list(opened(tmp_path / "db", LMDB).records()) == list(RECORDS.items())


def test_names_of_backends() -> None:
    assert [backend_named(name) for name in ("lmdb", "LMDB", "leveldb")] == [LMDB, LMDB, LEVELDB]
    with pytest.raises(UsageError, match="the backend is 'hdf5', expected lmdb or leveldb"):
        backend_named("hdf5")
