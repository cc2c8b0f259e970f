"""Reading and writing prototxts; google.protobuf.text_format says what a good text means."""

import errno
import math
import os
from pathlib import Path

import pytest
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cafflite.errors import PrototxtError
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import Datum, LayerParameter, NetParameter, SolverParameter

GOLDEN = Path(__file__).parent.parent / "golden"


def refusal(read, *arguments) -> str:
    with pytest.raises(PrototxtError) as caught:
        read(*arguments)
    return str(caught.value)


# What is said about a net's text.
MISTAKES = {
    "unknown field": (
        "layer {\n  inner_product_param {\n    num_ouput: 3\n  }\n}",
        "3:5: unknown field 'num_ouput' in InnerProductParameter; did you mean 'num_output'?",
    ),
    "unknown field, nothing alike": ("layer { colour: 3 }", "1:9: unknown field 'colour' in LayerParameter"),
    "a layer's parameters without _param": (
        "layer { convolution { } }",
        "1:9: unknown field 'convolution' in LayerParameter; did you mean 'convolution_param'?",
    ),
    "a fork's parameters": (
        "layer { no_such_pooling_param { } }",
        "1:9: unknown field 'no_such_pooling_param' in LayerParameter",
    ),
    "a typing mistake beside a fork's layer": (
        'layer { type: "ROIPooling" roi_pooling_param { } }\nlayer { typ: "ReLU" }',
        "2:9: unknown field 'typ' in LayerParameter; did you mean 'type'?",
    ),
    "missing brace of a fork's layer": (
        'layer {\n  type: "ROIPooling"\n\nlayer { }',
        "4:1: unknown field 'layer' in LayerParameter; it belongs to NetParameter:"
        " is the '}' for the '{' in line 1 missing?",
    ),
    "missing brace in a fork's parameters": (
        'layer { type: "ROIPooling" roi_pooling_param { bins < 3 > }',
        "1:60: expected a field or the '}' for the '{' in line 1, found the end of the text",
    ),
    "wrong brace in a fork's parameters": (
        'layer { type: "ROIPooling" roi_pooling_param { bins < 3 } } }',
        "1:57: expected '>', found '}'",
    ),
    "missing value of a fork's parameter": (
        'layer { type: "ROIPooling" bins: }',
        "1:34: expected a value for 'bins', found '}'",
    ),
    "field of a message inside": (
        'layer {\n  name: "c"\n  kernel_size: 3\n}',
        "3:3: unknown field 'kernel_size' in LayerParameter; it belongs inside convolution_param or pooling_param",
    ),
    "field of the message around": (
        'layer {\n  convolution_param {\n    top: "x"\n  }\n}',
        "3:5: unknown field 'top' in ConvolutionParameter; it belongs to LayerParameter:"
        " is the '}' for the '{' in line 2 missing?",
    ),
    "missing brace before the next layer": (
        'layer {\n  name: "a"\n\nlayer {\n  name: "b"\n}',
        "4:1: unknown field 'layer' in LayerParameter; it belongs to NetParameter:"
        " is the '}' for the '{' in line 1 missing?",
    ),
    "missing brace at the end": (
        'layer {\n  name: "a"\n  include < phase: TEST >\n',
        "4:1: expected a field or the '}' for the '{' in line 1, found the end of the text",
    ),
    "wrong closing brace": (
        "layer {\n  include <\n    phase: TEST\n  }\n}",
        "4:3: expected a field or the '>' for the '<' in line 2, found '}'",
    ),
    "brace too many": ('layer { name: "a" } }', "1:21: expected a field, found '}'; no brace is open here"),
    "value without a field": ("layer { 3 }", "1:9: expected a field or the '}' for the '{' in line 1, found '3'"),
    "two separators": ('name: "a";;', "1:11: expected a field, found ';'"),
    "our own field": ('layer { place: "x:1" }', "1:9: unknown field 'place' in LayerParameter"),
    "missing value": ("layer { name: }", "1:15: expected a string in quotes for 'name', found '}'"),
    "brace for a value": ("name: {", "1:7: expected a string in quotes for 'name', found '{'"),
    "value for a message": ("layer: 3", "1:8: expected '{' after 'layer', found '3'"),
    "missing colon": ('name "a"', "1:6: expected ':' after 'name', found \"a\""),
    "end after a colon": ("name:", "1:6: expected a string in quotes for 'name', found the end of the text"),
    "no quotes": ("name: LeNet", "1:7: expected a string in quotes for 'name', found 'LeNet'"),
    "number for a string": ("name: 3", "1:7: expected a string in quotes for 'name', found '3'"),
    "string for a number": ('input_dim: "3"', "1:12: expected an integer for 'input_dim', found \"3\""),
    "float for an integer": ("input_dim: 3.0", "1:12: expected an integer for 'input_dim', found '3.0'"),
    "name for an integer": ("input_dim: three", "1:12: expected an integer for 'input_dim', found 'three'"),
    "more digits than any type has": (
        f"input_dim: {'1' * 9999}",
        f"1:12: expected an integer for 'input_dim', found '{'1' * 40}...'",
    ),
    "letters behind a number": ("input_dim: 3x4", "1:12: expected an integer for 'input_dim', found '3x4'"),
    "octal with an 8": ("input_dim: 08", "1:12: expected an integer for 'input_dim', found '08'"),
    "underscore in a number": ("input_dim: 1_000", "1:12: expected an integer for 'input_dim', found '1_000'"),
    "plus": ("input_dim: +3", "1:12: unexpected character '+' (U+002B)"),
    "int32 too large": (
        "input_dim: 2147483648",
        "1:12: 2147483648 does not fit 'input_dim', of type int32 (-2147483648 to 2147483647)",
    ),
    "int32 too small": (
        "input_dim: - 0x80000001",
        "1:12: -2147483649 does not fit 'input_dim', of type int32 (-2147483648 to 2147483647)",
    ),
    "negative uint32": (
        "layer { convolution_param { num_output: -1 } }",
        "1:41: -1 does not fit 'num_output', of type uint32 (0 to 4294967295)",
    ),
    "int64 too large": (
        "input_shape { dim: 9223372036854775808 }",
        "1:20: 9223372036854775808 does not fit 'dim', of type int64 (-9223372036854775808 to 9223372036854775807)",
    ),
    "no float": ("layer { loss_weight: 1.2.3 }", "1:22: expected a number for 'loss_weight', found '1.2.3'"),
    "octal float": ("layer { loss_weight: 010 }", "1:22: expected a number for 'loss_weight', found '010'"),
    "minus without a number": ("layer { loss_weight: - }", "1:24: expected a number for 'loss_weight', found '}'"),
    "bad bool": ("force_backward: yes", "1:17: expected true or false for 'force_backward', found 'yes'"),
    "2 as bool": ("force_backward: 2", "1:17: expected true or false for 'force_backward', found '2'"),
    "bad enum": (
        "layer { pooling_param { pool: MEDIAN } }",
        "1:31: expected MAX, AVE or STOCHASTIC for 'pool', found 'MEDIAN'",
    ),
    "enum in small letters": (
        "layer { pooling_param { pool: ave } }",
        "1:31: expected MAX, AVE or STOCHASTIC for 'pool', found 'ave'; did you mean 'AVE'?",
    ),
    "enum in quotes": ('state { phase: "TEST" }', "1:16: expected TRAIN or TEST for 'phase', found \"TEST\""),
    "unknown number of an enum": ("state { phase: 7 }", "1:16: expected TRAIN or TEST for 'phase', found '7'"),
    "field twice": ('name: "a"\nname: "b"', "2:1: 'name' is given twice in NetParameter, first in line 1"),
    "message twice": (
        "layer {\n  relu_param {\n  }\n  relu_param { }\n}",
        "4:3: 'relu_param' is given twice in LayerParameter, first in line 2",
    ),
    "list for one value": ("state { level: [1] }", "1:16: expected an integer for 'level', found '['"),
    "list without end": ("input_dim: [1, 2 }", "1:18: expected ',' or ']' in the list of 'input_dim', found '}'"),
    "list ends in a comma": ("input_dim: [1,]", "1:15: expected an integer for 'input_dim', found ']'"),
    "string without end": ('name: "a\ninput: "b"', "1:7: this string has no closing quote in its line"),
    "string with the other quote": ("name: 'a\"", "1:7: this string has no closing quote in its line"),
    "unknown escape": (r'name: "a" "b\q"', "1:13: unknown escape '\\q' in a string"),
    "short escape": (r'name: "\u00e"', "1:8: unknown escape '\\u' in a string"),
    "half a character": (r'name: "\303"', "1:7: the string of 'name' is not UTF-8 once its escapes are read"),
    "curly quotes": ("name: “a”", "1:7: unexpected character '“' (U+201C)"),
    "column behind tabs and letters beyond ASCII": ('\t"é"', '1:2: expected a field, found "é"'),
    "line behind CRLF": ("# a\r\n\r\nname: 3", "3:7: expected a string in quotes for 'name', found '3'"),
    "long value": (
        f'input_dim: "{"a" * 99}"',
        f"1:12: expected an integer for 'input_dim', found \"{'a' * 39}...",
    ),
    "solver for a net": (
        'net: "n"\nbase_lr: 1',
        "1:1: unknown field 'net' in NetParameter; this looks like a solver: give the file of its net",
    ),
}


