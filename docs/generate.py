"""The pages that come from the code: one for each layer, solver and command, the schema, and a picture.

`write(folder)` makes them all anew; conf.py calls it with docs/reference before Sphinx reads its sources.
"""

import inspect
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import indent

import picture
from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor

from cafflite import proto
from cafflite.layers._recurrence import Recurrence
from cafflite.layers.base import LossLayer, NeuronLayer, registry
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import DESCRIPTOR, LayerParameter
from cafflite.solvers.base import registry as solvers
from cafflite.tools import main
from tests.gradient_check import build
from tests.layer_cases import CASES, Case

SCHEMA = Path(proto.__path__[0], "caffe.proto").read_text()
FIELD = re.compile(
    r"  (?P<label>optional|required|repeated) (?P<type>\w+) (?P<name>\w+) = \d+"
    r"(?: \[default = (?P<default>.+)\]| \[.+\])?;"
)
SETTINGS_READ = re.compile(r"layer_param\.(\w+_param)\b")
# The groups of the list of layers. Those not named here go by their base class, and else to Common.
FAMILIES = {
    "Data": ["HDF5Output"],
    "Vision": ["Convolution", "Crop", "Deconvolution", "Im2col", "Pooling", "SPP"],
    "Recurrent": ["LSTMUnit"],
    "Common": [],
    "Activation": [],
    "Normalisation": ["BatchNorm", "LRN", "MVN"],
    "Loss": ["Accuracy"],
    "Utility": ["Filter", "Parameter", "Python", "Silence", "Split"],
}
BASES = {LossLayer: "Loss", NeuronLayer: "Activation", Recurrence: "Recurrent"}


def write(folder: Path) -> None:
    """All generated pages, in a folder that holds nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = {f"layers/{_file(name)}": layer_page(name) for name in registry}
    pages |= {f"commands/{name}": command_page(name) for name in main.summaries()}
    pages |= {"layers": layers_page(), "solvers": solvers_page(), "commands": commands_page(), "schema": schema_page()}
    for name, text in pages.items():
        page = folder / f"{name}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text)
    (folder / "sequences.svg").write_text(picture.sequences())


# Text


def paragraphs(docstring: str | None) -> list[tuple[bool, str]]:
    """The paragraphs of a docstring, each with whether it is prose; what doesn't end as a sentence is a table."""
    parts = re.split(r"\n\s*\n", inspect.cleandoc(docstring or ""))
    return [(part.endswith((".", ":")), part) for part in parts if part]


def markdown(docstring: str | None) -> str:
    """A docstring as Markdown: its tables and formulas as they stand there."""
    return "\n\n".join(part if is_prose else f"```text\n{part}\n```" for is_prose, part in paragraphs(docstring))


def summary(docstring: str | None) -> str:
    """What a one-line "Name: summary" says."""
    return (docstring or "").partition("\n")[0].partition(": ")[2]


