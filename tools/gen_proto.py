"""Compile caffe.proto to caffe.binpb and caffe_pb2.pyi.

``python tools/gen_proto.py`` writes both files beside caffe.proto; with ``--check`` it writes nothing and
exits with 1 when one of them is not what caffe.proto asks for. Needs grpcio-tools, for its protoc.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

FOLDER = Path(__file__).resolve().parent.parent / "proto"

PYTHON_TYPES = {
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
    FieldDescriptorProto.TYPE_STRING: "str",
    FieldDescriptorProto.TYPE_FLOAT: "float",
    FieldDescriptorProto.TYPE_DOUBLE: "float",
}

STUB_HEADER = '''"""Made from caffe.proto by tools/gen_proto.py; not to be edited."""

from collections.abc import Iterable
from typing import Final

from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer, RepeatedScalarFieldContainer
from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper
from google.protobuf.message import Message

POOL: DescriptorPool
DESCRIPTOR: FileDescriptor
'''


def compile_schema() -> FileDescriptorSet:
    """The descriptor set of caffe.proto, without comments and without what follows from the names."""
    from grpc_tools import protoc  # only here: the rest of the package works without it

    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary, "caffe.binpb")
        if protoc.main(["protoc", f"-I{FOLDER}", f"--descriptor_set_out={output}", "caffe.proto"]) != 0:
            raise SystemExit(1)
        schema = FileDescriptorSet.FromString(output.read_bytes())
    for message in schema.file[0].message_type:
        for field in message.field:
            field.ClearField("json_name")
    return schema


def stub(schema: FileDescriptorProto) -> str:
    """The text of caffe_pb2.pyi."""
    lines = [STUB_HEADER.rstrip()]
    for enum in schema.enum_type:
        lines += ["", *enum_stub(enum)]
    for message in schema.message_type:
        lines += ["", *message_stub(message)]
    return "\n".join(lines) + "\n"


def enum_stub(enum: EnumDescriptorProto) -> Iterator[str]:
    yield f"{enum.name}: _EnumTypeWrapper[int]"
    for value in enum.value:
        yield f"{value.name}: Final = {value.number}"


def message_stub(message: DescriptorProto) -> Iterator[str]:
    yield f"class {message.name}(Message):"
    yield "    DESCRIPTOR: Descriptor"
    for enum in message.enum_type:
        yield from (f"    {line}" for line in enum_stub(enum))
    yield from (f"    {field_stub(field)}" for field in message.field)
    yield "    def __init__("
    yield "        self,"
    yield "        *,"
    yield from (f"        {argument_stub(field)}," for field in message.field)
    yield "    ) -> None: ..."


def element_type(field: FieldDescriptorProto) -> str:
    if field.type == FieldDescriptorProto.TYPE_MESSAGE:
        return field.type_name.rpartition(".")[2]
    return PYTHON_TYPES.get(field.type, "int")


def field_stub(field: FieldDescriptorProto) -> str:
    element = element_type(field)
    if field.label != FieldDescriptorProto.LABEL_REPEATED:
        if field.type != FieldDescriptorProto.TYPE_MESSAGE:
            return f"{field.name}: {element}"
        return f"@property\n    def {field.name}(self) -> {element}: ..."
    kind = "Composite" if field.type == FieldDescriptorProto.TYPE_MESSAGE else "Scalar"
    return f"@property\n    def {field.name}(self) -> Repeated{kind}FieldContainer[{element}]: ..."


def argument_stub(field: FieldDescriptorProto) -> str:
    element = element_type(field)
    if field.type == FieldDescriptorProto.TYPE_ENUM:
        element = "int | str"
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        element = f"Iterable[{element}]"
    return f"{field.name}: {element} | None = ..."


def main(arguments: list[str]) -> int:
    schema = compile_schema()
    made = {
        "caffe.binpb": schema.SerializeToString(deterministic=True),
        "caffe_pb2.pyi": stub(schema.file[0]).encode(),
    }
    if "--check" not in arguments:
        for name, content in made.items():
            (FOLDER / name).write_bytes(content)
        return 0
    stale = [name for name, content in made.items() if (FOLDER / name).read_bytes() != content]
    for name in stale:
        print(f"{name} is not what caffe.proto asks for; run python tools/gen_proto.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
