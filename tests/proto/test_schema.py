"""The schema against the facts of Caffe's (the two CSV files beside this one) and against files that Caffe wrote."""

import copy
import csv
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet

from cafflite.proto import caffe_pb2
from cafflite.tools import gen_proto

GOLDEN = Path(__file__).parent.parent / "golden"
CORPUS = GOLDEN.parent.parent.parent / "shared" / "corpus"


def rows(name: str) -> list[dict[str, str]]:
    with open(Path(__file__).with_name(name), newline="") as file:
        return list(csv.DictReader(file))


FIELDS = rows("caffe_fields.csv")
ENUMS = rows("caffe_enums.csv")
CAFFES = {(row["message"], row["field"]) for row in FIELDS} | {(row["enum"], row["value"]) for row in ENUMS}
SCHEMA = FileDescriptorSet.FromString((gen_proto.FOLDER / "caffe.binpb").read_bytes()).file[0]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# Facts of the schema


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: f"{row['message']}.{row['field']}")
def test_field(row) -> None:
    message = next(message for message in SCHEMA.message_type if message.name == row["message"])
    field = next(field for field in message.field if field.name == row["field"])
    scalar = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    assert field.number == int(row["number"])
    assert FieldDescriptorProto.Label.Name(field.label) == f"LABEL_{row['label'].upper()}"
    assert (field.type_name.removeprefix(".caffe.") or scalar) == row["type"]
    assert field.default_value == row["default"]
    assert field.options.packed == (row["packed"] == "packed")
    assert field.options.deprecated == (row["deprecated"] == "deprecated")


@pytest.mark.parametrize("row", ENUMS, ids=lambda row: f"{row['enum']}.{row['value']}")
def test_enum_value(row) -> None:
    enum = caffe_pb2.POOL.FindEnumTypeByName(f"caffe.{row['enum']}")
    assert enum.values_by_name[row["value"]].number == int(row["number"])


def test_the_place_of_a_layer_has_a_number_of_our_own() -> None:
    for message in (caffe_pb2.LayerParameter, caffe_pb2.V1LayerParameter):
        assert message.DESCRIPTOR.fields_by_name["place"].number == 9001


def test_slim_messages_have_the_numbers_of_the_full_ones() -> None:
    slim = {
        "WeightsBlob": "BlobProto",
        "WeightsLayer": "LayerParameter",
        "WeightsLayerV1": "V1LayerParameter",
        "WeightsLayerV0": "V0LayerParameter",
        "WeightsNet": "NetParameter",
    }
    for name, full in slim.items():
        numbers = caffe_pb2.POOL.FindMessageTypeByName(f"caffe.{full}").fields_by_name
        for field in caffe_pb2.POOL.FindMessageTypeByName(f"caffe.{name}").fields:
            assert numbers[field.name].number == field.number, f"{name}.{field.name}"


# The files made from it


def test_made_files_are_fresh() -> None:
    pytest.importorskip("grpc_tools", reason="needs grpcio-tools to compile caffe.proto")
    assert gen_proto.main(["--check"]) == 0, "run python tools/gen_proto.py"


def test_stale_files_are_found_and_written(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("grpc_tools", reason="needs grpcio-tools to compile caffe.proto")
    for name in ("caffe.proto", "caffe.binpb", "caffe_pb2.pyi"):
        shutil.copy(gen_proto.FOLDER / name, tmp_path)
    monkeypatch.setattr(gen_proto, "FOLDER", tmp_path)
    with open(tmp_path / "caffe.proto", "a", encoding="utf-8") as file:
        file.write("message Extra { optional float weight = 1; }\n")
    assert gen_proto.main(["--check"]) == 1
    assert "caffe.binpb is not" in capsys.readouterr().err
    assert gen_proto.main([]) == 0
    assert gen_proto.main(["--check"]) == 0
    assert "    weight: float\n" in text_of(tmp_path / "caffe_pb2.pyi")


# The module


def test_messages_copy_and_pickle() -> None:
    net = caffe_pb2.NetParameter(name="net", state=caffe_pb2.NetState(phase=caffe_pb2.TEST))
    net.layer.add(name="ip").inner_product_param.num_output = 3
    for message in (net, net.layer[0]):
        assert copy.deepcopy(message) == message
        assert pickle.loads(pickle.dumps(message)) == message


def test_enums_are_there_as_in_generated_code() -> None:
    assert (caffe_pb2.TRAIN, caffe_pb2.TEST) == (0, 1)
    assert caffe_pb2.Phase.Name(1) == "TEST"
    assert caffe_pb2.SolverParameter.SolverMode.Value("GPU") == caffe_pb2.SolverParameter.GPU == 1


BESIDE = """
import sys
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
def other():
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe")
    file.message_type.add(name="NetParameter").field.add(name="theirs", number=1, label=1, type=5)
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    found = descriptor_pool.Default().FindMessageTypeByName("caffe.NetParameter")
    return message_factory.GetMessageClass(found)(theirs=7)
def ours():
    from cafflite.proto import caffe_pb2
    return caffe_pb2.NetParameter(name="ours")
first, second = (other(), ours()) if sys.argv[1] == "theirs" else (ours(), other())
print(first, second)
"""


@pytest.mark.parametrize("implementation", ["upb", "python"])
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_loads_beside_another_caffe_pb2(first, implementation) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": implementation,
    }
    done = subprocess.run(
        [sys.executable, "-c", BESIDE, first], capture_output=True, text=True, env=environment, check=True
    )
    assert sorted(done.stdout.split()) == sorted(["theirs:", "7", "name:", '"ours"'])


# Files


def last_parts(path: Path) -> str:
    return "/".join(path.parts[-3:])


ABSENT = pytest.param(CORPUS, marks=pytest.mark.skip(reason="needs ../shared/corpus, public prototxts of many forks"))


@pytest.mark.parametrize(
    "path", [*GOLDEN.rglob("*.prototxt"), *(list(CORPUS.rglob("*.prototxt")) or [ABSENT])], ids=last_parts
)
def test_text_round_trip(path) -> None:
    """What is refused is no field or value of Caffe's own; all else comes back equal through text and binary."""
    message = caffe_pb2.SolverParameter() if "solver" in path.name else caffe_pb2.NetParameter()
    try:
        text_format.Parse(text_of(path), message)
    except text_format.ParseError as error:
        refused = re.search(r'type "caffe\.(\S+)" has no (?:field|value) named "?(\w+)', str(error))
        assert "Couldn't parse integer: [" in str(error) or refused.groups() not in CAFFES
        return
    again = type(message).FromString(message.SerializeToString())
    assert again == message
    assert text_format.Parse(text_format.MessageToString(again), type(message)()) == message


BINARY = {
    ".caffemodel": caffe_pb2.NetParameter,
    ".solverstate": caffe_pb2.SolverState,
    ".binaryproto": caffe_pb2.BlobProto,
}


@pytest.mark.parametrize("path", [path for path in GOLDEN.rglob("*") if path.suffix in BINARY], ids=last_parts)
def test_binary_round_trip(path) -> None:
    content = path.read_bytes()
    message = BINARY[path.suffix].FromString(content)
    assert message.SerializeToString() == content
    text = text_format.MessageToString(message)
    assert text_format.Parse(text, type(message)()) == message
