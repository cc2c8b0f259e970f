"""Compiled convolutions of single channels with 3 x 3 taps, a pad of 1 and strides of 1 or 2.

Rows are copied to `lines` with zeros around them, from which a vector of results is made at once. For a stride of 2 a
line has its even places first and its odd ones `size` places behind them.

The gradient for the weights takes a grid as one run in memory, without its rows' ends: a tap beside the middle would
see there the next row's first value, or the last one of the row before. So it has a copy of the grid of its own, in
which that column is zero. All loops are then as long as the grid.
"""

import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_plane import fill, reordered
from cafflite.backend.kernels_transform import window
from cafflite.backend.kernels_vector import WIDTH

f32 = numpy.float32
BAND = 2048  # places done at once: their copies stay in the nearest cache


@inlined
def _band(height, width):
    """The rows of a band, and new copies for the taps on the left, in the middle and on the right."""
    rows = min(height, max(1, BAND // width))
    return rows, numpy.zeros((3, (rows + 2) * width + 2), f32)


@inlined
def _copy(grid, first, last, height, width, copies):
    """Copy the rows first..last of a grid (H W,), and the one before and behind them, or zeros, to all three."""
    for k in range(3):
        copy = copies[k]
        start, stop = max(first - 1, 0) * width, min(last + 1, height) * width
        begin = (1 if first == 0 else 0) * width + 1
        fill(f32(0), copy[:begin])
        source, target = grid[start:stop], copy[begin : begin + stop - start]
        for q in range(source.size):
            target[q] = source[q]
        fill(f32(0), copy[begin + stop - start :])
    for r in range(last - first + 2):
        copies[0, r * width + width] = f32(0)
        copies[2, r * width + 1] = f32(0)


@inlined
def _correlate(lines, taps, at, middle, right, pitch, finish, out, to, count):
    """A row of `count` results from the lines at `at`, which lie `pitch` apart, and what follows, to out[to:]."""
    for q in range(0, count, WIDTH):
        a = at + q
        b, c = a + pitch, a + 2 * pitch
        places = a, a + middle, a + right, b, b + middle, b + right, c, c + middle, c + right
        window(lines, places, taps, finish, out, to + q, count - q)


@inlined
def _new_lines(rows, count, phases):
    """Lines of zeros for so many rows and results of a row, the places of a phase, and of a line."""
    size = (count + 2 + WIDTH - 1) // WIDTH * WIDTH
    return numpy.zeros(rows * phases * size + WIDTH, f32), size, phases * size


@kernel
def convolve(x, w, finish, first, last, stride, y):
    """The planes first..last of y (N, C, OH, OW), from x (N, C, H, W); w (C, 9)."""
    channels, height, width = x.shape[1:]
    made, count = y.shape[2:]
    scale, bias, slope = finish
    rows = min(made, max(1, BAND // width))
    lines, size, pitch = _new_lines((rows - 1) * stride[0] + 3, count, stride[1])
    middle, right = (1, 2) if stride[1] == 1 else (size, 1)
    values, out = x.reshape(x.size), y.reshape(y.size)
    for one in range(first, last):
        c = one % channels
        v = w[c]
        taps = v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]
        for top in range(0, made, rows):
            end = min(top + rows, made)
            for line in range((end - top - 1) * stride[0] + 3):
                row, to = top * stride[0] + line - 1, line * pitch
                at = (one * height + row) * width
                if row < 0 or row >= height:
                    fill(f32(0), lines[to : to + pitch])
                elif stride[1] == 1:
                    for q in range(width):
                        lines[uint64(to + 1 + q)] = values[uint64(at + q)]
                else:
                    for q in range((width + 1) // 2):
                        lines[uint64(to + size + q)] = values[uint64(at + 2 * q)]
                    for q in range(width // 2):
                        lines[uint64(to + 1 + q)] = values[uint64(at + 2 * q + 1)]
            for r in range(top, end):
                at, to = (r - top) * stride[0] * pitch, (one * made + r) * count
                _correlate(lines, taps, at, middle, right, pitch, (scale[c], bias[c], slope), out, to, count)


@kernel
def deconvolve(y, w, bias, first, last, stride, x):
    """The gradient of `convolve` for the planes first..last of x, plus the bias of their channels."""
    channels, height, width = x.shape[1:]
    made, count = y.shape[2:]
    rows = min(height, max(1, BAND // width))
    lines, _, pitch = _new_lines(rows + 2, width, 1)
    values, out = y.reshape(y.size), x.reshape(x.size)
    for one in range(first, last):
        c = one % channels
        v = w[c]
        taps = v[8], v[7], v[6], v[5], v[4], v[3], v[2], v[1], v[0]
        for top in range(0, height, rows):
            end = min(top + rows, height)
            for line in range(end - top + 2):
                row, to = top + line - 1, line * pitch
                at = (one * made + row // stride[0]) * count
                if row < 0 or row % stride[0] or row // stride[0] >= made:
                    fill(f32(0), lines[to : to + pitch])
                else:
                    for q in range(count):
                        lines[uint64(to + 1 + q * stride[1])] = values[uint64(at + q)]
            for r in range(top, end):
                at, to = (r - top) * pitch, (one * height + r) * width
                _correlate(lines, taps, at, 1, 2, pitch, (f32(1), bias[c], f32(1)), out, to, width)


@inlined
def _spread(x, stride, width, grid):
    """Copy x (H, W) to every stride-th place of the grid, whose other places are zeros."""
    for r in range(x.shape[0]):
        for q in range(x.shape[1]):
            grid[uint64(r * stride[0] * width + q * stride[1])] = x[r, q]


@reordered
def _three_dots(x, a, b, c):
    p, q, r = f32(0), f32(0), f32(0)
    for i in range(x.size):
        p += x[i] * a[i]
        q += x[i] * b[i]
        r += x[i] * c[i]
    return p, q, r


@kernel
def add_weight(x, y, first, last, stride, w):
    """w[first..last] += the gradient of `convolve` for them."""
    channels, height, width = x.shape[1:]
    rows, copies = _band(height, width)
    grid = numpy.zeros(height * width, f32)
    total = numpy.empty(9)  # in float64: there may be millions of terms
    for c in range(first, last):
        total[:] = 0.0
        for n in range(len(x)):
            _spread(y[n, c], stride, width, grid)
            for top in range(0, height, rows):
                end = min(top + rows, height)
                _copy(x[n, c].reshape(height * width), top, end, height, width, copies)
                part = grid[top * width : end * width]
                for h in range(3):
                    a = h * width
                    p, q, r = _three_dots(part, copies[0, a:], copies[1, a + 1 :], copies[2, a + 2 :])
                    total[3 * h] += p
                    total[3 * h + 1] += q
                    total[3 * h + 2] += r
        for tap in range(9):
            w[c, tap] += f32(total[tap])
