"""Compiled convolutions of single channels with 3 x 3 taps and a pad of 1, at the places of a grid that is the input.

A grid is taken as one run in memory, without its rows' ends: a tap beside the middle would see there the next row's
first value, or the last one of the row before. So it has a copy of the grid of its own, in which that column is zero.
All loops are then as long as the grid. A stride only says which places of the grid are wanted.
"""

import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_plane import fill, reordered

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
def _six(w, a, b, c, d, e, f, out):
    w0, w1, w2, w3, w4, w5 = w[0], w[1], w[2], w[3], w[4], w[5]
    for q in range(out.size):
        out[q] = w0 * a[q] + w1 * b[q] + w2 * c[q] + w3 * d[q] + w4 * e[q] + w5 * f[q]


@inlined
def _last_three(w, a, b, c, scale, bias, slope, out):
    w0, w1, w2 = w[6], w[7], w[8]
    for q in range(out.size):
        value = scale * (out[q] + w0 * a[q] + w1 * b[q] + w2 * c[q]) + bias
        out[q] = value if value > f32(0) else slope * value


@inlined
def _correlate(copies, w, at, width, scale, bias, slope, out):
    """The places of the copied rows from `at` on, and what follows; two loops, as one of nine taps is not faster."""
    left, middle, right = copies[0, at:], copies[1, at + 1 :], copies[2, at + 2 :]
    _six(w, left, middle, right, left[width:], middle[width:], right[width:], out)
    _last_three(w, left[2 * width :], middle[2 * width :], right[2 * width :], scale, bias, slope, out)


@inlined
def _spread(x, stride, width, grid):
    """Copy x (H, W) to every stride-th place of the grid, whose other places are zeros."""
    for r in range(x.shape[0]):
        for q in range(x.shape[1]):
            grid[uint64(r * stride[0] * width + q * stride[1])] = x[r, q]


@kernel
def convolve(x, w, finish, first, last, stride, y):
    """The planes first..last of y (N, C, OH, OW), from x (N, C, H, W); w (C, 9)."""
    channels, height, width = x.shape[1:]
    scale, bias, slope = finish
    rows, copies = _band(height, width)
    line = numpy.empty(width, f32)
    for one in range(first, last):
        n, c = one // channels, one % channels
        grid, out, weight = x[n, c].reshape(height * width), y[n, c], w[c]
        for top in range(0, height, rows):
            end = min(top + rows, height)
            _copy(grid, top, end, height, width, copies)
            if stride == (1, 1):
                part = out.reshape(height * width)[top * width : end * width]
                _correlate(copies, weight, 0, width, scale[c], bias[c], slope, part)
                continue
            for r in range(-(-top // stride[0]), -(-end // stride[0])):
                _correlate(copies, weight, (r * stride[0] - top) * width, width, scale[c], bias[c], slope, line)
                for q in range(out.shape[1]):
                    out[r, q] = line[uint64(q * stride[1])]


@kernel
def deconvolve(y, w, bias, first, last, stride, x):
    """The gradient of `convolve` for the planes first..last of x, plus the bias of their channels."""
    channels, height, width = x.shape[1:]
    rows, copies = _band(height, width)
    grid = numpy.zeros(height * width, f32)
    for one in range(first, last):
        n, c = one // channels, one % channels
        _spread(y[n, c], stride, width, grid)
        weight, out = w[c, ::-1].copy(), x[n, c].reshape(height * width)
        for top in range(0, height, rows):
            end = min(top + rows, height)
            _copy(grid, top, end, height, width, copies)
            _correlate(copies, weight, 0, width, f32(1), bias[c], f32(1), out[top * width : end * width])


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
