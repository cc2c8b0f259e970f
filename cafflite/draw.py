"""A net as a picture: layers as boxes, blobs as octagons.

    from cafflite import draw
    from cafflite.proto import prototxt

    draw.draw_net_to_file(prototxt.load_net("lenet.prototxt"), "lenet.svg")

Layers that work in place stand in a chain before their blob. An SVG needs nothing else, a PNG Matplotlib; other formats
are Graphviz's, by way of pydot.
"""

import os
from typing import Any

from cafflite.build import filter_net
from cafflite.errors import BackendError, FileError, NetError
from cafflite.files import replace_file
from cafflite.net_graph import BLOB, IN_PLACE, OTHER, Graph, choose_color_by_layertype, label
from cafflite.picture import Picture, png, svg
from cafflite.proto.caffe_pb2 import LayerParameter, NetParameter, Phase, PoolingParameter
from cafflite.proto.upgrade import upgrade_net

__all__ = [
    "BLOB_STYLE",
    "LAYER_STYLE_DEFAULT",
    "NEURON_LAYER_STYLE",
    "choose_color_by_layertype",
    "draw_net",
    "draw_net_to_file",
    "get_edge_label",
    "get_layer_label",
    "get_layer_lr_mult",
    "get_pooling_types_dict",
    "get_pydot_graph",
]

DIRECTIONS = ("TB", "BT", "LR", "RL")
OWN_FORMATS = {"svg": svg, "png": png}
# How Graphviz draws a layer, one that works in place, and a blob; a layer's colour is that of its type.
LAYER_STYLE_DEFAULT: dict[str, Any] = {"shape": "box", "style": "filled", "fillcolor": OTHER}
NEURON_LAYER_STYLE: dict[str, Any] = {**LAYER_STYLE_DEFAULT, "fillcolor": IN_PLACE}
BLOB_STYLE: dict[str, Any] = {**LAYER_STYLE_DEFAULT, "shape": "octagon", "fillcolor": BLOB}


def draw_net_to_file(
    caffe_net: NetParameter,
    filename: str | os.PathLike,
    rankdir: str = "LR",
    phase: int | None = None,
    display_lrm: bool = False,
) -> None:
    """Draw a net, as draw_net does, to a file in the format that its name ends in.

    Raises FileError, and what draw_net raises.
    """
    ext = os.path.splitext(filename)[1].lower().removeprefix(".")
    if not ext:
        raise FileError("expected a name that ends in .svg or .png").at(os.fspath(filename))
    try:
        content = draw_net(caffe_net, rankdir, ext, phase, display_lrm)
    except BackendError as error:
        raise error.at(os.fspath(filename)) from error
    with replace_file(filename) as temporary:
        temporary.write_bytes(content)


def draw_net(
    caffe_net: NetParameter, rankdir: str, ext: str = "png", phase: int | None = None, display_lrm: bool = False
) -> bytes:
    """The picture of a net, of any age, as the content of a file.

    rankdir      the direction from the data to the outputs: TB (down), BT (up), LR (to the right) or RL (to the left)
    ext          svg, png, or a format of Graphviz
    phase        TRAIN or TEST, for the layers of this phase only
    display_lrm  whether layers show the lr_mult of their parameters

    Raises NetError for a net without layers or for another direction, and BackendError where the format needs what is
    not installed.
    """
    if ext in OWN_FORMATS:
        return OWN_FORMATS[ext](Picture(_graph(caffe_net, rankdir, phase, display_lrm), rankdir))
    graph = get_pydot_graph(caffe_net, rankdir, phase=phase, display_lrm=display_lrm)
    try:
        return graph.create(format=ext)
    except OSError as error:
        raise BackendError(f"{ext} needs Graphviz, whose dot cannot be run here: install it, or draw an SVG") from error
    except AssertionError as error:  # pydot's, for any exit status of dot but 0
        raise BackendError(f"Graphviz cannot draw '{ext}': take another format, such as svg") from error


def get_pydot_graph(
    caffe_net: NetParameter, rankdir: str, label_edges: bool = True, phase: int | None = None, display_lrm: bool = False
) -> Any:
    """The graph of a net as a pydot.Dot, for Graphviz to lay out; the arguments are those of draw_net.

    label_edges  whether the edges from a layer say how much comes along them, as get_edge_label has it

    Raises NetError, and BackendError without pydot.
    """
    graph = _graph(caffe_net, rankdir, phase, display_lrm)
    try:
        import pydot
    except ImportError as error:
        raise BackendError(
            f"pydot cannot be imported here ({error}): pip install 'cafflite[draw]', or draw an SVG"
        ) from error
    dot = pydot.Dot(graph.name or "Unnamed Net", graph_type="digraph", rankdir=rankdir)
    styles = {BLOB: BLOB_STYLE, IN_PLACE: NEURON_LAYER_STYLE}
    for index, node in enumerate(graph.nodes):
        style = styles.get(node.colour, {**LAYER_STYLE_DEFAULT, "fillcolor": node.colour})
        dot.add_node(pydot.Node(f"node{index}", label=_joined(node.lines, rankdir), **style))
    for a, b in graph.edges:
        layer = graph.nodes[a].layer
        dot.add_edge(pydot.Edge(f"node{a}", f"node{b}", label=get_edge_label(layer) if label_edges and layer else ""))
    return dot


def _graph(net: NetParameter, rankdir: str, phase: int | None, display_lrm: bool) -> Graph:
    if rankdir not in DIRECTIONS:
        raise NetError(f"rankdir is '{rankdir}', expected one of {', '.join(DIRECTIONS)}")
    net = upgrade_net(net)
    if phase is not None:
        net.state.phase = phase
        net = filter_net(net)
    if not net.layer:
        where = "" if phase is None else f" in phase {Phase.Name(phase)}"
        raise NetError(f"the net has no layers to draw{where}")
    return Graph(net, display_lrm)


def get_layer_label(layer: LayerParameter, rankdir: str, display_lrm: bool = False) -> str:
    """What stands in a layer's box: in one line where the drawing goes down or up, one below the other if not."""
    return _joined(label(layer, display_lrm), rankdir)


def _joined(lines: list[str], rankdir: str) -> str:
    return (" " if rankdir in ("TB", "BT") else "\n").join(lines)


def get_layer_lr_mult(layer: LayerParameter) -> tuple[float, ...]:
    """The lr_mult of a layer's parameters; of weights and bias, 1 each, where it does not give them."""
    given = [spec.lr_mult for spec in layer.param]
    return *given, *[1.0] * (2 - len(given))


def get_edge_label(layer: LayerParameter) -> str:
    """The batch size of a Data layer, the num_output of a convolution or InnerProduct, nothing for others."""
    if layer.type == "Data":
        return f"Batch {layer.data_param.batch_size}"
    if layer.type in ("Convolution", "Deconvolution"):
        return str(layer.convolution_param.num_output)
    return str(layer.inner_product_param.num_output) if layer.type == "InnerProduct" else ""


def get_pooling_types_dict() -> dict[int, str]:
    """The names of pooling methods, by their numbers in PoolingParameter."""
    return {number: name for name, number in PoolingParameter.PoolMethod.items()}