SOLVER_MISTAKES = {
    "net for a solver": (
        'name: "n"\nlayer { }',
        "1:1: unknown field 'name' in SolverParameter; this looks like a net: give the file of its solver",
    ),
    "unknown field": ("base_rl: 1", "1:1: unknown field 'base_rl' in SolverParameter; did you mean 'base_lr'?"),
    "field of the solver in its net": (
        "net_param {\n  layer { }\n  max_iter: 3\n}",
        "3:3: unknown field 'max_iter' in NetParameter; it belongs to SolverParameter:"
        " is the '}' for the '{' in line 1 missing?",
    ),
    "bad enum": ("solver_mode: TPU", "1:14: expected CPU or GPU for 'solver_mode', found 'TPU'"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_in_a_net(text, said):
    assert refusal(prototxt.parse, text, NetParameter, "net.prototxt") == f"net.prototxt:{said}"


@pytest.mark.parametrize(("text", "said"), SOLVER_MISTAKES.values(), ids=SOLVER_MISTAKES)
def test_mistake_in_a_solver(text, said):
    assert refusal(prototxt.parse, text, SolverParameter, "solver.prototxt") == f"solver.prototxt:{said}"


@pytest.mark.parametrize("opening", ["layer {", "layer <", "layer: [", "[", "{", "input_dim: ["])
def test_deep_nesting_is_refused_at_the_second_level(opening):
    assert refusal(prototxt.parse, opening * 100_000, NetParameter, "deep").startswith("deep:1:")


# Files that are none.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "1:1: expected a net, found nothing"),
        (b"# no layers yet\n", "1:1: expected a net, found nothing"),
        (b'name: "a"\n# caf\xc3\xa9 or caf\xe9\n', "2:14: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"\xff\xfen\0a\0", " this is a binary file (a caffemodel?) where a prototxt is expected"),
    ],
)
def test_content_of_a_file(tmp_path, content, said):
    path = tmp_path / "net.prototxt"
    path.write_bytes(content)
    assert refusal(prototxt.load_net, path) == f"net.prototxt:{said}"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("weights/*/out.caffemodel*")), ids=lambda path: path.parent.name)
