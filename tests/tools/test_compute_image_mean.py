import re
from pathlib import Path

import numpy as np
import pytest
from databases import backends, needs_leveldb

from cafflite import datum, image, log
from cafflite.database import LEVELDB, LMDB, new_database
from cafflite.proto import blob_proto
from cafflite.proto.caffe_pb2 import BlobProto, Datum
from cafflite.tools.main import main

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 3, 5, 4), np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)


def make(records: list[Datum], backend: int = LMDB) -> None:
    with new_database("db", backend) as put:
        for i, record in enumerate(records):
            put(f"{i:08}", record.SerializeToString())


RECORDS = {
    "raw": [datum.from_array(pixels, 0) for pixels in IMAGES],
    "encoded": [Datum(encoded=True, data=image.encode(pixels, "png")) for pixels in IMAGES],
    "floats": [datum.from_array(pixels.astype(np.float32), 0) for pixels in IMAGES],
}


@pytest.mark.parametrize("kind", RECORDS)
@backends
def test_the_mean_is_written_and_that_of_each_channel_logged(capsys, kind, backend) -> None:
    make(RECORDS[kind], backend)
    flag = "--backend=lmdb" if backend == LMDB else "-backend=leveldb"
    assert main(["compute_image_mean", flag, "db", "mean.binaryproto"]) == 0
    content = Path("mean.binaryproto").read_bytes()
    np.testing.assert_allclose(blob_proto.parse(content), IMAGES.mean(axis=0)[None], rtol=1e-6)
    blob = BlobProto.FromString(content)
    assert (blob.num, blob.channels, blob.height, blob.width) == (1, 3, 5, 4)
    error = capsys.readouterr().err
    assert "] Number of channels: 3\n" in error
    logged = re.findall(r"\] mean_value channel \[(\d)\]: (\S+)\n", error)
    assert [number for number, _ in logged] == ["0", "1", "2"]
    np.testing.assert_allclose([float(value) for _, value in logged], IMAGES.mean(axis=(0, 2, 3)), rtol=1e-5)


def test_without_a_file_it_only_logs(capsys) -> None:
    make(RECORDS["raw"])
    assert main(["compute_image_mean", "db"]) == 0
    assert capsys.readouterr().err.count("mean_value channel") == 3
    assert [path.name for path in Path().iterdir()] == ["db"]


BAD = {
    "another shape": (datum.from_array(IMAGES[0][:, :4], 0), "its shape is (3, 4, 4), and that of the first (3, 5, 4)"),
    "numbers missing": (Datum(channels=3, height=5, width=4, data=bytes(59)), "the Datum holds 59 numbers, expected"),
    "damaged image": (Datum(encoded=True, data=image.encode(IMAGES[0], "png")[:80]), "the image is damaged: "),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_record_is_one_line_or_left_out(capsys, bad) -> None:
    record, message = BAD[bad]
    make([*RECORDS["raw"], record])
    assert main(["compute_image_mean", "--quiet", "db", "mean.binaryproto"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"cafflite: db: record '00000006': {message}") and error.count("\n") == 1
    assert not Path("mean.binaryproto").exists()
    assert main(["compute_image_mean", "--skip_bad", "db", "mean.binaryproto"]) == 0
    error = capsys.readouterr().err
    assert f"] db: record '00000006': {message}" in error
    assert "] 1 of 7 records were left out\n" in error
    mean = blob_proto.parse(Path("mean.binaryproto").read_bytes())
    np.testing.assert_allclose(mean, IMAGES.mean(axis=0)[None], rtol=1e-6)


def test_no_good_record(capsys) -> None:
    make([BAD["numbers missing"][0]])
    assert main(["compute_image_mean", "--quiet", "--skip_bad", "db", "mean.binaryproto"]) == 1
    assert capsys.readouterr().err.endswith("cafflite: db: none of its records can be used\n")
    assert not Path("mean.binaryproto").exists()


def test_a_database_that_is_cut_off(capsys) -> None:
    make(RECORDS["raw"] * 30)
    path = Path("db/data.mdb")
    path.write_bytes(path.read_bytes()[:-8000])
    assert main(["compute_image_mean", "db"]) == 1
    assert re.fullmatch(r"cafflite: db: the LMDB is damaged: data.mdb ends after .*\n", capsys.readouterr().err)


@needs_leveldb
def test_the_other_backend(capsys) -> None:
    make(RECORDS["raw"], LEVELDB)
    assert main(["compute_image_mean", "db"]) == 1
    assert capsys.readouterr().err.startswith("cafflite: db: this is a LevelDB, expected an LMDB; set ")
