"""growing_hdf5: files that grow and are whole all the while."""

import resource
import signal
import threading

import h5py
import numpy as np
import pytest

from cafflite import growing_hdf5
from cafflite.errors import DataError, FileError


def batch(number, rows=3, width=2):
    return {"data": np.full((rows, width, 1, 1), number, "f4"), "label": np.full((rows, 1), number, "f8")}


def read(path):
    with h5py.File(path) as file:
        return {name: file[name][...] for name in file}


def numbers(path):
    """The number of each row, which all its values tell."""
    found = read(path)
    assert (found["data"] == found["data"][:, :1]).all()
    assert found["data"][:, 0, 0, 0].tolist() == found["label"][:, 0].tolist()
    return found["label"][:, 0].tolist()


def test_rows_follow_each_other(tmp_path):
    path = tmp_path / "out.h5"
    sizes = [3, 5, 1, 400, 2]
    for i, rows in enumerate(sizes):
        growing_hdf5.write(path, batch(i, rows), anew=i == 0)
        assert numbers(path) == np.repeat(range(i + 1), sizes[: i + 1]).tolist()
    assert {name: rows.dtype for name, rows in read(path).items()} == {"data": np.float32, "label": np.float64}
    growing_hdf5.write(path, batch(7), anew=True)
    assert numbers(path) == [7, 7, 7]


def test_rows_without_values(tmp_path):
    path = tmp_path / "out.h5"
    for rows in (3, 0, 2):
        growing_hdf5.write(path, {"data": np.zeros((rows, 2, 0, 1), np.float32)}, anew=rows == 3)
    assert read(path)["data"].shape == (5, 2, 0, 1)


def test_a_batch_costs_as_much_as_it_is_large(tmp_path, monkeypatch):
    """However many came before: the bytes that are read and written stay the same."""
    sizes = []
    put, read = growing_hdf5._Changes.put, growing_hdf5._Changes.read

    def counted(method):
        def run(self, *arguments):
            result = method(self, *arguments)
            sizes[-1] += len(result or arguments[1])
            return result

        return run

    monkeypatch.setattr(growing_hdf5._Changes, "put", counted(put))
    monkeypatch.setattr(growing_hdf5._Changes, "read", counted(read))
    for i in range(300):
        sizes.append(0)
        growing_hdf5.write(tmp_path / "out.h5", batch(i, 100), anew=i == 0)
    assert max(sizes[200:]) < 1.5 * max(sizes[1:100])


class Killed(BaseException):
    """Stands for a signal that nothing can handle."""


def test_killed_between_any_two_writes_to_the_disk(tmp_path, monkeypatch):
    path, put = tmp_path / "out.h5", growing_hdf5._Changes.put
    growing_hdf5.write(path, batch(0), anew=True)
    moments = 0
    for i in range(1, 150):  # the trees of chunks grow nodes in between
        before = path.read_bytes()
        left = i % 4

        def put_until_killed(self, place, content):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            put(self, place, content)

        monkeypatch.setattr(growing_hdf5._Changes, "put", put_until_killed)
        try:
            growing_hdf5.write(path, batch(i), anew=False)
        except Killed:
            moments += 1
            found = read(path)
            for rows in found.values():
                assert rows.reshape(len(rows), -1)[: 3 * i, 0].tolist() == np.repeat(range(i), 3).tolist()
            path.write_bytes(before)
            monkeypatch.setattr(growing_hdf5._Changes, "put", put)
            growing_hdf5.write(path, batch(i), anew=False)
    assert moments > 60
    assert numbers(path) == np.repeat(range(150), 3).tolist()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "out.h5"
    growing_hdf5.write(path, batch(0), anew=True)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for anew in (False, True):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5000, limits[1]))
        try:
            with pytest.raises(FileError, match=f"^{path}: cannot be written.*: File too large"):
                growing_hdf5.write(path, batch(1, 2000), anew)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.read_bytes() == before
    growing_hdf5.write(path, batch(1), anew=False)
    assert numbers(path) == [0, 0, 0, 1, 1, 1]


def test_an_interrupted_batch_is_finished(tmp_path, monkeypatch):
    path, add = tmp_path / "out.h5", growing_hdf5._add
    growing_hdf5.write(path, batch(0), anew=True)

    def interrupted(file, rows):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        add(file, rows)

    monkeypatch.setattr(growing_hdf5, "_add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        growing_hdf5.write(path, batch(1), anew=False)
    assert numbers(path) == [0, 0, 0, 1, 1, 1]


def cut(path):
    path.write_bytes(path.read_bytes()[:1000])


def replace(path):
    with h5py.File(path, "w") as file:
        file["other"] = np.zeros(3)


def link(path):
    with h5py.File(path, "a") as file:
        del file["data"]
        file["data"] = h5py.ExternalLink("elsewhere.h5", "/data")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "cannot be written as HDF5: No such file or directory"),
        (lambda path: path.write_bytes(b""), "cannot be written as HDF5"),
        (lambda path: path.write_text("text" * 99), "cannot be written as HDF5"),
        (cut, "cannot be written as HDF5"),
        (replace, "there is no '/data' in this file"),
        (link, "'/data' is a link to something elsewhere"),
    ],
)
def test_a_file_that_others_have_harmed(tmp_path, harm, message):
    path = tmp_path / "out.h5"
    growing_hdf5.write(path, batch(0), anew=True)
    harm(path)
    with pytest.raises(FileError, match=f"^{path}: {message}"):
        growing_hdf5.write(path, batch(1), anew=False)


def test_rows_of_another_shape(tmp_path):
    growing_hdf5.write(tmp_path / "out.h5", batch(0), anew=True)
    message = r"out.h5: rows of shape \(3, 5, 1, 1\) cannot follow \(3, 2, 1, 1\) of 'data'"
    with pytest.raises(DataError, match=message):
        growing_hdf5.write(tmp_path / "out.h5", batch(1, width=5), anew=False)
    assert numbers(tmp_path / "out.h5") == [0, 0, 0]