def test_weights_for_a_prototxt(path):
    assert refusal(prototxt.load_net, path).startswith(f"{path.name}: this is a binary file")


@pytest.mark.parametrize("kind", [str, Path])
def test_missing_file(tmp_path, kind):
    path = kind(tmp_path / "none.prototxt")
    assert refusal(prototxt.load_net, path) == f"{path}: the file cannot be read: No such file or directory"


def test_directory(tmp_path):
    assert refusal(prototxt.load_solver, str(tmp_path)) == f"{tmp_path}: the file cannot be read: Is a directory"


def test_unreadable_file(tmp_path):
    loop = tmp_path / "loop.prototxt"
    loop.symlink_to(loop)
    assert refusal(prototxt.load_net, loop) == f"{loop}: the file cannot be read: {os.strerror(errno.ELOOP)}"


# A str is a path or a text.


@pytest.mark.parametrize("text", ['name: "n"', "layer{}", "layer < >", '# n\nname: "n"', '\n\nname\n:"n"', "layer:{}"])
def test_str_that_is_text(text):
    assert prototxt.load_net(text).ListFields()


@pytest.mark.parametrize("path", ["", "net", "a/net.prototxt", r"C:\a\net.prototxt", "http://a.b/net.prototxt", "~a"])
def test_str_that_is_a_path(path):
    assert "the file cannot be read" in refusal(prototxt.load_net, path)


def test_existing_file_is_a_path_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('name: "text"').write_text('name: "file"')
    assert prototxt.load_net('name: "text"').name == "file"


