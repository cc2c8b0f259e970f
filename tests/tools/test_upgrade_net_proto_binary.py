import shutil
from pathlib import Path

import pytest

from cafflite import log
from cafflite.proto import blob_proto
from cafflite.proto.caffe_pb2 import NetParameter
from cafflite.tools.main import main

OLD = Path(__file__).parent.parent / "golden/weights/v1_binary/old.caffemodel"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)


def test_the_layers_and_weights_of_an_old_file(capsys):
    shutil.copy(OLD, "old.caffemodel")
    assert main(["upgrade_net_proto_binary", "old.caffemodel", "new.caffemodel"]) == 0
    old, new = (NetParameter.FromString(Path(name).read_bytes()) for name in ("old.caffemodel", "new.caffemodel"))
    assert not new.layers
    assert [layer.name for layer in new.layer] == [layer.name for layer in old.layers]
    blobs = [blob for layer in new.layer for blob in layer.blobs]
    expected = [blob for layer in old.layers for blob in layer.blobs]
    assert len(blobs) == len(expected) > 0
    for blob, original in zip(blobs, expected, strict=True):
        assert blob_proto.to_array(blob).tobytes() == blob_proto.to_array(original).tobytes()
    assert capsys.readouterr().err.endswith("] Wrote upgraded NetParameter binary proto to new.caffemodel\n")

    assert main(["upgrade_net_proto_binary", "new.caffemodel", "again.caffemodel"]) == 0
    assert "] File already in latest proto format: new.caffemodel\n" in capsys.readouterr().err
    assert NetParameter.FromString(Path("again.caffemodel").read_bytes()) == new


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "in.caffemodel: cannot be read: No such file or directory"),
        (b"layer {", "in.caffemodel: this is not a caffemodel, or a damaged one"),
        (b"", "in.caffemodel: no layers are in this file, expected a caffemodel"),
    ],
)
def test_a_mistake_is_one_line(capsys, content, message):
    if content is not None:
        Path("in.caffemodel").write_bytes(content)
    assert main(["upgrade_net_proto_binary", "in.caffemodel", "out.caffemodel"]) == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"
    assert not Path("out.caffemodel").exists()
