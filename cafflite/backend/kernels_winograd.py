"""The compiled transforms of Winograd's convolution F(4x4, 3x3), A. Lavin and S. Gray, arXiv:1509.09308.

An output falls into tiles of 4 x 4; each comes from 6 x 6 values of the input, of which the tiles beside see two rows
or columns as well. Transformed, a tile is 36 numbers, and each of these is a product of matrices of its own: blocks of
transformed tiles are (channels, 36, tiles), the tiles in the order of images, rows and columns.

Every loop is over whole vectors, in order: what the last one writes too much is overwritten, or behind the end. Four
values of a row that lie behind one another are of four `phases`, each with one value of every tile.
"""

import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_matmul import multiply, multiply_rows
from cafflite.backend.kernels_plane import follow
from cafflite.backend.kernels_tile import PITCH
from cafflite.backend.kernels_transform import combine, merge, split
from cafflite.backend.kernels_vector import ROWS, WIDTH, settle

f32 = numpy.float32

_of_input = combine(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_to_output_matrix: list[list[float]] = [
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
]
_to_output = combine(_to_output_matrix)
_of_output_diff = combine([list(column) for column in zip(*_to_output_matrix, strict=True)])
_of_kernel_matrix: list[list[float]] = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
_of_kernel, _of_kernel_past_the_cache = combine(_of_kernel_matrix), combine(_of_kernel_matrix, past_the_cache=True)
_clear = combine([[0] * 4] * 4)
_to_kernel = combine([list(column) for column in zip(*_of_kernel_matrix, strict=True)])


@inlined
def _vectors(count):
    """So many values in whole vectors."""
    return (count + WIDTH - 1) // WIDTH * WIDTH


@kernel
def filter_tiles(w, turned, some, out):
    """Transform kernels, w (M, C, 9), to `some`, (first, last), of out (tiles of `multiply_rows`, 36, C, PITCH).

    turned  whether to turn them by half a circle, too
    """
    flat, taps, part = out.reshape(out.size), numpy.zeros(9 * PITCH, f32), numpy.empty(18 * PITCH, f32)
    size = w.shape[1] * PITCH
    for tile in range(some[0], some[1]):
        rows = w[tile * ROWS : (tile + 1) * ROWS]
        for c in range(w.shape[1]):
            for m in range(len(rows)):
                for tap in range(9):
                    taps[tap * PITCH + m] = rows[m, c, 8 - tap if turned else tap]
            for q in range(0, PITCH, WIDTH):
                for j in range(3):
                    _of_kernel(taps, _three(j * PITCH + q, 3 * PITCH), part, j * PITCH + q, 3 * PITCH)
                for i in range(6):
                    to = (36 * tile + 6 * i) * size + c * PITCH + q
                    _of_kernel_past_the_cache(part, _three(3 * i * PITCH + q, PITCH), flat, to, size)
    settle()


@kernel
def add_kernel_diff(tiles, rows, out):
    """out (M, C, 9) += the diffs of some kernels, (first, last), given those (M, 36, C) of them transformed."""
    channels, size = out.shape[1], tiles.shape[2]
    part = numpy.empty(18 * size, f32)
    taps = numpy.empty(9 * size, f32)
    flat = tiles.reshape(tiles.size)
    for m in range(rows[0], rows[1]):
        for c in range(0, size, WIDTH):
            for j in range(6):
                _to_kernel(flat, _six((36 * m + j) * size + c, 6 * size), part, j * size + c, 6 * size)
            for i in range(3):
                _to_kernel(part, _six(6 * i * size + c, size), taps, 3 * i * size + c, size)
        for c in range(channels):
            for tap in range(9):
                out[m, c, tap] += taps[tap * size + c]


@kernel
def input_tiles(x, images, rows, base, pad, out):
    """Transform what the tiles of some images and rows, each given as (first, last), see of x (N, C, H, W).

    base  the first of the channels
    pad   zeros above and on the left of x
    out   (channels, 36, tiles, and room for a vector)
    """
    width = x.shape[3]
    columns = (width + 2 * pad[1] + 1) // 4
    size = _vectors(columns + 1)  # of a phase of a row; what a tile sees last is in the next place
    pitch, flat = out.shape[2], out.reshape(out.size)
    values, strip = x.reshape(x.size), numpy.zeros(4 * size + width, f32)
    lines = numpy.empty((4 * (rows[1] - rows[0]) + 2) * 4 * size, f32)
    part = numpy.empty(24 * size + WIDTH, f32)
    for c in range(len(out)):
        at = 36 * c * pitch
        for n in range(images[0], images[1]):
            plane = (n * x.shape[1] + base + c) * x.shape[2]
            for line in range(4 * (rows[1] - rows[0]) + 2):
                row = 4 * rows[0] + line - pad[0]
                begin = (plane + row) * width if 0 <= row < x.shape[2] else -1
                _phases(values, begin, width, pad[1], size, strip, lines, 4 * line * size, size)
            for row in range(rows[1] - rows[0]):
                for q in range(0, 4 * size, WIDTH):
                    _of_input(lines, _six(16 * row * size + q, 4 * size), part, q, 4 * size)
                for i in range(6):
                    for q in range(0, columns, WIDTH):
                        a = 4 * i * size + q
                        seen = a, a + size, a + 2 * size, a + 3 * size, a + 1, a + size + 1
                        _of_input(part, seen, flat, 6 * i * pitch + at + q, pitch)
                at += columns


@inlined
def _phases(x, at, width, pad, size, strip, out, to, step):
    """The phases of a row of x, a flat array, with zeros on its left; of zeros, if it begins nowhere."""
    for w in range(width if at >= 0 else 0):
        strip[uint64(pad + w)] = x[uint64(at + w)]
    for q in range(0, size, WIDTH):
        if at >= 0:
            split(strip, 4 * q, out, to + q, step)
        else:
            _clear(out, _four(0, 0), out, to + q, step)


@kernel
def output_tiles(y, images, rows, base, finish, results):
    """Transform results (channels, 36, tiles) back, to some images and rows of y (N, M, H, W), and what follows."""
    scale, bias, slope = finish
    height, width = y.shape[2:]
    columns = (width + 3) // 4
    tiles = (images[1] - images[0]) * (rows[1] - rows[0]) * columns
    size = _vectors(tiles)
    pitch, flat = results.shape[2], results.reshape(results.size)
    part = numpy.empty(24 * size, f32)
    phases = numpy.empty(16 * size + WIDTH, f32)
    values, strip = y.reshape(y.size), numpy.empty(_vectors(columns) * 4, f32)
    for m in range(len(results)):
        for q in range(0, tiles, WIDTH):
            for j in range(6):
                _to_output(flat, _six((36 * m + j) * pitch + q, 6 * pitch), part, j * size + q, 6 * size)
            for i in range(4):
                _to_output(part, _six(6 * i * size + q, size), phases, 4 * i * size + q, size)
        follow(scale[base + m], bias[base + m], slope, phases[: 16 * size])
        at = 0
        for n in range(images[0], images[1]):
            plane = (n * y.shape[1] + base + m) * height
            for row in range(rows[0], rows[1]):
                for i in range(min(4, height - 4 * row)):
                    for q in range(0, columns, WIDTH):
                        merge(phases, 4 * i * size + at + q, size, strip, 4 * q)
                    begin = (plane + 4 * row + i) * width
                    for w in range(width):
                        values[uint64(begin + w)] = strip[w]
                at += columns


@kernel
def diff_tiles(y, images, rows, base, out):
    """Transform the diff y (N, M, H, W) of an output, as `input_tiles` does an input."""
    width = y.shape[3]
    columns = (width + 3) // 4
    tiles = (images[1] - images[0]) * (rows[1] - rows[0]) * columns
    size, wide = _vectors(tiles) + WIDTH, _vectors(columns)
    pitch, flat = out.shape[2], out.reshape(out.size)
    values, strip = y.reshape(y.size), numpy.zeros(4 * wide + width, f32)
    phases = numpy.empty(16 * size, f32)
    part = numpy.empty(24 * size, f32)
    for m in range(len(out)):
        at = 0
        for n in range(images[0], images[1]):
            plane = (n * y.shape[1] + base + m) * y.shape[2]
            for row in range(rows[0], rows[1]):
                for i in range(4):
                    begin = (plane + 4 * row + i) * width if 4 * row + i < y.shape[2] else -1
                    _phases(values, begin, width, 0, wide, strip, phases, 4 * i * size + at, size)
                at += columns
        for q in range(0, tiles, WIDTH):
            for j in range(4):
                _of_output_diff(phases, _four(j * size + q, 4 * size), part, j * size + q, 4 * size)
            for i in range(6):
                _of_output_diff(part, _four(4 * i * size + q, size), flat, (36 * m + 6 * i) * pitch + q, pitch)


@inlined
def _three(first, step):
    return first, first + step, first + 2 * step


@inlined
def _four(first, step):
    return first, first + step, first + 2 * step, first + 3 * step


@inlined
def _six(first, step):
    return first, first + step, first + 2 * step, first + 3 * step, first + 4 * step, first + 5 * step


@kernel
def correlate(x, filters, y, finish, blocks, bases, pad, spaces):
    """The blocks of y = the windows of x times the filters, see `filter_tiles`, and what follows.

    blocks  rows of (first image, last, first row of tiles, last)
    bases   the first of the channels made, and of those seen
    spaces  scratch: tiles of the channels seen, (channels, 36, tiles); of those made; and what a product needs
    """
    tiles, results, work = spaces
    for b in range(len(blocks)):
        images, rows, count = _bounds(blocks[b], y)
        input_tiles(x, images, rows, bases[1], pad, tiles)
        for i in range(36):
            multiply_rows(filters[:, i], tiles[:, i, :count], results[:, i, :count], work)
        output_tiles(y, images, rows, bases[0], finish, results)


@kernel
def filter_diffs(x, y, sums, blocks, bases, pad, spaces):
    """sums (M, 36, C) = the gradients for the transformed filters, given the blocks of the diff y of an output."""
    tiles, diffs, work = spaces
    for b in range(len(blocks)):
        images, rows, count = _bounds(blocks[b], y)
        input_tiles(x, images, rows, bases[1], pad, tiles)
        diff_tiles(y, images, rows, bases[0], diffs)
        for i in range(36):
            multiply(diffs[:, i, :count], tiles[:, i, :count].T, sums[:, i, : len(tiles)], b > 0, work)


@inlined
def _bounds(block, y):
    """The images and rows of a block, each as (first, last), and how many tiles it has."""
    count = (block[1] - block[0]) * (block[3] - block[2]) * ((y.shape[3] + 3) // 4)
    return (block[0], block[1]), (block[2], block[3]), count