# Places.


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
def test_each_layer_remembers_its_line(tmp_path, line_end, mark):
    lines = ['name: "n"', "layer { }", "", "  # layer", "layer", "{", "}", "layers { layer { } }", "layer: [{},", "{}]"]
    path = tmp_path / "net.prototxt"
    path.write_bytes((mark + line_end.join(lines)).encode())
    net = prototxt.load_net(path)
    assert [layer.place for layer in net.layer] == [f"net.prototxt:{line}" for line in (2, 5, 9, 9)]
    assert net.layers[0].place == "net.prototxt:8"


def test_place_in_a_text():
    solver = prototxt.load_solver("net_param {\n  layer { }\n}")
    assert solver.net_param.layer[0].place == "<text>:2"


# What a good text means.

GOOD = {
    "comments, blanks": ("#a\n\t name\f:\v#b\r\n'n' # c", {"name": "n"}),
    "separators": ("input_dim: 1, input_dim: 2; input_dim: 3", {"input_dim": [1, 2, 3]}),
    "nothing between": ("input:'a'input:'b'state{level:1}", {"input": ["a", "b"], "state": {"level": 1}}),
    "both braces, with and without colon": (
        "layer { } layer: { } layer < > layer: < include: < >; >,",
        {"layer": [{}, {}, {}, {"include": [{}]}]},
    ),
    "lists": ("input_dim: [] input_dim: [1] input_dim: [2, 3]", {"input_dim": [1, 2, 3]}),
    "list of messages": ("layer [{ name: 'a' }, < name: 'b' >] layer: []", {"layer": [{"name": "a"}, {"name": "b"}]}),
    "integers": (
        "input_dim: [0, 00, 017, 0x1F, 0XaB, -1, - 2, -0x10, -010]",
        {"input_dim": [0, 0, 15, 31, 171, -1, -2, -16, -8]},
    ),
    "limits": (
        "input_dim: [2147483647, -2147483648] input_shape { dim: -0x8000000000000000 }",
        {"input_dim": [2**31 - 1, -(2**31)], "input_shape": [{"dim": [-(2**63)]}]},
    ),
    "floats": (
        "layer { loss_weight: [1, .5, 5., 1e3, 1E-3, 1.5f, 2F, -1, - .5] loss_weight: [inf, -Infinity, 1e50] }",
        {"layer": [{"loss_weight": [1, 0.5, 5, 1000, 1e-3, 1.5, 2, -1, -0.5, math.inf, -math.inf, math.inf]}]},
    ),
    "bools": (
        "layer { propagate_down: [true, True, t, 1, false, False, f, 0] }",
        {"layer": [{"propagate_down": [True] * 4 + [False] * 4}]},
    ),
    "enum by name and number": (
        "state { phase: TRAIN } layer { phase: 1 }",
        {"state": {"phase": 0}, "layer": [{"phase": 1}]},
    ),
    "strings side by side": ("name: 'a' \"b\" # c\n 'd'", {"name": "abd"}),
    "quotes inside the others": ("name: 'a\"b' \"c'd\"", {"name": "a\"bc'd"}),
    "escapes": (r"""name: '\a\b\f\n\r\t\v\\\'\"\?' """, {"name": "\a\b\f\n\r\t\v\\'\"?"}),
    "octal and hex escapes": (r"name: '\1\12\101\x41\X4a\303\251\xc3\xA9'", {"name": "\x01\nAAJéé"}),
    "code points": (r"name: '\u00e9\U0001F600'", {"name": "é😀"}),
    "beyond ASCII": ("name: 'é' # é", {"name": "é"}),
    "deprecated field": ("input: 'a' input_dim: 1", {"input": ["a"], "input_dim": [1]}),
}


@pytest.mark.parametrize(("text", "meant"), GOOD.values(), ids=GOOD)
def test_good_text(text, meant):
    found = prototxt.without_places(prototxt.parse(text, NetParameter, "net.prototxt"))
    assert found == NetParameter(**meant)


@pytest.mark.parametrize(
    "text",
    [
        'layer { type: "ROIPooling" FORKS top: "y" }',
        'layer { type: "VideoData" transform_param { FORKS scale: 2 } top: "y" }',
        'layers { type: VIDEO_DATA FORKS top: "y" }',
    ],
)
@pytest.mark.parametrize(
    "forks",
    [
        "its_param { a: 3 b: 'x}' \"y\" c < d: [-1e3, inf] > }",
        "its_param: < a { } >, its_param: [{ }, { }];",
        "bins: -3, bins: -inf",
        "names: 'a' 'b' \"c\" kind: MAX",
        "bins: []",
    ],
)
def test_fields_of_a_layer_that_only_a_fork_has_are_passed_over(text, forks):
    assert prototxt.load_net(text.replace("FORKS", forks)) == prototxt.load_net(text.replace("FORKS ", ""))


