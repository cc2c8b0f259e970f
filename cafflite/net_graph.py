"""A net as a graph to draw: boxes for layers, octagons for blobs, with what stands in them."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cafflite.layered import Edge, Point
from cafflite.proto.caffe_pb2 import BlobShape, LayerParameter, NetParameter, Phase

COLOURS = {"Convolution": "#f4a6a0", "Deconvolution": "#f4a6a0", "Pooling": "#f7c08a", "InnerProduct": "#d3b3e8"}
BLOB, DATA, IN_PLACE, LOSS, OTHER = "#eeeeee", "#f6d98b", "#b5e3b5", "#ff9db5", "#aecbf2"
FONT, LINE, PADDING, CORNER = 12, 15, 10, 6  # pixels
SETTINGS = 34  # letters in a line of a layer's settings
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass
class Node:
    """A layer's box, whose first line is bold, or a blob's octagon, which has no layer."""

    lines: list[str]
    colour: str
    layer: LayerParameter | None = None

    @property
    def is_blob(self) -> bool:
        return self.layer is None

    @property
    def size(self) -> Point:
        """Width, for letters of a wide font, and height."""
        width = max(sum(map(_letter_width, line)) for line in self.lines)
        return width + 2 * PADDING, LINE * len(self.lines) + PADDING

    def outline(self, x: float, y: float) -> list[Point]:
        """The corners, for a centre (x, y)."""
        dx, dy = (extent / 2 for extent in self.size)
        if not self.is_blob:
            return [(x - dx, y - dy), (x + dx, y - dy), (x + dx, y + dy), (x - dx, y + dy)]
        near, far = dx - CORNER, dy - CORNER
        return [(x - near, y - dy), (x + near, y - dy), (x + dx, y - far), (x + dx, y + far),
                (x + near, y + dy), (x - near, y + dy), (x - dx, y + far), (x - dx, y - far)]  # fmt: skip

    def texts(self, x: float, y: float) -> Iterator[tuple[float, float, str, bool]]:
        """The middle of each line, the line, and whether it is bold, for a centre (x, y)."""
        for i, line in enumerate(self.lines):
            yield x, y + (i - (len(self.lines) - 1) / 2) * LINE, line, i == 0 and not self.is_blob


def _letter_width(letter: str) -> float:
    ems = 0.4 if letter in " fijlrtI.,:;'()[]-" else 1.0 if letter in "mwMW@%" else 0.75 if letter.isupper() else 0.66
    return FONT * ems


@dataclass
class _Blob:
    """What a name stands for between two layers: its makers, its octagon once it has one, and whether it is read."""

    makers: list[int]
    octagon: int | None = None
    is_read: bool = False


class Graph:
    """The nodes of a net, and the edges between them by their numbers.

    display_lrm  whether layers show the lr_mult of their parameters
    """

    def __init__(self, net: NetParameter, display_lrm: bool = False) -> None:
        self.name = net.name
        self.display_lrm = display_lrm
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.blobs: dict[str, _Blob] = {}
        for layer in net.layer:
            self.add_layer(layer)
        for name in self.blobs:
            self.octagon(name)

    def add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def add_layer(self, layer: LayerParameter) -> None:
        index = self.add(Node(label(layer, self.display_lrm), _colour(layer), layer))
        for name in dict.fromkeys(layer.bottom):
            blob = self.blobs.setdefault(name, _Blob([]))
            if name in layer.top and blob.makers and blob.octagon is None:
                self.edges += [(maker, index) for maker in blob.makers]
            else:
                self.edges.append((self.octagon(name), index))
            blob.is_read = True
        for name in layer.top:
            if name in self.blobs and not self.blobs[name].is_read:
                self.blobs[name].makers.append(index)  # by a layer of the other phase as well
            else:
                self.blobs[name] = _Blob([index])

    def octagon(self, name: str) -> int:
        blob = self.blobs[name]
        if blob.octagon is None:
            blob.octagon = self.add(Node([name], BLOB))
            self.edges += [(maker, blob.octagon) for maker in blob.makers]
        return blob.octagon


def _colour(layer: LayerParameter) -> str:
    if not layer.bottom:
        return DATA
    if not set(layer.bottom).isdisjoint(layer.top):
        return IN_PLACE
    return choose_color_by_layertype(layer.type)


def choose_color_by_layertype(layertype: str) -> str:
    """The colour of a layer that has bottoms and does not work in place, as "#rrggbb"."""
    return LOSS if layertype.endswith("Loss") else COLOURS.get(layertype, OTHER)


def label(layer: LayerParameter, display_lrm: bool) -> list[str]:
    """Name, type, phase, and the settings that the layer's text gives: numbers, words and shapes."""
    phases = {Phase.Name(rule.phase) for rule in layer.include if rule.HasField("phase")}
    only = f" in {phases.pop()}" if len(phases) == 1 else ""
    params = [value for field, value in layer.ListFields() if field.name.endswith("_param")]
    settings = [text for param in params for text in _settings(param)]
    if display_lrm and layer.param:
        settings.append(NO_BREAK.join(["lr_mult", *(f"{spec.lr_mult:g}" for spec in layer.param)]))
    lines = textwrap.wrap(", ".join(settings), SETTINGS, max_lines=3, placeholder=" ...")
    return [layer.name, layer.type + only, *lines]


def _settings(param: Any) -> Iterator[str]:
    for field, value in param.ListFields():
        values = value if hasattr(value, "__len__") and not isinstance(value, str | bytes) else [value]
        if field.enum_type:
            texts = [field.enum_type.values_by_number[number].name for number in values]
        elif field.message_type is BlobShape.DESCRIPTOR:
            texts = ["\N{MULTIPLICATION SIGN}".join(map(str, shape.dim)) for shape in values]
        elif isinstance(values[0], bool):
            texts = [str(item).lower() for item in values]
        elif isinstance(values[0], int | float):
            texts = [f"{item:g}" for item in values]
        else:
            continue
        yield NO_BREAK.join([field.name, *texts])
