import json
import tracemalloc

import h5py
import numpy as np
import pytest
from gradient_check import build

from cafflite.backend.ops import Ops
from cafflite.errors import CaffliteError, DataError, NetError
from cafflite.layers import _hdf5_rows


def write(path, **sets):
    with h5py.File(path, "w") as file:
        for name, values in sets.items():
            file[name] = values
    return path


@pytest.fixture
def files(tmp_path):
    """The list of three files of 5, 1 and 6 rows, where each value tells its row among all."""
    numbers = np.arange(12)
    for i, rows in enumerate(np.split(numbers, [5, 6])):
        write(tmp_path / f"{i}.h5", data=np.stack([rows, -rows], axis=1).astype(np.uint8), label=rows * 10.0)
    source = tmp_path / "list.txt"
    source.write_text("0.h5\r\n\n  1.h5 \n2.h5\n")
    return source


def layer_of(source, batch_size=4, param="", tops=("label",), seed=0, ops=None):
    names = " ".join(f'top: "{name}"' for name in tops)
    text = f'type: "HDF5Data" {names} hdf5_data_param {{ source: "{source}" batch_size: {batch_size} {param} }}'
    return build(text, [], tops=len(tops), seed=seed, ops=ops)


def labels(built, batches):
    """The numbers of the rows that come in so many batches."""
    layer, bottom, top = built
    found = []
    for _ in range(batches):
        layer.forward(bottom, top)
        found.extend((top[-1].data / 10).astype(int).tolist())
    return found


@pytest.mark.parametrize("batch_size", [1, 3, 4, 5, 12, 40])
def test_rows_run_on_from_file_to_file_and_around(files, batch_size):
    built = layer_of(files, batch_size, tops=("data", "label"))
    found = labels(built, 7)
    assert found == [i % 12 for i in range(7 * batch_size)]
    assert built[2][0].data.shape == (batch_size, 2)
    assert built[2][0].data[:, 0].tolist() == found[-batch_size:]


