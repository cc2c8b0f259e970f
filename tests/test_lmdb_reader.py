"""LMDBs as the library writes them, and damaged in every way."""

import os
import random
import stat

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cafflite.errors import DataError
from cafflite.lmdb_reader import LmdbReader


def write(folder, *batches: dict[bytes, bytes], **settings) -> bytes:
    """Write each batch in a transaction of its own; return the file."""
    with lmdb.open(str(folder), map_size=2**26, lock=False, sync=False, **settings) as environment:
        for batch in batches:
            with environment.begin(write=True) as transaction:
                for key, value in batch.items():
                    transaction.put(key, value)
    return (folder / "data.mdb").read_bytes()


def read(folder) -> dict[str, bytes]:
    reader = LmdbReader(folder)
    try:
        return dict(reader.records())
    finally:
        reader.close()


def records(count: int) -> dict[bytes, bytes]:
    """Small values, which lie beside their keys, and large ones, which have pages of their own."""
    return {b"%08d_x.png" % i: bytes([i % 251]) * (i * 37 % 9000 if i % 5 == 0 else i % 300) for i in range(count)}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.binary(min_size=1, max_size=511), st.integers(0, 10000), min_size=1, max_size=30),
        min_size=1,
        max_size=4,
    )
)
def test_the_records_are_those_that_were_written(tmp_path_factory, batches) -> None:
    folder = tmp_path_factory.mktemp("db")
    written = [{key: key[:1] * size for key, size in batch.items()} for batch in batches]
    write(folder, *written)
    everything = {key: value for batch in written for key, value in batch.items()}
    reader = LmdbReader(folder)
    assert reader.count == len(everything)
    found = [(key.encode("utf-8", "surrogateescape"), value) for key, value in reader.records()]
    reader.close()
    assert found == sorted(everything.items())


def test_a_tree_of_three_levels_from_any_record_on(tmp_path) -> None:
    expected = records(20000)
    write(tmp_path, expected)
    reader = LmdbReader(tmp_path)
    assert reader._meta.depth == 3
    for start in (0, 1, 7000, 19999, 20000):
        found = [(key.encode(), value) for key, value in reader.records(start)]
        assert found == list(expected.items())[start:]
    reader.close()


def test_records_that_were_deleted_or_replaced(tmp_path) -> None:
    expected = records(3000)
    write(tmp_path, expected)
    with lmdb.open(str(tmp_path), map_size=2**26, lock=False) as environment:
        keys = list(expected)
        for first in range(0, len(keys), 100):
            with environment.begin(write=True) as transaction:
                for number, key in enumerate(keys[first : first + 100]):
                    if number % 3 == 0:
                        transaction.delete(key)
                        del expected[key]
                    elif number % 3 == 1:
                        expected[key] = b"new" * (first + number)
                        transaction.put(key, expected[key])
    assert read(tmp_path) == {key.decode(): value for key, value in expected.items()}


def test_a_folder_that_cannot_be_written_to(tmp_path) -> None:
    write(tmp_path, records(10))
    before = set(os.listdir(tmp_path))
    os.chmod(tmp_path, stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert len(read(tmp_path)) == 10
    finally:
        os.chmod(tmp_path, stat.S_IRWXU)
    assert set(os.listdir(tmp_path)) == before


def test_free_pages_at_the_end_may_be_missing(tmp_path) -> None:
    """The library does not write pages that were used and freed in one transaction."""
    content = write(tmp_path, records(100))
    for at in (0, 4096):
        last_page = at + 16 + 24 + 2 * 48
        number = int.from_bytes(content[last_page : last_page + 8], "little")
        if at:
            content = content[:last_page] + (number + 5).to_bytes(8, "little") + content[last_page + 8 :]
    (tmp_path / "data.mdb").write_bytes(content)
    assert len(read(tmp_path)) == 100


def test_a_file_that_is_cut_off_is_found_out_when_it_is_opened(tmp_path) -> None:
    content = write(tmp_path, *(records(1500) for _ in range(2)))
    for size in [*range(0, 300, 7), *range(300, len(content), len(content) // 150)]:
        (tmp_path / "data.mdb").write_bytes(content[:size])
        with pytest.raises(DataError) as caught:
            LmdbReader(tmp_path)
        assert str(caught.value).startswith(f"{tmp_path}: the LMDB ")


def test_a_file_that_is_cut_off_while_it_is_read(tmp_path) -> None:
    write(tmp_path, records(1500))
    reader = LmdbReader(tmp_path)
    found = reader.records()
    next(found)
    os.truncate(tmp_path / "data.mdb", 8192)
    with pytest.raises(DataError, match="the LMDB is damaged: data.mdb ends"):
        list(found)
    reader.close()


def test_damaged_bytes_are_never_another_error(tmp_path) -> None:
    content = write(tmp_path, records(200))
    pages = len(content) // 4096
    generator = random.Random(1)
    errors = 0
    for _ in range(600):
        damaged = bytearray(content)
        for _ in range(generator.choice([1, 3, 20])):
            page = generator.choice([0, 1, generator.randrange(pages)])
            damaged[page * 4096 + generator.randrange(generator.choice([160, 4096]))] = generator.randrange(256)
        (tmp_path / "data.mdb").write_bytes(damaged)
        try:
            assert len(read(tmp_path)) <= 300
        except DataError as error:
            assert str(error).startswith(f"{tmp_path}: the LMDB ")
            errors += 1
    assert errors > 100


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (16, b"\0\0\0\0", "it does not begin as an LMDB of a 64-bit system does"),
        (20, b"\2\0\0\0", "the LMDB has format version 2, expected 1"),
        (4096 + 16 + 24 + 48 + 6, b"\1\1", "its two first pages contradict each other"),
        (4096 + 16 + 24 + 48 + 4, b"\4\0", "the LMDB has several values for a key, or another order than Caffe's"),
        (4096 + 16 + 24 + 48 + 32, bytes(8), "the LMDB holds no records"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, at, value, message) -> None:
    content = write(tmp_path, records(10))
    (tmp_path / "data.mdb").write_bytes(content[:at] + value + content[at + len(value) :])
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert message in str(caught.value)


def test_several_values_for_a_key(tmp_path) -> None:
    with lmdb.open(str(tmp_path), max_dbs=1, lock=False) as environment:
        named = environment.open_db(b"named")
        with environment.begin(write=True) as transaction:
            transaction.put(b"key", b"value", db=named)
    with pytest.raises(DataError, match="a record in page . is not one of Caffe's"):
        read(tmp_path)
