"""Curves drawn with characters, for a terminal."""

from itertools import groupby, pairwise

Curve = list[tuple[float, float]]  # points (x, y)

COLOURS = (34, 33, 32, 31, 35, 36)  # of an ANSI terminal
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille character, by row and column
BLANK = 0x2800
TO_ASCII = str.maketrans({"┤": "+", "│": "|", "└": "+", "─": "-"} | {chr(BLANK + bits): "*" for bits in range(1, 256)})


def chart(curves: dict[str, Curve], width: int, height: int, coloured: bool) -> str:
    """Curves by name over common axes: lines of `width` characters, `height` of them for the curves.

    Each curve has points, of finite numbers; `coloured` gives each the colour of its name.
    """
    left, right = _range([x for curve in curves.values() for x, _ in curve])
    low, high = _range([y for curve in curves.values() for _, y in curve])
    middle = high - (high - low) * (height // 2 + 0.5) / height
    ticks = {0: f"{high:.4g}", height // 2: f"{middle:.4g}", height - 1: f"{low:.4g}"}
    margin = max(map(len, ticks.values()))
    canvas = _Canvas(max(1, width - margin - 2), height)
    names = []
    for i, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)] if coloured else 0
        names.append(_paint(name, colour))
        across, down = (2 * canvas.width - 1) / (right - left), (4 * height - 1) / (high - low)
        canvas.draw([(round((x - left) * across), round((high - y) * down)) for x, y in curve], colour)
    lines = [", ".join(names)]
    for row, text in enumerate(canvas.lines()):
        lines.append(f"{ticks.get(row, ''):>{margin}} {'┤' if row in ticks else '│'}{text}")
    lines.append(" " * (margin + 1) + "└" + "─" * canvas.width)
    lines.append(" " * (margin + 2) + f"{left:g}" + f" iteration {right:g}".rjust(canvas.width - len(f"{left:g}")))
    return "\n".join(lines)


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if low < high else (low, low + (abs(low) or 1))


def _paint(text: str, colour: int) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


class _Canvas:
    """Braille characters, each of 2 by 4 dots and with the colour of what was drawn there last."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.bits = [[0] * width for _ in range(height)]
        self.colours = [[0] * width for _ in range(height)]

    def draw(self, points: list[tuple[int, int]], colour: int) -> None:
        """Lines from point to point, in dots from the upper left corner."""
        self.dot(*points[0], colour)
        for (x, y), (next_x, next_y) in pairwise(points):
            steps = max(abs(next_x - x), abs(next_y - y), 1)
            for i in range(steps + 1):
                self.dot(x + round((next_x - x) * i / steps), y + round((next_y - y) * i / steps), colour)

    def dot(self, x: int, y: int, colour: int) -> None:
        self.bits[y // 4][x // 2] |= DOTS[y % 4][x % 2]
        self.colours[y // 4][x // 2] = colour

    def lines(self) -> list[str]:
        lines = []
        for bits, colours in zip(self.bits, self.colours, strict=True):
            cells = groupby(zip(bits, colours, strict=True), lambda cell: cell[1])
            lines.append("".join(_paint("".join(chr(BLANK + b) for b, _ in run), colour) for colour, run in cells))
        return lines