def contents(pages: Iterable[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", "", *pages, "```"])


def table(rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {name} | {text.replace('|', '&#124;')} |" for name, text in rows]
    return "\n".join(["| | |", "| --- | --- |", *lines])


# Layers


def layers_page() -> str:
    """All layers, by family."""
    parts = [
        "# Layers",
        "What a layer makes of its bottoms, and the settings that it takes. The letters in shapes: N batch or streams, "
        "C channels, H and W height and width, T time steps; `M...` stands for any number of axes. The settings that "
        "all layers have are those of [LayerParameter](schema.md#layerparameter).",
    ]
    families: dict[str, list[str]] = {title: [] for title in FAMILIES}
    for name in sorted(registry, key=str.lower):
        families[family(name)].append(name)
    for title, names in families.items():
        rows = [(f"[{name}](layers/{_file(name)}.md)", summary(_module(name).__doc__)) for name in names]
        parts += [f"## {title}", table(rows)]
    parts.append(contents(f"layers/{_file(name)}" for names in families.values() for name in names))
    return "\n\n".join(parts) + "\n"


def family(name: str) -> str:
    """The group that a layer is listed in."""
    named = [title for title, names in FAMILIES.items() if name in names]
    inherited = [title for base, title in BASES.items() if issubclass(registry[name], base)]
    sources = ["Data"] if registry[name].num_bottom == 0 else []
    return (named + inherited + sources + ["Common"])[0]


def layer_page(name: str) -> str:
    """What a layer does, its settings, and an example."""
    place = f'`type: "{name}"`, in `layers/{_file(name)}.py`'
    parts = [f"# {name}", markdown(_module(name).__doc__), place, markdown(_shapes(name))]
    fields = [LayerParameter.DESCRIPTOR.fields_by_name[field] for field in settings_of(name)]
    for field in fields:
        parts += [f"## {field.name}", settings(field.message_type)]
    if not fields:
        parts.append("It has no settings of its own.")
    parts += [example(name, case) for case in CASES.get(name, [])[:1]]
    return "\n\n".join(part for part in parts if part) + "\n"


def settings_of(name: str) -> list[str]:
    """The fields of LayerParameter that a layer reads: its own, and those that its code mentions."""
    cls = registry[name]
    own = [cls.param_name] if cls.param_name else []
    code = [inspect.getsource(sys.modules[base.__module__]) for base in cls.__mro__[:-1]]
    return list(dict.fromkeys(own + SETTINGS_READ.findall("".join(code))))


def example(name: str, case: Case) -> str:
    """The layer of a test case with the shapes that it makes; nothing for one that needs files."""
    if "/" in case.text or "tests." in case.text:
        return ""
    layer, bottom, top = build(f'type: "{name}" {case.text}', case.bottoms(2), case.phase, case.tops)
    shapes = {f"x{i}": blob.shape for i, blob in enumerate(bottom)}, {f"y{i}": blob.shape for i, blob in enumerate(top)}
    param = LayerParameter(name="example", type=name, bottom=list(shapes[0]), top=list(shapes[1]))
    param.MergeFrom(text_format.Parse(case.text, LayerParameter()))
    lines = [f"{blob:8}  {shape}" for blobs in shapes for blob, shape in blobs.items()]
    lines += [f"blobs[{i}]  {blob.shape}" for i, blob in enumerate(layer.blobs)]
    text = f"layer {{\n{indent(prototxt.dump(param), '  ')}}}"
    return "\n".join(["## Example", "", "```prototxt", text, "```", "", "```text", *lines, "```"])


def _module(name: str):
    return sys.modules[registry[name].__module__]


def _file(name: str) -> str:
    """The name of a layer's file and page; types alone can differ in capitals only, as LSTM and Lstm do."""
    return _module(name).__name__.rpartition(".")[2]


def _shapes(name: str) -> str:
    """The docstring of a layer, or that of the nearest class it is derived from."""
    return next(cls.__doc__ for cls in registry[name].__mro__ if cls.__doc__)


# Solvers and commands


def solvers_page() -> str:
    """The rules of all solvers, and their settings."""
    parts = ["# Solvers", "The `type` of a solver's prototxt names its rule. w is a parameter, g its gradient."]
    for name in sorted(solvers):
        module = sys.modules[solvers[name].__module__]
        parts += [f"## {name}", summary(module.__doc__), markdown(solvers[name].__doc__)]
    parts += ["## Settings", settings(DESCRIPTOR.message_types_by_name["SolverParameter"])]
    return "\n\n".join(parts) + "\n"


def commands_page() -> str:
    """All commands, with their summaries."""
    commands = main.summaries()
    rows = [(f"[cafflite {name}](commands/{name}.md)", text) for name, text in commands.items()]
    return "\n\n".join(["# Commands", table(rows), contents(f"commands/{name}" for name in commands)]) + "\n"


def command_page(name: str) -> str:
    """What `cafflite help` says of a command."""
    return f"# cafflite {name}\n\n```text\n{main.command_help(name)}\n```\n"


# Schema


def schema_page() -> str:
    """The messages of several pages: those of nets and weights, and what settings refer to."""
    parts = ["# Schema", "The messages that nets, weights and the settings of several layers are made of."]
    for name in shared_messages():
        parts += [f"(schema-{name.lower()})=", f"## {name}", settings(DESCRIPTOR.message_types_by_name[name])]
    return "\n\n".join(parts) + "\n"


def shared_messages() -> list[str]:
    """All messages but those of one layer or solver, of old formats, and what weights are read through."""
    fields = LayerParameter.DESCRIPTOR.fields_by_name
    elsewhere = {fields[cls.param_name].message_type.name for cls in registry.values() if cls.param_name}
    names = [name for name in DESCRIPTOR.message_types_by_name if not name.startswith(("V0", "V1", "Weights"))]
    return [name for name in names if name not in elsewhere | {"SolverParameter"}]


def settings(message: Descriptor) -> str:
    """A message as the file of the schema has it, in its order and with its comments."""
    found = re.search(rf"^((?://[^\n]*\n)*)message {message.name} {{\n(.*?)^}}", SCHEMA, re.MULTILINE | re.DOTALL)
    assert found, f"caffe.proto has no message {message.name}"
    about = " ".join(line.removeprefix("// ") for line in found[1].splitlines())
    groups = [group for group in found[2].split("\n\n") if " enum " not in group and " place = " not in group]
    width = max((len(field.name) for field in message.fields), default=0)
    lines = [_setting(line, message, width) for line in "\n\n".join(groups).splitlines()]
    types = {field.message_type.name for field in message.fields if field.message_type}
    links = ", ".join(f"[{name}](#schema-{name.lower()})" for name in shared_messages() if name in types)
    return "\n\n".join(part for part in (about, "```text\n" + "\n".join(lines) + "\n```", links) if part)


def _setting(line: str, message: Descriptor, width: int) -> str:
    field = FIELD.fullmatch(line)
    if not field:
        return line.strip().replace("//", "#", 1)
    enum = message.fields_by_name[field["name"]].enum_type
    values = ", ".join(enum.values_by_name) if enum else field["type"]
    note = {"repeated": ", repeated", "required": ", required", "optional": ""}[field["label"]]
    default = f" = {field['default']}" if field["default"] else ""
    return f"{field['name']:{width}}  {values}{note}{default}"
