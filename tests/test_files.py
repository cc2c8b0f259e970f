"""replace_file and new_folder: the new one whole, or what was there before untouched."""

import os
import resource

import pytest

from cafflite.errors import FileError
from cafflite.files import new_folder, replace_file


def test_the_new_file_takes_the_place_of_the_older(tmp_path) -> None:
    path = tmp_path / "snapshot"
    for content in (b"first", b"second"):
        with replace_file(path) as temporary:
            assert temporary.parent == tmp_path
            temporary.write_bytes(content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["snapshot"]


def test_permissions_are_those_of_any_new_file(tmp_path) -> None:
    with replace_file(tmp_path / "ours") as temporary:
        temporary.write_bytes(b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path) -> None:
    (tmp_path / "real").write_bytes(b"first")
    (tmp_path / "link").symlink_to("real")
    with replace_file(tmp_path / "link") as temporary:
        temporary.write_bytes(b"second")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"second"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_in_the_block_leaves_the_older_file(tmp_path, error) -> None:
    (tmp_path / "snapshot").write_bytes(b"first")
    with pytest.raises(error), replace_file(tmp_path / "snapshot") as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert os.listdir(tmp_path) == ["snapshot"]
    assert (tmp_path / "snapshot").read_bytes() == b"first"


def test_a_full_disk_leaves_the_older_file(tmp_path) -> None:
    (tmp_path / "snapshot").write_bytes(b"first")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(FileError, match="snapshot: cannot be written: File too large"):
            with replace_file(tmp_path / "snapshot") as temporary:
                temporary.write_bytes(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == ["snapshot"]
    assert (tmp_path / "snapshot").read_bytes() == b"first"


@pytest.mark.parametrize(
    "name, reason",
    [
        ("absent/snapshot", "No such file or directory"),
        ("plain/snapshot", "Not a directory"),
        ("folder", "it is not a regular file"),
        ("pipe", "it is not a regular file"),
    ],
)
def test_a_path_that_cannot_be_written(tmp_path, name, reason) -> None:
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match=f"{name}: cannot be written.*{reason}"):
        with replace_file(tmp_path / name) as temporary:
            temporary.write_bytes(b"x")
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe", "plain"]


def test_what_a_killed_run_has_left_is_removed(tmp_path) -> None:
    for name in (".snapshot.0123abcd", "..snapshot.0123abcd.89ef4567"):
        (tmp_path / name).write_bytes(b"half")
    kept = [".snapshot.notes", ".other.0123abcd", "snapshot.0123abcd"]
    for name in kept:
        (tmp_path / name).write_bytes(b"")
    with replace_file(tmp_path / "snapshot") as temporary:
        temporary.write_bytes(b"whole")
    assert sorted(os.listdir(tmp_path)) == sorted([*kept, "snapshot"])


def test_a_new_folder_gets_its_name_when_it_is_complete(tmp_path) -> None:
    with new_folder(tmp_path / "db") as temporary:
        assert not (tmp_path / "db").exists()
        (temporary / "data").write_bytes(b"whole")
    assert os.listdir(tmp_path) == ["db"]
    assert (tmp_path / "db" / "data").read_bytes() == b"whole"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_in_the_block_leaves_no_folder(tmp_path, error) -> None:
    with pytest.raises(error), new_folder(tmp_path / "db") as temporary:
        (temporary / "data").write_bytes(b"half")
        raise error
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["file", "folder", "broken_link"])
def test_a_new_folder_takes_no_name_that_is_there(tmp_path, name) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken_link").symlink_to("nowhere")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(FileError, match=f"{name}: it exists already; remove it, or name another one"):
        with new_folder(tmp_path / name):
            pass
    assert sorted(os.listdir(tmp_path)) == before


def test_the_folder_that_a_killed_run_has_left_is_removed(tmp_path) -> None:
    (tmp_path / ".db.0123abcd").mkdir()
    (tmp_path / ".db.0123abcd" / "data").write_bytes(b"half")
    with new_folder(tmp_path / "db"):
        pass
    assert os.listdir(tmp_path) == ["db"]
