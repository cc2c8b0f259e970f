"""Recursive descent over protobuf's text format, along the descriptor of the message that is read.

Our own, and not google.protobuf.text_format, for what it can say about a mistake (where it stands, what was probably
meant, which brace is open), and because each layer has to remember its line. The schema alone decides what a text may
say; messages do not nest in themselves there, which bounds the depth of what is accepted.
"""

import difflib
import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from cafflite.errors import PrototxtError
from cafflite.forks import FORK_OF
from cafflite.proto.caffe_pb2 import LayerParameter, NetParameter, SolverParameter, V1LayerParameter

_TOKEN = re.compile(
    r"""
    (?: \s+ | \#.* )*+                                         # blanks and comments
    (?: (?P<name>    [A-Za-z_][A-Za-z_0-9]* )
      | (?P<number>  \.?[0-9][A-Za-z_0-9.+-]* )                # all that touches it, so that 3x is one mistake
      | (?P<string>  "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
      | (?P<mark>    [][{}<>:;,-] )
      | (?P<end>     \Z )
      | (?P<bad>     . ) )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"""\\(?: ([0-3]?[0-7]{1,2})
           | [xX]([0-9a-fA-F]{1,2})
           | [uU]((?<=u)[0-9a-fA-F]{4} | (?<=U)00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})
           | (.) )""",
    re.VERBOSE,
)
_INTEGER = re.compile(r"-?(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]{,99}))")  # int() refuses thousands of digits
_FLOAT = re.compile(r"(-?(?:(?!0[0-9])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan)))[fF]?")

_LETTERS = dict(zip("abfnrtv\\'\"?", "\a\b\f\n\r\t\v\\'\"?", strict=True))
_BOOLS = dict.fromkeys(("true", "t", "True", "1"), True) | dict.fromkeys(("false", "f", "False", "0"), False)
_CLOSING = {"{": "}", "<": ">"}
RANGES = {
    FieldDescriptor.CPPTYPE_INT32: ("int32", -(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: ("int64", -(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: ("uint32", 0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: ("uint64", 0, 2**64 - 1),
}
# For the message of a whole file, the other one that it is mistaken for.
_MISTAKEN_FOR: dict[str, tuple[type[Message], str]] = {
    "NetParameter": (SolverParameter, "this looks like a solver: give the file of its net"),
    "SolverParameter": (NetParameter, "this looks like a net: give the file of its solver"),
}


def position(text: str, offset: int) -> str:
    """Line and column of an offset, as in "3:14"; both count from 1, a tab as one column."""
    return f"{_line(text, offset)}:{offset - text.rfind(chr(10), 0, offset)}"


def is_repeated(field: FieldDescriptor) -> bool:
    return not field.has_presence  # the same in proto2, and known to every protobuf runtime


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


@functools.cache
def fields_of(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """The fields that a text may name: all but `place`, which is ours."""
    return {field.name: field for field in descriptor.fields if field.name != "place"}


def _integer(word: str) -> int | None:
    match = _INTEGER.fullmatch(word)
    return int(word, (16, 8, 10)[match.lastindex - 1]) if match and match.lastindex else None


def _float(word: str) -> float | None:
    match = _FLOAT.fullmatch(word)
    return float(match[1]) if match else None


def _enum_number(word: str, enum: EnumDescriptor) -> int | None:
    number = enum.values_by_name[word].number if word in enum.values_by_name else _integer(word)
    return number if number in enum.values_by_number else None


_Scalar = tuple[str, Callable[[str], Any]]
_INTEGRAL: _Scalar = ("an integer", _integer)
_SCALARS: dict[int, _Scalar] = {
    FieldDescriptor.CPPTYPE_BOOL: ("true or false", _BOOLS.get),
    FieldDescriptor.CPPTYPE_FLOAT: ("a number", _float),
    FieldDescriptor.CPPTYPE_DOUBLE: ("a number", _float),
}


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def expectation(field: FieldDescriptor) -> str:
    """What a scalar field takes, in words."""
    if field.enum_type:
        return _either([value.name for value in field.enum_type.values])
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return "a string"
    return _SCALARS.get(field.cpp_type, _INTEGRAL)[0]


def belongs_inside(name: str, message: Message) -> str:
    """`; it belongs inside ...` where messages in fields of this one have a field `name`, else nothing."""
    fields = fields_of(message.DESCRIPTOR).values()
    children = [(field.name, field.message_type) for field in fields if field.message_type]
    inside = [field for field, child in children if name in fields_of(child) and child.name not in _MISTAKEN_FOR]
    return f"; it belongs inside {_either(inside)}" if inside else ""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`; did you mean '...'?` where one of `names` is close to a word, but for capitals and "_param", else nothing."""
    stems = {name.lower().removesuffix("_param"): name for name in names}
    near = difflib.get_close_matches(word.lower().removesuffix("_param"), stems, n=1, cutoff=0.8)
    return f"; did you mean '{stems[near[0]]}'?" if near else ""


