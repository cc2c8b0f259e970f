"""Pictures of nets: what stands in the SVG, read back as XML."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cafflite import draw
from cafflite.errors import BackendError, FileError, NetError
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import TEST, TRAIN, PoolingParameter

STRUCTURE = Path(__file__).parent / "golden/structure"
NET = """
name: "a <net>"
layer { name: "d" type: "HDF5Data" top: "x" top: "y" include { phase: TRAIN } hdf5_data_param { batch_size: 4 } }
layer { name: "d" type: "HDF5Data" top: "x" top: "y" include { phase: TEST } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "h"
  convolution_param { num_output: 8 kernel_size: 3 kernel_size: 5 bias_term: false weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "h" top: "h" }
layer { name: "drop" type: "Dropout" bottom: "h" top: "h" }
layer { name: "pool&" type: "Pooling" bottom: "h" top: "p" pooling_param { pool: AVE global_pooling: true } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "p" bottom: "y" top: "loss" }
"""
SVG = "{http://www.w3.org/2000/svg}"


class Drawing:
    """The texts and shapes of an SVG: nodes by their first line, edges by the nodes at their ends."""

    def __init__(self, path: Path) -> None:
        self.root = ElementTree.parse(path).getroot()
        self.nodes: dict[str, list[str]] = {}
        self.boxes: dict[str, list[tuple[float, float]]] = {}
        self.edges = []
        first = None
        for element in self.root:
            if element.tag == f"{SVG}polygon" and "stroke" in element.attrib:
                first, corners = None, points(element.get("points"))
            elif element.tag == f"{SVG}text":
                if first is None:
                    first = element.text
                    while first in self.nodes:
                        first += "'"
                    self.nodes[first], self.boxes[first] = [], corners
                self.nodes[first].append(element.text.replace("\N{NO-BREAK SPACE}", " "))
        for element in self.root.iter(f"{SVG}path"):
            numbers = points(element.get("d").replace("L", " ").replace("C", " ").strip("M"))
            self.edges.append((self.at(numbers[0]), self.at(numbers[-1])))

    def at(self, point: tuple[float, float]) -> str:
        """The node on whose border a point is."""
        (name,) = [
            name
            for name, corners in self.boxes.items()
            if all(
                min(values) - 0.2 <= here <= max(values) + 0.2
                for values, here in zip(zip(*corners, strict=True), point, strict=True)
            )
        ]
        return name


def points(text: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in text.split()]


@pytest.fixture
def drawn(tmp_path):
    def drawn(text, **options) -> Drawing:
        draw.draw_net_to_file(prototxt.load_net(text), tmp_path / "net.svg", **options)
        return Drawing(tmp_path / "net.svg")

    return drawn


def test_layers_blobs_and_what_leads_from_one_to_the_other(drawn):
    picture = drawn(NET, phase=TRAIN)
    assert picture.nodes == {
        "d": ["d", "HDF5Data in TRAIN", "batch_size 4"],
        "conv": ["conv", "Convolution", "num_output 8, bias_term false,", "kernel_size 3 5"],
        "x": ["x"],
        "relu": ["relu", "ReLU"],
        "drop": ["drop", "Dropout"],
        "pool&": ["pool&", "Pooling", "pool AVE, global_pooling true"],
        "h": ["h"],
        "loss": ["loss", "SoftmaxWithLoss"],
        "p": ["p"],
        "y": ["y"],
        "loss'": ["loss"],
    }
    assert sorted(picture.edges) == sorted(
        [("d", "x"), ("d", "y"), ("x", "conv"), ("conv", "relu"), ("relu", "drop"), ("drop", "h"), ("h", "pool&"),
         ("pool&", "p"), ("p", "loss"), ("y", "loss"), ("loss", "loss'")]
    )  # fmt: skip
    assert picture.root.find(f"{SVG}title").text == "a <net>"
    assert [len(picture.boxes[name]) for name in ("conv", "x")] == [4, 8]


def test_the_layers_of_a_phase_or_of_both(drawn):
    assert drawn(NET, phase=TEST).nodes["d"] == ["d", "HDF5Data in TEST"]
    both = drawn(NET)
    assert {"d", "d'"} <= set(both.nodes)
    assert {("d", "x"), ("d'", "x"), ("d", "y"), ("d'", "y")} <= set(both.edges)


@pytest.mark.parametrize(("rankdir", "axis", "sign"), [("TB", 1, 1), ("BT", 1, -1), ("LR", 0, 1), ("RL", 0, -1)])
def test_the_direction(drawn, rankdir, axis, sign):
    boxes = drawn(NET, phase=TRAIN, rankdir=rankdir).boxes
    places = [sign * boxes[name][0][axis] for name in ("x", "conv", "relu", "drop", "pool&", "loss'")]
    assert places == sorted(places)


def test_a_layer_that_works_in_place_after_another_read(drawn):
    text = """layer { name: "in" type: "Input" top: "x" }
        layer { name: "a" type: "ReLU" bottom: "x" top: "y" } layer { name: "b" type: "TanH" bottom: "x" top: "x" }"""
    assert sorted(drawn(text).edges) == [("a", "y"), ("b", "x'"), ("in", "x"), ("x", "a"), ("x", "b")]


def test_a_bottom_that_nobody_makes_is_drawn(drawn):
    assert drawn('input: "x" layers { name: "r" type: RELU bottom: "x" top: "y" }').edges == [("x", "r"), ("r", "y")]


@pytest.mark.parametrize("path", sorted(STRUCTURE.glob("*/net.prototxt")), ids=lambda path: path.parent.name)
def test_nets_of_every_age(drawn, path):
    net = prototxt.load_net(path)
    nodes = drawn(path).nodes
    assert len(nodes) > len(net.layer)


def test_a_png(tmp_path):
    image = pytest.importorskip("matplotlib.image", reason="a PNG needs the extra 'plot'")
    draw.draw_net_to_file(prototxt.load_net(NET.replace("pool&", "$x$")), tmp_path / "net.png", rankdir="TB")
    pixels = image.imread(tmp_path / "net.png")
    assert pixels.shape[0] > pixels.shape[1] > 200
    assert len({tuple(pixel) for pixel in pixels.reshape(-1, 4).round(2)}) > 5


def test_a_png_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(BackendError, match=r"pip install 'cafflite\[plot\]', or draw an SVG$"):
        draw.draw_net_to_file(prototxt.load_net(NET), tmp_path / "net.png")


def test_the_content_of_a_file(tmp_path):
    pytest.importorskip("matplotlib", reason="a PNG needs the extra 'plot'")
    net = prototxt.load_net(NET)
    draw.draw_net_to_file(net, tmp_path / "net.SVG", "TB", TRAIN)
    assert draw.draw_net(net, "TB", "svg", TRAIN) == (tmp_path / "net.SVG").read_bytes()
    assert draw.draw_net(net, "LR").startswith(b"\x89PNG")


PARAMS = """layer { name: "a" type: "InnerProduct" bottom: "x" top: "y" param { lr_mult: 0.5 } param { }
    inner_product_param { num_output: 3 } }"""


@pytest.mark.parametrize(("display_lrm", "settings"), [(False, "num_output 3"), (True, "num_output 3, lr_mult 0.5 1")])
def test_the_rates_of_parameters(drawn, display_lrm, settings):
    assert drawn(PARAMS, display_lrm=display_lrm).nodes["a"] == ["a", "InnerProduct", settings]


def test_the_words_of_pycaffe():
    layers = prototxt.load_net(NET).layer
    data = prototxt.load_net('layer { name: "d" type: "Data" data_param { batch_size: 8 } }').layer[0]
    assert [draw.get_edge_label(layer) for layer in (data, layers[2], layers[3])] == ["Batch 8", "8", ""]
    assert draw.get_layer_label(layers[3], "LR") == "relu\nReLU"
    assert draw.get_layer_label(layers[3], "TB", display_lrm=True) == "relu ReLU"
    assert draw.get_pooling_types_dict()[PoolingParameter.AVE] == "AVE"
    colours = [draw.choose_color_by_layertype(name) for name in ("Convolution", "Pooling", "TanH", "HingeLoss")]
    assert len(set(colours)) == 4 and all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


@pytest.mark.parametrize(
    ("params", "rates"),
    [("", (1, 1)), ("param { lr_mult: 2 }", (2, 1)), ("param { lr_mult: 2 } param { lr_mult: 0.5 }", (2, 0.5)),
     ("param { lr_mult: 0 } " * 3, (0, 0, 0))],
)  # fmt: skip
def test_the_rates_of_a_layer(params, rates):
    layer = prototxt.load_net(f'layer {{ name: "s" type: "Scale" bottom: "x" top: "x" {params} }}').layer[0]
    assert draw.get_layer_lr_mult(layer) == rates


@pytest.fixture
def pydot():
    return pytest.importorskip("pydot", reason="needs the extra 'draw'")


@pytest.mark.parametrize(("rankdir", "separator"), [("LR", "\\n"), ("BT", " ")])
def test_the_graph_for_graphviz(pydot, rankdir, separator):
    dot = draw.get_pydot_graph(prototxt.load_net(NET), rankdir, phase=TRAIN).to_string()
    assert dot.startswith(f'digraph "a <net>" {{\nrankdir={rankdir};')
    labels = dict(re.findall(r'^(node\d+) \[label="?(.*?)"?, shape', dot, re.MULTILINE))
    conv = next(name for name, label in labels.items() if label.startswith(f"conv{separator}Convolution{separator}"))
    edges = re.findall(r'^(node\d+) -> (node\d+) \[label="?(.*?)"?\];', dot, re.MULTILINE)
    ends = sorted((labels[a].split(separator)[0], labels[b].split(separator)[0]) for a, b, _ in edges)
    assert ends == [("conv", "relu"), ("d", "x"), ("d", "y"), ("drop", "h"), ("h", "pool&"), ("loss", "loss"),
                    ("p", "loss"), ("pool&", "p"), ("relu", "drop"), ("x", "conv"), ("y", "loss")]  # fmt: skip
    assert [label for a, _, label in edges if a == conv] == ["8"]
    bare = draw.get_pydot_graph(prototxt.load_net(NET), rankdir, label_edges=False, phase=TRAIN).to_string()
    assert bare == dot.replace("label=8]", 'label=""]')


def test_the_styles_are_graphvizs(pydot, monkeypatch):
    for style, colour in ((draw.BLOB_STYLE, "red"), (draw.NEURON_LAYER_STYLE, "green")):
        monkeypatch.setitem(style, "fillcolor", colour)
    monkeypatch.setitem(draw.LAYER_STYLE_DEFAULT, "shape", "record")
    nodes = draw.get_pydot_graph(prototxt.load_net(NET), "LR", phase=TRAIN).get_nodes()
    found = {node.get_label(): (node.get_shape(), node.get_fillcolor()) for node in nodes}
    assert found["h"] == ("octagon", "red")
    assert found["relu\nReLU"] == ("box", "green")
    assert found["loss\nSoftmaxWithLoss"] == ("record", draw.choose_color_by_layertype("SoftmaxWithLoss"))


@pytest.fixture
def graphviz(pydot, tmp_path, monkeypatch):
    """A folder that is the whole PATH, for a dot of the test's own."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script of the shell")
def test_other_formats_are_graphvizs(graphviz, tmp_path):
    (graphviz / "dot").write_text("#!/bin/sh\n[ $1 = -Tpdf ] && echo drawn\n")
    (graphviz / "dot").chmod(0o755)
    net = prototxt.load_net(NET)
    draw.draw_net_to_file(net, tmp_path / "net.pdf")
    assert (tmp_path / "net.pdf").read_text() == "drawn\n"
    with pytest.raises(BackendError, match="^Graphviz cannot draw 'doc': take another format, such as svg$"):
        draw.draw_net(net, "LR", "doc")


def test_other_formats_without_graphviz(graphviz):
    with pytest.raises(BackendError, match=r"^net.pdf: pdf needs Graphviz, whose dot cannot be run here: install it"):
        draw.draw_net_to_file(prototxt.load_net(NET), "net.pdf")


def test_other_formats_without_pydot(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(BackendError, match=r"^net.pdf: pydot cannot .*: pip install 'cafflite\[draw\]', or draw"):
        draw.draw_net_to_file(prototxt.load_net(NET), "net.pdf")


@pytest.mark.parametrize(
    ("text", "name", "options", "error", "message"),
    [
        (NET, "net", {}, FileError, "net: expected a name that ends in .svg or .png"),
        (NET, "no/net.svg", {}, FileError, "no/net.svg: cannot be written: No such file or directory"),
        (NET, "net.svg", {"rankdir": "UP"}, NetError, "rankdir is 'UP', expected one of TB, BT, LR, RL"),
        ('name: "x"', "net.svg", {}, NetError, "the net has no layers to draw"),
        (NET.split("layer", 2)[1].join(["layer", ""]), "net.svg", {"phase": TEST}, NetError,
         "the net has no layers to draw in phase TEST"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path, monkeypatch, text, name, options, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as caught:
        draw.draw_net_to_file(prototxt.load_net(text), name, **options)
    assert str(caught.value) == message