TYPES = [sign + size for sign in ("i", "u") for size in "1248"] + ["f2", "f4", "f8", ">f4", ">i4", ">u2"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_type_of_number(tmp_path, kind, dtype):
    values = np.array([[0, 1], [100, 7]]).astype(kind)
    write(tmp_path / "a.h5", data=values)
    (tmp_path / "list").write_text("a.h5")
    layer, bottom, top = layer_of(tmp_path / "list", 2, tops=("data",), ops=Ops(np, dtype))
    layer.forward(bottom, top)
    assert top[0].data.dtype == dtype
    assert top[0].data.tolist() == [[0, 1], [100, 7]]


def test_shuffled_every_pass_has_each_row_once_in_another_order(files):
    built = layer_of(files, 3, "shuffle: true", tops=("data", "label"))
    passes = []
    for _ in range(20):
        passes.append(labels(built, 4))
        assert built[2][0].data[:, 0].tolist() == passes[-1][-3:]  # the tops stay together
    assert all(sorted(rows) == list(range(12)) for rows in passes)
    assert len({tuple(rows) for rows in passes}) == 20
    first_files = {np.searchsorted([5, 6], rows[0], side="right") for rows in passes}
    assert first_files == {0, 1, 2}
    assert passes[0] == labels(layer_of(files, 3, "shuffle: true"), 4)
    assert passes[0] != labels(layer_of(files, 3, "shuffle: true", seed=1), 4)


@pytest.fixture(params=[None, (7,)], ids=["contiguous", "chunks of 7"])
def hundred(request, tmp_path):
    """The list of a file of 100 rows."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("label", data=np.arange(100) * 10, chunks=request.param)
    (tmp_path / "list").write_text("a.h5")
    return tmp_path / "list"


@pytest.fixture(params=[(9, 1), (40, 16), (99, 100), (5, 50)], ids=str)
def window(request, monkeypatch):
    """How many rows of such a file fit in memory at once, and how many are best read together."""
    for name, rows in zip(("WINDOW", "BLOCK"), request.param, strict=True):
        monkeypatch.setattr(_hdf5_rows, name, 8 * rows)
    monkeypatch.setattr(_hdf5_rows, "LEAST_BLOCKS", 4)
    return request.param[0]


def test_windows_of_a_large_file(hundred, window):
    assert labels(layer_of(hundred, 9), 30) == [i % 100 for i in range(270)]


def test_windows_of_a_shuffled_file(hundred, window):
    built = layer_of(hundred, 25, "shuffle: true")
    passes = [labels(built, 4) for _ in range(5)]
    assert all(sorted(rows) == list(range(100)) for rows in passes)
    assert len({tuple(rows) for rows in passes}) == 5
    assert labels(layer_of(hundred, 50, "shuffle: true"), 10) == sum(passes, [])
    assert labels(layer_of(hundred, 25, "shuffle: true", seed=1), 4) != passes[0]


@pytest.mark.parametrize("batches", [1, 11])
def test_an_exact_resume_within_a_window(hundred, window, batches):
    built = layer_of(hundred, 7, "shuffle: true")
    labels(built, batches)
    state = json.loads(json.dumps(built[0].state()))
    expected = labels(built, 20)
    again = layer_of(hundred, 7, "shuffle: true", seed=7)
    again[0].restore(state)
    assert labels(again, 20) == expected


def test_shuffled_rows_come_from_all_over_a_large_file(tmp_path, monkeypatch):
    write(tmp_path / "a.h5", label=np.arange(100_000) * 10)
    (tmp_path / "list").write_text("a.h5")
    monkeypatch.setattr(_hdf5_rows, "WINDOW", 8 * 10_000)
    found = np.array(labels(layer_of(tmp_path / "list", 10_000, "shuffle: true"), 10))
    assert sorted(found) == list(range(100_000))
    windows = found.reshape(10, 10_000)
    assert abs(windows.mean(axis=1) / 50_000 - 1).max() < 0.5
    assert (
        abs(np.corrcoef(windows[0][:-1], windows[0][1:])[0, 1]) < 0.1
    )  # neighbours have nothing to do with each other


def test_a_shuffled_file_reads_each_of_its_parts_a_few_times(tmp_path, monkeypatch):
    """Reading does not become more for each row when the file has more of them."""
    monkeypatch.setattr(_hdf5_rows, "WINDOW", 8 * 10_000)
    monkeypatch.setattr(_hdf5_rows, "BLOCK", 8 * 100)
    reads = []
    read = h5py.Dataset.__getitem__
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda data, rows: reads.append(1) or read(data, rows))
    for rows in (20_000, 80_000):
        write(tmp_path / "a.h5", label=np.arange(rows))
        (tmp_path / "list").write_text("a.h5")
        reads.clear()
        labels(layer_of(tmp_path / "list", 10_000, "shuffle: true"), rows // 10_000)
        assert len(reads) <= 1.1 * rows / 100


def test_small_files_are_read_once(files, monkeypatch):
    built = layer_of(files, 40, "shuffle: true")
    labels(built, 3)
    monkeypatch.setattr(h5py, "File", None)
    assert sorted(labels(built, 12))[::40] == list(range(12))


@pytest.mark.parametrize("shuffle", ["true", "false"])
def test_ten_gigabytes_are_never_in_memory(tmp_path, shuffle):
    with h5py.File(tmp_path / "large.h5", "w") as file:  # no chunk of it is on the disk
        file.create_dataset("data", (10_000_000, 256), "f4", chunks=(64, 256))
        file.create_dataset("label", (10_000_000,), "f4", chunks=(2**14,))
    (tmp_path / "list").write_text("large.h5")
    tracemalloc.start()
    layer, bottom, top = layer_of(tmp_path / "list", 64, f"shuffle: {shuffle}", ("data", "label"))
    for _ in range(3):
        layer.forward(bottom, top)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6


@pytest.mark.parametrize("shuffle", ["true", "false"])
@pytest.mark.parametrize("batches", [0, 1, 3, 5])
def test_an_exact_resume(files, shuffle, batches):
    built = layer_of(files, 4, f"shuffle: {shuffle}")
    labels(built, batches)
    state = json.loads(json.dumps(built[0].state()))
    expected = labels(built, 8)
    again = layer_of(files, 4, f"shuffle: {shuffle}", seed=7)
    again[0].restore(state)
    assert labels(again, 8) == expected


@pytest.mark.parametrize("place", [{"file": 3, "row": 0}, {"file": 1, "row": 2}])
def test_a_place_that_the_list_has_not(files, place):
    layer, _, _ = layer_of(files)
    with pytest.raises(DataError, match=f"row {place['row']} of file {place['file']}, and '.*list.txt' has no such"):
        layer.restore({**layer.state(), **place})


def test_names_are_from_the_working_directory_first(files, monkeypatch, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    write(folder / "1.h5", label=np.array([990.0]))
    monkeypatch.chdir(folder)
    built = layer_of(files, 6)
    monkeypatch.chdir("/")  # what was found stays found
    assert labels(built, 1) == [0, 1, 2, 3, 4, 99]


def test_a_data_set_in_a_group(tmp_path):
    write(tmp_path / "a.h5", **{"train/label": np.array([10, 20])})
    (tmp_path / "list").write_text(str(tmp_path / "a.h5"))
    assert labels(layer_of(tmp_path / "list", 2, tops=("train/label",)), 1) == [1, 2]


@pytest.mark.parametrize("shuffle", ["true", "false"])
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 2**38), r"a blob of shape \(4, 274877906944\) would have"),
        ((2**36,), None),  # rows are read as they are needed
        ((2**55,), "a.h5: 36,028,797,018,963,968 rows are more than can be shuffled: cut the file into parts"),
    ],
)
def test_a_data_set_that_declares_terabytes(tmp_path, shape, message, shuffle):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("label", shape, "f4", chunks=(1, 2**20) if len(shape) == 2 else (2**18,))
    (tmp_path / "list").write_text("a.h5")
    if message is None or (shuffle == "false" and "shuffled" in message):
        assert labels(layer_of(tmp_path / "list", param=f"shuffle: {shuffle}"), 1) == [0, 0, 0, 0]
    else:
        with pytest.raises(CaffliteError, match=message):
            layer_of(tmp_path / "list", param=f"shuffle: {shuffle}")


def test_a_filter_that_is_not_there(tmp_path):
    """A chunk that its file says to be packed in a way that nobody here knows."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("label", (100,), "f4", chunks=(50,), compression="gzip")
        data[:] = 1
    content = (tmp_path / "a.h5").read_bytes()
    place = content.index(b"deflate") - 8  # the filter's number, before its name
    assert content[place : place + 2] == b"\1\0"
    (tmp_path / "a.h5").write_bytes(content[:place] + b"\xff\x7f" + content[place + 2 :])
    (tmp_path / "list").write_text("a.h5")
    with pytest.raises(DataError, match="a.h5: '/label' is packed by filter 32767 of HDF5, which is not here"):
        layer_of(tmp_path / "list")


def links(path, kind):
    """A file whose data set 'label' is not its own."""
    other = write(path.with_name("other.h5"), label=np.zeros(5))
    with h5py.File(path, "w") as file:
        if kind == "soft":
            file["label"] = h5py.SoftLink("/elsewhere")
        elif kind == "external":
            file["label"] = h5py.ExternalLink(other, "label")
        elif kind == "virtual":
            layout = h5py.VirtualLayout((5,), "f8")
            layout[:] = h5py.VirtualSource(other, "label", shape=(5,))
            file.create_virtual_dataset("label", layout)
        else:
            file.create_dataset("label", (5,), "f8", external=[(str(path.with_name("raw")), 0, 40)])


@pytest.mark.parametrize("kind", ["soft", "external", "virtual", "raw"])
def test_what_leads_out_of_the_file_is_refused(tmp_path, kind):
    links(tmp_path / "a.h5", kind)
    (tmp_path / "list").write_text("a.h5")
    with pytest.raises(DataError, match=r"a.h5: '/label'"):
        layer_of(tmp_path / "list")


BAD_FILES = {
    "text": ("not HDF5 at all", "a.h5: cannot be read as HDF5"),
    "empty": ("", "a.h5: cannot be read as HDF5"),
    "no data set": ({"other": np.zeros(3)}, r"a.h5: there is no '/label'"),
    "group": ({"label/x": np.zeros(3)}, "a.h5: 'label' is not a data set"),
    "no rows": ({"label": np.zeros((0, 2))}, r"data set 'label' of shape \(0, 2\) has no rows"),
    "scalar": ({"label": 3.0}, r"shape \(\) has no rows"),
    "text in it": ({"label": ["a", "b"]}, "holds object, expected numbers"),
    "bool": ({"label": np.ones(3, bool)}, "holds bool, expected numbers"),
    "complex": ({"label": np.ones(3, complex)}, "holds complex128"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file(tmp_path, content, message):
    if isinstance(content, str):
        (tmp_path / "a.h5").write_text(content)
    else:
        write(tmp_path / "a.h5", **content)
    (tmp_path / "list").write_text("a.h5")
    with pytest.raises(DataError, match=message):
        layer_of(tmp_path / "list")


def test_tops_of_different_lengths(tmp_path):
    write(tmp_path / "a.h5", data=np.zeros((3, 2)), label=np.zeros(4))
    (tmp_path / "list").write_text("a.h5")
    with pytest.raises(DataError, match="a.h5: data set 'label' has 4 rows and 'data' has 3"):
        layer_of(tmp_path / "list", tops=("data", "label"))


def test_files_of_different_shapes(tmp_path):
    write(tmp_path / "a.h5", label=np.zeros((3, 2)))
    write(tmp_path / "b.h5", label=np.zeros((3, 4)))
    (tmp_path / "list").write_text("a.h5\nb.h5")
    layer, bottom, top = layer_of(tmp_path / "list")
    with pytest.raises(DataError, match=r"b.h5: data set 'label' has rows of shape \(4,\), .* before they have \(2,\)"):
        layer.forward(bottom, top)


def test_a_file_that_is_cut_short_while_it_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr(_hdf5_rows, "WINDOW", 80)
    write(tmp_path / "a.h5", label=np.arange(100.0))
    (tmp_path / "list").write_text("a.h5")
    layer, bottom, top = layer_of(tmp_path / "list")
    layer.forward(bottom, top)
    write(tmp_path / "a.h5", label=np.arange(5.0))
    with pytest.raises(DataError, match="a.h5"):
        for _ in range(3):
            layer.forward(bottom, top)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the list '.*list' cannot be read: No such file or directory"),
        (b"", "the list '.*' is empty, expected the name of an HDF5 file"),
        (b" \n\n", "is empty"),
        (
            b"missing.h5\nlost.h5\nmissing.h5\n",
            "not found, neither in the working directory nor in '.*', the folder of the list: 'missing.h5', 'lost.h5'",
        ),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, expected a text file"),
        (b"\xff\xfe.h5", "not found, neither in"),
        ("".join(f"{i}.h5\n" for i in range(7)).encode(), "'0.h5', .*, '4.h5' and 2 more$"),
    ],
)
def test_a_bad_list(tmp_path, content, message):
    if content is not None:
        (tmp_path / "list").write_bytes(content)
    with pytest.raises(DataError, match=message):
        layer_of(tmp_path / "list")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('hdf5_data_param { source: "x" }', "batch_size is 0, expected 1 or more"),
        ("hdf5_data_param { batch_size: 3 }", "no source"),
        ('hdf5_data_param { source: "x" batch_size: 3 } transform_param { scale: 2 }', "does not transform"),
    ],
)
def test_bad_settings(text, message):
    with pytest.raises(NetError, match=message):
        build(f'type: "HDF5Data" top: "label" {text}', [])
