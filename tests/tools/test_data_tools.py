"""What the original's data tools have written, command by command."""

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from cafflite import datum, image
from cafflite.database import LMDB, open_database
from cafflite.proto import blob_proto
from cafflite.tools.main import main

CASES = sorted(path.parent for path in (Path(__file__).parents[1] / "golden" / "tools").glob("*/meta.json"))


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_commands_write_what_the_original_wrote(folder, monkeypatch, tmp_path) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    expected = dict(np.load(folder / "data.npz"))
    monkeypatch.chdir(shutil.copytree(folder, tmp_path / "case", ignore=shutil.ignore_patterns("*.binaryproto")))
    for command in meta["commands"]:
        assert main(shlex.split(command)) == 0
    if "mean" in expected:
        mean = blob_proto.parse(Path("mean.binaryproto").read_bytes())
        np.testing.assert_allclose(mean, expected["mean"], rtol=meta["rtol"], atol=meta["atol"])
        assert mean.shape == expected["mean"].shape
    if "keys" in expected:
        (made,) = databases(Path()) - databases(folder)
        check_records(made, expected, meta)


def databases(folder: Path) -> set[Path]:
    return {path.parent.relative_to(folder) for path in folder.rglob("data.mdb")}


def check_records(database: Path, expected: dict, meta: dict) -> None:
    reader = open_database(database, LMDB)
    records = [(key, datum.parse(value, key)) for key, value in reader.records()]
    reader.close()
    assert [key for key, _ in records] == list(expected["keys"])
    assert [record.label for _, record in records] == list(expected["labels"])
    assert [record.encoded for _, record in records] == list(expected.get("encoded", [False] * len(records)))
    for i, (key, record) in enumerate(records):
        content = expected[f"data:{i}"]
        if record.encoded and content.ndim == 1:
            np.testing.assert_array_equal(datum.to_array(record, key), image.decode(content.tobytes(), None, key))
        else:
            np.testing.assert_allclose(datum.to_array(record, key), content, rtol=meta["rtol"], atol=meta["atol"])