def test_bytes_need_not_be_utf8():
    assert prototxt.parse(r"data: '\377a' encoded: true", Datum, "datum") == Datum(data=b"\xffa", encoded=True)


# google.protobuf.text_format as the oracle.


def values(field) -> st.SearchStrategy:
    """A value of the field, or of each item of a repeated one."""
    match field.type:
        case field.TYPE_MESSAGE:
            return messages(field.message_type)
        case field.TYPE_ENUM:
            return st.sampled_from([value.number for value in field.enum_type.values])
        case field.TYPE_STRING:
            return st.text(max_size=8)
        case field.TYPE_BYTES:
            return st.binary(max_size=8)
        case field.TYPE_BOOL:
            return st.booleans()
        case field.TYPE_FLOAT:
            return st.floats(width=32, allow_nan=False)
        case field.TYPE_DOUBLE:
            return st.floats(allow_nan=False)
        case _:
            bits = 64 if field.type in (field.TYPE_INT64, field.TYPE_UINT64) else 32
            signed = field.type in (field.TYPE_INT32, field.TYPE_INT64)
            return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


@st.composite
def messages(draw, descriptor) -> dict:
    """The fields of a random message, as its constructor takes them."""
    fields = [field for field in descriptor.fields if field.name != "place"]
    chosen = draw(st.lists(st.sampled_from(fields), max_size=3, unique=True)) if fields else []
    return {
        field.name: draw(values(field) if field.has_presence else st.lists(values(field), max_size=3))
        for field in chosen
    }


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
PRINTED = st.fixed_dictionaries(
    {
        name: st.booleans()
        for name in ("as_utf8", "as_one_line", "use_short_repeated_primitives", "pointy_brackets", "use_index_order")
    }
)


@pytest.mark.parametrize("kind", [NetParameter, SolverParameter, Datum], ids=lambda kind: kind.DESCRIPTOR.name)
@settings(deadline=None, max_examples=60, suppress_health_check=QUIET)
@given(data=st.data(), options=PRINTED)
def test_printed_messages_are_read_back(kind, data, options):
    message = kind(**data.draw(messages(kind.DESCRIPTOR)))
    text = text_format.MessageToString(message, **options)
    assert prototxt.without_places(prototxt.parse(text, kind, "printed")) == message


WORDS = r"""
    layer layers name input_dim state phase loss_weight propagate_down include input_shape dim TEST true f inf
    0 1 -1 007 0x1f 1.5f 1e3 - : : { { } } < > [ ] , ; "a" 'b' "\n" "\q" " # \
"""


@settings(deadline=None, max_examples=300, suppress_health_check=QUIET)
@given(st.lists(st.sampled_from([*WORDS.split(), "\n", "\t"]), max_size=12).map(" ".join))
def test_any_text_is_read_as_by_text_format_or_refused(text):
    try:
        expected = text_format.Parse(text, NetParameter())
    except text_format.ParseError:
        expected = None
    try:
        found = prototxt.without_places(prototxt.parse(text, NetParameter, "any"))
    except PrototxtError as error:
        assert str(error).startswith("any:")
        found = None
    assert expected is None or found == expected


def oracle(text: str):
    """The message of a file, net or solver; None when neither is in the schema."""
    for kind in (NetParameter, SolverParameter):
        try:
            return text_format.Parse(text, kind())
        except text_format.ParseError:
            pass
    return None


def differing(folder: Path) -> tuple[int, list[str]]:
    """How many prototxts text_format accepts, and which of them are read otherwise here."""
    expected = {path: oracle(path.read_text("utf-8-sig")) for path in sorted(folder.rglob("*.prototxt"))}
    expected = {path: message for path, message in expected.items() if message is not None}
    read = {NetParameter: prototxt.load_net, SolverParameter: prototxt.load_solver}
    wrong = [
        str(path)
        for path, message in expected.items()
        if message.ListFields() and prototxt.without_places(read[type(message)](path)) != message
    ]
    return len(expected), wrong


def test_every_recorded_prototxt_is_read_as_text_format_reads_it():
    count, wrong = differing(GOLDEN)
    assert count > 300 and wrong == []


