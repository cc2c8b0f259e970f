"""A compiled product of matrices, as K. Goto and R. van de Geijn build it, doi:10.1145/1356052.1356053.

Blocks of both matrices are laid out in the order in which tiles take them, and stay in the cache meanwhile: the left
one in rows of tiles, the right one in panels. A matrix that is used again stays laid out: see `multiply_panels`.
"""

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_tile import COLUMNS, PITCH, tile
from cafflite.backend.kernels_vector import ROWS, WIDTH, move, move_some, turn

FEW, FEWEST = ROWS // 2 + 1, ROWS // 4 + 1  # rows of the tiles for what is left over
DEPTH = 320  # of a block, at most
PANELS = 512 // COLUMNS  # in a block, at most
TILES = 112 // ROWS  # rows of tiles in a block
WORK = (TILES * PITCH + PANELS * COLUMNS) * DEPTH  # values that `multiply` needs as scratch

_whole, _few, _fewest = tile(ROWS, 2), tile(FEW, 2), tile(FEWEST, 2)
_narrow, _narrow_few, _narrow_fewest = tile(ROWS, 1), tile(FEW, 1), tile(FEWEST, 1)


@kernel
def multiply(a, b, out, add, work):
    """out = a b, or out += a b with `add`, for a (M, K) and b (K, N), either of which may be a transpose."""
    count = (out.shape[1] + COLUMNS - 1) // COLUMNS
    depths = max(1, (a.shape[1] + DEPTH - 1) // DEPTH)
    blocks = (count + PANELS - 1) // PANELS
    for block in range(blocks):
        first, last = count * block // blocks, count * (block + 1) // blocks
        column, end = first * COLUMNS, min(last * COLUMNS, out.shape[1])
        for part in range(depths):
            begin, stop = a.shape[1] * part // depths, a.shape[1] * (part + 1) // depths
            size = (last - first) * (stop - begin) * COLUMNS
            panels = work[:size].reshape(last - first, stop - begin, COLUMNS)
            tiles = TILES
            if a.strides[0] == a.itemsize:  # a transpose, whose memory is gone through in longer runs with more of them
                tiles = (len(work) - size) // max(1, (stop - begin) * PITCH)
            rows = work[size : size + tiles * (stop - begin) * PITCH].reshape(tiles, stop - begin, PITCH)
            lay_out_right(b[begin:stop, column:end], 0, panels)
            _multiply_block(a[:, begin:stop], panels, out[:, column:end], add or part > 0, rows)


@kernel
def multiply_panels(a, panels, out, add, work):
    """As `multiply`, by what `lay_out_right` made of b, for products by the same b."""
    depth = a.shape[1]
    group = max(1, DEPTH * PANELS // max(1, depth))
    rows = work[: TILES * depth * PITCH].reshape(TILES, depth, PITCH)
    for first in range(0, len(panels), group):
        some = panels[first : first + group]
        _multiply_block(a, some, out[:, first * COLUMNS : (first + len(some)) * COLUMNS], add, rows)


@kernel
def multiply_rows(rows, b, out, work):
    """out = a b, for an a (M, K) in rows of tiles, as `lay_out` makes them, and b (K, N)."""
    depth, most = rows.shape[1], max(1, len(work) // max(1, rows.shape[1] * COLUMNS))
    for column in range(0, out.shape[1], most * COLUMNS):
        part = out[:, column : column + most * COLUMNS]
        count = (part.shape[1] + COLUMNS - 1) // COLUMNS
        panels = work[: count * depth * COLUMNS].reshape(count, depth, COLUMNS)
        lay_out_right(b[:, column : column + most * COLUMNS], 0, panels)
        _multiply_tiles(rows, panels, part, 0, len(rows), False)


@kernel
def _multiply_block(a, panels, out, add, rows):
    for row in range(0, len(a), len(rows) * ROWS):
        some = a[row : row + len(rows) * ROWS]
        if a.strides[1] == a.itemsize or a.shape[1] == 1:
            lay_out(some, ROWS, 0, rows)
        else:
            lay_out_transposed(some.T, ROWS, 0, rows)
        _multiply_tiles(rows, panels, out, row, (len(some) + ROWS - 1) // ROWS, add)


@inlined
def _multiply_tiles(rows, panels, out, row, count, add):
    for i in range(count):
        for p in range(len(panels)):
            _multiply_tile(rows, i, panels, p, out, row + i * ROWS, p * COLUMNS, add)


@inlined
def _multiply_tile(rows, i, panels, p, out, row, column, add):
    last, columns = min(row + ROWS, out.shape[0]) - 1, out.shape[1] - column
    height = last + 1 - row
    if columns > WIDTH:
        if height > FEW:
            _whole(rows, i, panels, p, out, row, last, column, columns, add)
        elif height > FEWEST:
            _few(rows, i, panels, p, out, row, last, column, columns, add)
        else:
            _fewest(rows, i, panels, p, out, row, last, column, columns, add)
    elif height > FEW:
        _narrow(rows, i, panels, p, out, row, last, column, columns, add)
    elif height > FEWEST:
        _narrow_few(rows, i, panels, p, out, row, last, column, columns, add)
    else:
        _narrow_fewest(rows, i, panels, p, out, row, last, column, columns, add)


@kernel
def lay_out_right(b, first, panels):
    """b (K, N) in the rows of `panels` (ceil(N / COLUMNS), ..., COLUMNS) from `first` on."""
    if b.strides[1] == b.itemsize or b.shape[1] == 1:
        lay_out_transposed(b, COLUMNS, first, panels)
    else:
        lay_out(b.T, COLUMNS, first, panels)


@kernel
def lay_out(x, step, first, out):
    """out[p, first + k, i] = x[p step + i, k], for x (N, K) and i < step."""
    whole = x.shape[1] - x.shape[1] % WIDTH
    lines = out.reshape(out.shape[0] * out.shape[1], out.shape[2])
    for begin in range(0, len(x), step):
        to, end = begin // step * out.shape[1] + first, min(begin + step, len(x))
        for i in range(begin, end, WIDTH):
            for k in range(0, whole, WIDTH):
                turn(x, i, end - 1, k, lines, to + k, i - begin)
        for k in range(whole, x.shape[1]):
            for i in range(begin, end):
                lines[to + k, i - begin] = x[i, k]


@kernel
def lay_out_transposed(x, step, first, out):
    """out[p, first + k, i] = x[k, p step + i], for x (K, N) and i < step."""
    lines = out.reshape(out.shape[0] * out.shape[1], out.shape[2])
    for some in range(0, len(x), WIDTH):  # a few rows at a time: both sides are gone through in short runs then
        for begin in range(0, x.shape[1], step):
            to, left = begin // step * out.shape[1] + first, x.shape[1] - begin
            if left >= out.shape[2]:
                for k in range(some, min(some + WIDTH, len(x))):
                    for i in range(0, out.shape[2], WIDTH):
                        move(x, k, begin + i, lines, to + k, i)
            else:
                for k in range(some, min(some + WIDTH, len(x))):
                    for i in range(0, min(step, left), WIDTH):
                        move_some(x, k, begin + i, left - i, lines, to + k, i)
