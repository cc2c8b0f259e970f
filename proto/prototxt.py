"""Prototxt, protobuf's text format: files and texts into messages, and messages into text."""

import os
import re
from typing import Any, NamedTuple, TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from cafflite.errors import PrototxtError
from cafflite.proto.caffe_pb2 import NetParameter, SolverParameter
from cafflite.proto.reader import Reader, is_repeated, position

AnyMessage = TypeVar("AnyMessage", bound=Message)

_TEXT = re.compile(r"\s*(?:#|[A-Za-z_]\w+\s*(?::(?![/\\])|[{<]))|.*\n", re.ASCII)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def load_net(source: str | os.PathLike) -> NetParameter:
    """The net of a prototxt file, or of the text itself, as it stands there: callers upgrade it.

    An os.PathLike is a path. A str is a path when something of that name exists; otherwise it is text when it has
    several lines or begins as a prototxt does (a comment, or a field's name with ':' or '{'), and a path when not.
    Each layer gets its `place`, "file:line" of its opening word. Every mistake is a PrototxtError.
    """
    return _load(source, NetParameter, "a net")


def load_solver(source: str | os.PathLike) -> SolverParameter:
    """The solver of a prototxt file, or of the text itself, as load_net reads them."""
    return _load(source, SolverParameter, "a solver")


def is_text(source: str | os.PathLike) -> bool:
    """Whether load_net and load_solver take `source` as a text, not as a path."""
    return isinstance(source, str) and not os.path.exists(source) and _TEXT.match(source) is not None


def parse(text: str, message_class: type[AnyMessage], name: str) -> AnyMessage:
    """The message that `text` describes; `name` stands for the file in errors and places."""
    message = message_class()
    Reader(text.removeprefix("\ufeff"), name).read_fields(message)
    return message


class Inspection(NamedTuple):
    """
    message   what could be read; None where the text breaks off
    mistakes  all that could be found
    spoiled   the places of the layers that they are in
    """

    message: Any
    mistakes: list[PrototxtError]
    spoiled: set[str]


def inspect(path: str | os.PathLike, message_class: type[Message]) -> Inspection:
    """Read a file and go on behind each mistake that is in one field only."""
    message = message_class()
    found: list[tuple[PrototxtError, str]] = []
    name = os.path.basename(path)
    try:
        Reader(_read_file(path).removeprefix("\ufeff"), name, found).read_fields(message)
        is_whole = True
    except PrototxtError as error:
        found.append((error, ""))
        is_whole = False
    first: dict[str, PrototxtError] = {}  # at each place
    for mistake, _ in found:
        first.setdefault(str(mistake).partition(": ")[0], mistake)
    return Inspection(message if is_whole else None, list(first.values()), {layer for _, layer in found if layer})


def dump(message: Message) -> str:
    """The message as a prototxt, without the places of its layers."""
    return text_format.MessageToString(without_places(message))


def without_places(message: AnyMessage) -> AnyMessage:
    """A copy of the message in which no layer has a `place`, as files hold it."""
    copy = type(message)()
    copy.CopyFrom(message)
    _clear_places(copy)
    return copy


def _clear_places(message: Message) -> None:
    for field, value in message.ListFields():
        if field.name == "place":
            message.ClearField("place")
        elif field.message_type:
            for child in value if is_repeated(field) else [value]:
                _clear_places(child)


def _load(source: str | os.PathLike, message_class: type[AnyMessage], kind: str) -> AnyMessage:
    if is_text(source):
        name, text = "<text>", os.fspath(source)
    else:
        name, text = os.path.basename(source), _read_file(source)
    message = parse(text, message_class, name)
    if not message.ListFields():
        raise PrototxtError(f"{name}:1:1: expected {kind}, found nothing")
    return message


def _read_file(path: str | os.PathLike) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise PrototxtError(f"{os.fspath(path)}: the file cannot be read: {error.strerror}") from None
    name = os.path.basename(path)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if _CONTROL.search(content):
            raise PrototxtError(f"{name}: this is a binary file (a caffemodel?) where a prototxt is expected") from None
        before = content[: error.start].decode()
        place = f"{name}:{position(before, len(before))}"
        byte = content[error.start]
        raise PrototxtError(f"{place}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8") from None