def test_every_public_prototxt_is_read_as_text_format_reads_it(shared):
    count, wrong = differing(shared / "corpus")
    assert count > 100 and wrong == []


# All mistakes of a file at once.


def inspect(folder, text: str, kind=NetParameter) -> tuple[list[str], set[str], object]:
    path = folder / "net.prototxt"
    path.write_text(text)
    found = prototxt.inspect(path, kind)
    return [str(error).removeprefix("net.prototxt:") for error in found.mistakes], found.spoiled, found.message


def test_inspection_goes_on_behind_a_field_that_cannot_be(tmp_path):
    mistakes, spoiled, net = inspect(
        tmp_path,
        """layer { name: "a" colour { b: [1, {}] } top: "x" include { phase: TRIAN } }
layer { name: "b" inner_product_param { num_ouput: 3 axis: -two bias_term: false } type: 4 }
layer { name: "c" name: "d" loss_weight: [1, x, 2] top: "y" bottom: "\\z" 'e' }
nam: "net"
force_backward: true""",
    )
    assert mistakes == [
        "1:19: unknown field 'colour' in LayerParameter",
        "1:67: expected TRAIN or TEST for 'phase', found 'TRIAN'; did you mean 'TRAIN'?",
        "2:41: unknown field 'num_ouput' in InnerProductParameter; did you mean 'num_output'?",
        "2:61: expected an integer for 'axis', found 'two'",
        "2:90: expected a string in quotes for 'type', found '4'",
        "3:19: 'name' is given twice in LayerParameter, first in line 3",
        "3:46: expected a number for 'loss_weight', found 'x'",
        "3:70: unknown escape '\\z' in a string",
        "4:1: unknown field 'nam' in NetParameter; did you mean 'name'?",
    ]
    assert spoiled == {"net.prototxt:1", "net.prototxt:2", "net.prototxt:3"}
    expected = """layer { name: "a" top: "x" include { } } layer { name: "b" inner_product_param { bias_term: false } }
        layer { name: "d" loss_weight: [1, 2] top: "y" } force_backward: true"""
    assert prototxt.without_places(net) == prototxt.without_places(prototxt.parse(expected, NetParameter, "expected"))


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("layer { nam: 1", ["1:9: unknown field 'nam' in LayerParameter; did you mean 'name'?",
                            "1:15: expected a field or the '}' for the '{' in line 1, found the end of the text"]),
        ("layer { layer { } }", ["1:9: unknown field 'layer' in LayerParameter; it belongs to NetParameter: "
                                 "is the '}' for the '{' in line 1 missing?"]),
        ('layer { name: "x }', ["1:15: this string has no closing quote in its line"]),
        ("layer { loss_weight: }", ["1:22: expected a number for 'loss_weight', found '}'"]),
    ],
)  # fmt: skip
def test_inspection_ends_where_the_text_breaks_off(tmp_path, text, mistakes):
    found, _, net = inspect(tmp_path, text)
    assert (found, net) == (mistakes, None)


def test_inspection_of_a_solver(tmp_path):
    mistakes, _, solver = inspect(tmp_path, "base_lr: 0.1\nmax_itr: 3\nmomentum: much", SolverParameter)
    assert [mistake.partition(": ")[0] for mistake in mistakes] == ["2:1", "3:11"]
    assert solver == SolverParameter(base_lr=0.1)


def test_inspection_of_good_files():
    for path in GOLDEN.glob("net/*/net.prototxt"):
        found = prototxt.inspect(path, NetParameter)
        assert (found.message, found.mistakes, found.spoiled) == (prototxt.load_net(path), [], set())


# Writing.


def test_dump_has_short_floats_and_no_places():
    net = prototxt.load_net("layer { loss_weight: [0.1, 1e-05, 3] }\nlayers { name: 'b' layer { name: 'c' } }")
    text = prototxt.dump(net)
    assert [line.strip() for line in text.splitlines() if "loss_weight" in line] == [
        "loss_weight: 0.1",
        "loss_weight: 1e-05",
        "loss_weight: 3.0",
    ]
    assert "place" not in text
    assert net.layer[0].place == "<text>:1"
    assert prototxt.parse(text, NetParameter, "dumped") != net
    assert prototxt.without_places(prototxt.parse(text, NetParameter, "dumped")) == prototxt.without_places(net)


def test_dump_of_one_layer():
    assert prototxt.dump(LayerParameter(name="a", place="net.prototxt:3")) == 'name: "a"\n'
