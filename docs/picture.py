"""The picture of the page about recurrent nets: two forward passes of T = 4 steps of N = 3 streams."""

STEPS, STREAMS, PASSES = 4, 3, 2
BEGINNINGS = {(0, 0), (0, 1), (0, 2), (2, 1), (5, 2), (7, 0)}  # where a sequence begins, as (step, stream)
COLOURS = ["#c6dbef", "#fdd0a2", "#c7e9c0", "#dadaeb", "#fcc5c0", "#e3e3e3"]
ROW, COLUMN, GAP = 54, 72, 56  # pixels of a step, of a stream, and between two passes
LEFT, RIGHT, TOP = 90, 480, 84


def sequences() -> str:
    """An SVG: the streams as columns of (T, N), and beside it the same steps as rows of (T N)."""
    width, height = 700, TOP + PASSES * (STEPS * ROW + GAP) - GAP + 24
    shapes = [
        f'<rect width="{width}" height="{height}" rx="8" fill="white"/>',
        _text(LEFT + STREAMS * COLUMN / 2, 28, "LSTM, GRU, RNN: cont (T, N)", "bold"),
        _text(RIGHT + COLUMN / 2, 28, "Lstm: clip (T N, 1)", "bold"),
        *(_text(LEFT + (n + 0.5) * COLUMN, TOP - 14, f"stream {n}") for n in range(STREAMS)),
    ]
    colour = [-1] * STREAMS
    used = 0
    for step in range(PASSES * STEPS):
        y = _y(step)
        shapes.append(_text(LEFT - 34, y + ROW / 2, f"step {step % STEPS}"))
        for n in range(STREAMS):
            begins = (step, n) in BEGINNINGS
            if begins:
                colour[n], used = used, used + 1
            fill, cont = COLOURS[colour[n]], "0" if begins else "1"
            shapes += _cell(LEFT + n * COLUMN, y, ROW, fill, cont)
            shapes += _cell(RIGHT, y + n * ROW / STREAMS, ROW / STREAMS, fill, cont)
            shapes.append(_text(RIGHT - 62, y + (n + 0.5) * ROW / STREAMS, f"step {step % STEPS}, stream {n}", size=11))
    for i in range(PASSES - 1):
        y = _y((i + 1) * STEPS) - GAP
        shapes += [_arrow(LEFT + (n + 0.5) * COLUMN, y) for n in range(STREAMS)]
        shapes.append(_arrow(RIGHT + COLUMN / 2, y))
        shapes.append(_text((LEFT + STREAMS * COLUMN + RIGHT) / 2, y + GAP / 2, "the state goes on"))
    for i in range(PASSES):
        shapes.append(_text(RIGHT + COLUMN + 66, _y(i * STEPS) + STEPS * ROW / 2, f"forward pass {i + 1}"))
    body = "\n".join(shapes)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n{body}\n</svg>\n'


def _y(step: int) -> int:
    return TOP + step * ROW + step // STEPS * GAP


def _cell(x: float, y: float, height: float, fill: str, text: str) -> list[str]:
    box = f'<rect x="{x}" y="{y}" width="{COLUMN}" height="{height}" fill="{fill}" stroke="#666"/>'
    return [box, _text(x + COLUMN / 2, y + height / 2, text, "bold" if text == "0" else "normal")]


def _text(x: float, y: float, text: str, weight: str = "normal", size: int = 14) -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="middle"'
    return f'<text x="{x}" y="{y}" dy="0.35em" {style}>{text}</text>'


def _arrow(x: float, y: float) -> str:
    """Down across the gap between two passes."""
    tip = y + GAP - 6
    line = f'<path d="M{x} {y + 6}V{tip - 8}" stroke="#444" stroke-width="2"/>'
    return f'{line}<path d="M{x - 5} {tip - 9}h10l-5 9z" fill="#444"/>'
