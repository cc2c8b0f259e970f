"""`cafflite extract_features`: records and HDF5 files with the values of blobs."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from databases import needs_leveldb

import cafflite
from cafflite import datum, log
from cafflite.database import open_database
from cafflite.proto.caffe_pb2 import DataParameter
from cafflite.tools.main import main

NET = """
name: "features"
layer { name: "d" type: "HDF5Data" top: "data" hdf5_data_param { source: "list.txt" batch_size: 4 } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" } } }
layer { name: "drop" type: "Dropout" bottom: "ip" top: "drop" }
layer { name: "five" type: "Reshape" bottom: "data" top: "five"
  reshape_param { shape { dim: 4 dim: 1 dim: 2 dim: 3 dim: 1 } } }
layer { name: "sum" type: "Reduction" bottom: "five" top: "five/sum" }
"""
EXTRACT = ("extract_features", "net.caffemodel", "net.prototxt")


@pytest.fixture(autouse=True)
def expected(monkeypatch, tmp_path):
    """The values that 3 batches of 4 rows out of 10 give; the weights are beside the net in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)
    with h5py.File("a.h5", "w") as file:
        file["data"] = np.arange(60, dtype="f4").reshape(10, 1, 2, 3)
    (tmp_path / "list.txt").write_text("a.h5")
    (tmp_path / "net.prototxt").write_text(NET)
    net = cafflite.Net("net.prototxt", cafflite.TEST)
    net.save("net.caffemodel")
    batches = [{name: array.copy() for name, array in net.forward(blobs=list(net.blobs)).items()} for _ in range(3)]
    return {name: np.concatenate([np.atleast_1d(batch[name]) for batch in batches]) for name in batches[0]}


def records(path, db_type):
    reader = open_database(path, DataParameter.DB.Value(db_type.upper()))
    found = [(key, datum.parse(value, key)) for key, value in reader.records()]
    reader.close()
    return found


@pytest.mark.parametrize("db_type", ["lmdb", pytest.param("leveldb", marks=needs_leveldb), "LMDB"])
def test_records_of_several_blobs(expected, db_type, capsys):
    assert main([*EXTRACT, "ip,data", "ip_db,data_db", "3", db_type, "CPU"]) == 0
    for name, shape in (("ip", (5, 1, 1)), ("data", (1, 2, 3))):
        found = records(f"{name}_db", db_type)
        assert [key for key, _ in found] == [f"{i:010}" for i in range(12)]
        assert all((d.channels, d.height, d.width) == shape and not d.HasField("label") for _, d in found)
        values = [datum.to_array(record, key) for key, record in found]
        np.testing.assert_array_equal(values, expected[name].reshape(12, *shape))
    messages = [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]
    assert messages[-3:] == [
        "Extracted features of 12 query images for feature blob data",
        "Extracted features of 12 query images for feature blob ip",
        "Successfully extracted the features!",
    ]


def test_hdf5_files_that_hdf5_data_reads(expected):
    names = ["drop", "five", "five/sum"]
    assert main([*EXTRACT, ",".join(names), "drop.h5,five.h5,sum.h5", "3", "hdf5"]) == 0
    for name, path in zip(names, ("drop.h5", "five.h5", "sum.h5"), strict=True):
        with h5py.File(path) as file:
            np.testing.assert_array_equal(file[name][...], expected[name])
    Path("again.txt").write_text("drop.h5")
    param = 'layer { name: "d" type: "HDF5Data" top: "drop" hdf5_data_param { source: "again.txt" batch_size: 12 } }'
    np.testing.assert_array_equal(cafflite.Net(param, cafflite.TEST).forward()["drop"], expected["drop"])


def test_more_records_than_a_transaction_takes():
    assert main([*EXTRACT, "five/sum,data", "sums,data", "300", "lmdb"]) == 0
    assert [len(records(name, "lmdb")) for name in ("sums", "data")] == [300, 1200]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("ipp out 3 lmdb", "net.prototxt: the net has no blob 'ipp'; did you mean 'ip'?"),
        (
            "xyz out 3 lmdb",
            "net.prototxt: the net has no blob 'xyz'; it has data, data_d_0_split_0, data_d_0_split_1, ip, drop, five, "
            "five/sum",
        ),
        ("ip,data out 3 lmdb", "extract_features: 2 blobs are named and 1 databases, expected as many"),
        ("ip,data out,./out 3 lmdb", "extract_features: each blob needs a database of its own, found out,./out"),
        ("ip out 0 lmdb", "extract_features: NUM_BATCHES is '0', expected a whole number of 1 or more"),
        ("ip out many lmdb", "extract_features: NUM_BATCHES is 'many', expected a whole number of 1 or more"),
        ("ip out 3 sqlite", "extract_features: DB_TYPE is 'sqlite', expected lmdb, leveldb or hdf5"),
        ("ip out 3 lmdb TPU", "extract_features: the device is 'TPU', expected CPU or GPU"),
        ("ip out 3 lmdb GPU x", "extract_features: --gpu is 'x', expected the number of a GPU"),
        (
            "five out 3 lmdb",
            "extract_features: blob 'five' has the shape (4, 1, 2, 3, 1), and a Datum up to 3 axes: choose hdf5",
        ),
        ("ip list.txt 3 lmdb", "list.txt: it exists already; remove it, or name another one"),
        ("ip list.txt 3 hdf5", "list.txt: it exists already; remove it, or name another one"),
        ("ip no/out 3 hdf5", "no/out: cannot be written: No such file or directory"),
        (
            "ip",
            "extract_features: got the arguments ['net.caffemodel', 'net.prototxt', 'ip'], "
            "expected WEIGHTS NET_PROTOTXT BLOBS DATABASES NUM_BATCHES DB_TYPE [DEVICE] [DEVICE_ID]",
        ),
    ],
)
def test_a_mistake_is_one_line(arguments, message, capsys, tmp_path):
    before = sorted(tmp_path.iterdir())
    assert main([*EXTRACT, *arguments.split()]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"cafflite: {message}"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("db_type", ["lmdb", pytest.param("leveldb", marks=needs_leveldb), "hdf5"])
def test_nothing_stays_of_what_is_given_up(db_type, monkeypatch, tmp_path):
    before = sorted(tmp_path.iterdir())
    forward = cafflite.net.Net.forward

    def interrupted(net, *arguments):
        forward(net, *arguments)
        if net.blobs["data"].data[0, 0, 0, 0] == 24:
            raise KeyboardInterrupt

    monkeypatch.setattr(cafflite.net.Net, "forward", interrupted)
    assert main([*EXTRACT, "ip,data", "ip_db,data_db", "3", db_type]) == 130
    assert sorted(tmp_path.iterdir()) == before
