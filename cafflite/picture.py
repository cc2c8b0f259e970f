"""The picture of a graph in SVG or, with Matplotlib, PNG: boxes for layers, octagons for blobs, curves for edges."""

import io
from collections.abc import Iterator
from html import escape
from itertools import pairwise

from cafflite.errors import BackendError
from cafflite.layered import Point, layout
from cafflite.net_graph import FONT, Graph

INK = "#444444"
HEAD, MARGIN = 7, 12  # pixels
LARGEST_PNG = 2**15  # pixels in a row or column


class Picture:
    """A graph laid out, in pixels.

    nodes  each with its centre
    ways   of the edges, as Layout has them
    size   width and height
    """

    def __init__(self, graph: Graph, rankdir: str) -> None:
        is_upright = rankdir in ("TB", "BT")
        plan = layout([node.size if is_upright else node.size[::-1] for node in graph.nodes], graph.edges)

        def place(point: Point) -> Point:
            across, along = point if rankdir in ("TB", "LR") else (point[0], plan.size[1] - point[1])
            return (across + MARGIN, along + MARGIN) if is_upright else (along + MARGIN, across + MARGIN)

        self.name = graph.name
        self.rankdir = rankdir
        self.is_upright = is_upright
        self.nodes = [(node, place(centre)) for node, centre in zip(graph.nodes, plan.centres, strict=True)]
        self.ways = [[place(point) for point in way] for way in plan.ways]
        width, height = plan.size if is_upright else plan.size[::-1]
        self.size = (width + 2 * MARGIN, height + 2 * MARGIN)

    def head(self, tip: Point) -> list[Point]:
        """The corners of an arrow's head."""
        x, y = tip
        back = HEAD if self.rankdir in ("BT", "RL") else -HEAD
        if self.is_upright:
            return [tip, (x - HEAD / 2, y + back), (x + HEAD / 2, y + back)]
        return [tip, (x + back, y - HEAD / 2), (x + back, y + HEAD / 2)]

    def segments(self, way: list[Point]) -> Iterator[list[Point]]:
        """The pieces of a way without their first points: one point for a line, three for a cubic curve."""
        for i, (a, b) in enumerate(pairwise(way)):
            if i % 2 == 0:
                yield [b]
            elif self.is_upright:
                yield [(a[0], (a[1] + b[1]) / 2), (b[0], (a[1] + b[1]) / 2), b]
            else:
                yield [((a[0] + b[0]) / 2, a[1]), ((a[0] + b[0]) / 2, b[1]), b]


def svg(picture: Picture) -> bytes:
    """The picture as SVG."""
    width, height = picture.size
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif" font-size="{FONT}" text-anchor="middle">',
        f"<title>{escape(picture.name)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for way in picture.ways:
        pieces = [("L" if len(piece) == 1 else "C") + _points(piece) for piece in picture.segments(way)]
        lines.append(f'<path d="M{_points(way[:1])}{"".join(pieces)}" fill="none" stroke="{INK}"/>')
        lines.append(f'<polygon points="{_points(picture.head(way[-1]))}" fill="{INK}"/>')
    for node, centre in picture.nodes:
        lines.append(f'<polygon points="{_points(node.outline(*centre))}" fill="{node.colour}" stroke="{INK}"/>')
        for x, y, text, is_bold in node.texts(*centre):
            weight = ' font-weight="bold"' if is_bold else ""
            lines.append(f'<text x="{x:.1f}" y="{y + FONT / 3:.1f}"{weight}>{escape(text)}</text>')
    return "\n".join([*lines, "</svg>\n"]).encode()


def _points(points: list[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def png(picture: Picture) -> bytes:
    """The picture as PNG. Raises BackendError without Matplotlib."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import PathPatch, Polygon
        from matplotlib.path import Path
    except ImportError as error:
        raise BackendError(
            f"a PNG needs Matplotlib, which cannot be imported here ({error}): pip install 'cafflite[plot]', "
            "or draw an SVG"
        ) from error
    width, height = picture.size
    figure = Figure(figsize=(width / 72, height / 72), dpi=min(144, 72 * LARGEST_PNG / max(picture.size)))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for way in picture.ways:
        pieces = list(picture.segments(way))
        codes = [Path.MOVETO] + [Path.LINETO if len(p) == 1 else Path.CURVE4 for p in pieces for _ in p]
        path = Path([way[0], *(point for piece in pieces for point in piece)], codes)
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=INK))
        axes.add_patch(Polygon(picture.head(way[-1]), color=INK))
    for node, centre in picture.nodes:
        axes.add_patch(Polygon(node.outline(*centre), facecolor=node.colour, edgecolor=INK))
        for x, y, text, is_bold in node.texts(*centre):
            weight = "bold" if is_bold else "normal"
            axes.text(x, y, text.replace("$", r"\$"), size=FONT, weight=weight, ha="center", va="center")
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