class Reader:
    """Recursive descent over one text. It stands on one token, whose `kind`, `token` and `start` (offset) it has.

    A mistake is raised; given a list of `mistakes`, a field or value that cannot be is put there, with the place of the
    layer that it is in, and left out of the message.
    """

    def __init__(self, text: str, name: str, mistakes: list[tuple[PrototxtError, str]] | None = None) -> None:
        self.text, self.name = text, name
        self.mistakes = mistakes
        self.braces: list[tuple[Message, str, int]] = []  # the open ones: message around it, brace, offset
        self.tokens = _TOKEN.finditer(text)
        self.advance()

    def advance(self) -> None:
        match = next(self.tokens)
        self.kind: str = match.lastgroup or "end"
        self.token = match[self.kind]
        self.start = match.start(self.kind)

    def error(self, sentence: str, start: int) -> PrototxtError:
        return PrototxtError(f"{self.name}:{position(self.text, start)}: {sentence}")

    def unexpected(self, expected: str, hint: str = "") -> PrototxtError:
        """The error that the token is not what is expected here."""
        if self.kind == "bad" and self.token in "\"'":
            return self.error("this string has no closing quote in its line", self.start)
        if self.kind == "bad":
            return self.error(f"unexpected character {self.token!r} (U+{ord(self.token):04X})", self.start)
        token = self.token if len(self.token) <= 40 else f"{self.token[:40]}..."
        found = {"end": "the end of the text", "string": token}.get(self.kind, f"'{token}'")
        return self.error(f"expected {expected}, found {found}{hint}", self.start)

    def refuse(self, error: PrototxtError, message: Message) -> None:
        """Raise the error of a field of `message`, or keep it."""
        if self.mistakes is None:
            raise error
        around = [message, *(outer for outer, _, _ in self.braces)]
        self.mistakes.append((error, next((m.place for m in around if hasattr(m, "place")), "")))

    def read_fields(self, message: Message, closing: str = "") -> None:
        """Read fields into `message` until `closing` stands here: its brace, or nothing at the end of the text."""
        fields = fields_of(message.DESCRIPTOR)
        given: dict[str, int] = {}
        while self.kind == "name":
            name, start = self.token, self.start
            field = fields.get(name)
            if field is None and not self.is_forks(name, message):
                unknown = f"unknown field '{name}' in {message.DESCRIPTOR.name}"
                if brace := self.missing_brace(name):
                    raise self.error(f"{unknown}; {brace}", start)
                self.refuse(self.error(f"{unknown}{self.hint_for_unknown(name, message)}", start), message)
            if field and name in given and not is_repeated(field):
                twice = f"'{name}' is given twice in {message.DESCRIPTOR.name}, first in line"
                self.refuse(self.error(f"{twice} {_line(self.text, given[name])}", start), message)
            given[name] = start
            self.advance()
            if field:
                self.read_field(message, field, start)
            else:
                self.skip_value(name)
            if self.token in (",", ";"):
                self.advance()
        if self.token == closing:
            return
        if closing:
            _, brace, start = self.braces[-1]
            raise self.unexpected(f"a field or the '{closing}' for the '{brace}' in line {_line(self.text, start)}")
        raise self.unexpected("a field", "; no brace is open here" if self.token in ("}", ">") else "")

    def is_forks(self, name: str, message: Message) -> bool:
        """Whether an unknown field can be passed over, as the layer is one that only a fork has.

        The net will name all of those at once, or leave them out: a net of one phase may do without.
        """
        around = [message, *(outer for outer, _, _ in reversed(self.braces))]
        layer = next((m for m in around if isinstance(m, LayerParameter | V1LayerParameter)), None)
        if layer is None or any(name in fields_of(outer.DESCRIPTOR) for outer in around):
            return False
        kind = layer.type if isinstance(layer, LayerParameter) else V1LayerParameter.LayerType.Name(layer.type)
        return kind in FORK_OF

    def skip_value(self, name: str) -> None:
        """Pass over the value of a field: a scalar, or all from a brace or bracket to the one that closes it."""
        if self.token == ":":
            self.advance()
        if self.token == "-":
            self.advance()
        closings: list[str] = []
        while True:
            if self.token in _CLOSING or self.token == "[":
                closings.append(_CLOSING.get(self.token, "]"))
            elif closings and self.token == closings[-1]:
                closings.pop()
            elif self.kind in ("end", "bad") or self.token in ("}", ">", "]"):
                raise self.unexpected(f"'{closings[-1]}'" if closings else f"a value for '{name}'")
            is_string = self.kind == "string"
            self.advance()
            if not closings and not (is_string and self.kind == "string"):
                return

    def missing_brace(self, name: str) -> str:
        """The open brace that was probably to be closed before a field that the message does not have."""
        for outer, brace, start in reversed(self.braces):
            if name in fields_of(outer.DESCRIPTOR):
                missing = f"the '{_CLOSING[brace]}' for the '{brace}' in line {_line(self.text, start)}"
                return f"it belongs to {outer.DESCRIPTOR.name}: is {missing} missing?"
        return ""

    def hint_for_unknown(self, name: str, message: Message) -> str:
        """What was probably meant by a field that the message does not have."""
        if inside := belongs_inside(name, message):
            return inside
        other, mistaken = _MISTAKEN_FOR.get(message.DESCRIPTOR.name, (None, ""))
        if other and not self.braces and name in fields_of(other.DESCRIPTOR):
            return f"; {mistaken}"
        return did_you_mean(name, fields_of(message.DESCRIPTOR))

    def read_field(self, message: Message, field: FieldDescriptor, start: int) -> None:
        if self.token == ":":
            self.advance()
        elif not field.message_type:
            raise self.unexpected(f"':' after '{field.name}'")
        if self.token != "[" or not is_repeated(field):
            self.read_value(message, field, start)
            return
        self.advance()
        if self.token != "]":
            self.read_value(message, field, start)
            while self.token == ",":
                self.advance()
                self.read_value(message, field, start)
        if self.token != "]":
            raise self.unexpected(f"',' or ']' in the list of '{field.name}'")
        self.advance()

    def read_value(self, message: Message, field: FieldDescriptor, start: int) -> None:
        if field.message_type:
            self.read_message(message, field, start)
            return
        place = self.start
        try:
            value = self.read_scalar(field)
        except PrototxtError as error:
            self.refuse(error, message)
            self.tokens = _TOKEN.finditer(self.text, place)
            self.advance()
            self.skip_value(field.name)
            return
        if is_repeated(field):
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)

    def read_message(self, outer: Message, field: FieldDescriptor, start: int) -> None:
        brace = self.token
        if brace not in _CLOSING:
            raise self.unexpected(f"'{{' after '{field.name}'")
        self.braces.append((outer, brace, self.start))
        self.advance()
        message = getattr(outer, field.name).add() if is_repeated(field) else getattr(outer, field.name)
        message.SetInParent()
        if hasattr(message, "place"):
            message.place = f"{self.name}:{_line(self.text, start)}"
        self.read_fields(message, _CLOSING[brace])
        self.advance()
        self.braces.pop()

    def read_scalar(self, field: FieldDescriptor) -> Any:
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            return self.read_string(field)
        start, sign = self.start, ""
        if self.token == "-":
            sign = "-"
            self.advance()
        word = sign + self.token if self.kind in ("name", "number") else ""
        if field.enum_type:
            value = _enum_number(word, field.enum_type)
        else:
            value = _SCALARS.get(field.cpp_type, _INTEGRAL)[1](word)
        if value is None:
            names = field.enum_type.values_by_name if field.enum_type else ()
            raise self.unexpected(f"{expectation(field)} for '{field.name}'", did_you_mean(word, names))
        kind, low, high = RANGES.get(field.cpp_type, ("", value, value))
        if kind and not low <= value <= high:
            raise self.error(f"{value} does not fit '{field.name}', of type {kind} ({low} to {high})", start)
        self.advance()
        return value

    def read_string(self, field: FieldDescriptor) -> str | bytes:
        """The strings that stand side by side here, as one."""
        start, text = self.start, ""
        if self.kind != "string":
            raise self.unexpected(f"{expectation(field)} in quotes for '{field.name}'")
        while self.kind == "string":
            text += _ESCAPE.sub(self.unescape, self.token[1:-1])
            self.advance()
        try:
            content = text.encode(errors="surrogateescape")
            return content if field.type == FieldDescriptor.TYPE_BYTES else content.decode()
        except UnicodeError:
            raise self.error(f"the string of '{field.name}' is not UTF-8 once its escapes are read", start) from None

    def unescape(self, escape: re.Match[str]) -> str:
        """What an escape stands for; a byte beyond ASCII as Python's lone surrogate for it."""
        octal, hexadecimal, code_point, letter = escape.groups()
        if code_point:
            return chr(int(code_point, 16))
        if letter is None:
            return bytes([int(octal, 8) if octal else int(hexadecimal, 16)]).decode(errors="surrogateescape")
        if letter not in _LETTERS:
            raise self.error(f"unknown escape '{escape[0]}' in a string", self.start + 1 + escape.start())
        return _LETTERS[letter]
