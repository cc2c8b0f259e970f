"""The compiled transforms of Winograd's convolution F(4x4, 3x3), A. Lavin and S. Gray, arXiv:1509.09308.

An output falls into tiles of 4 x 4; each comes from 6 x 6 values of the input, of which the tiles beside see two rows
or columns as well. Transformed, a tile is 36 numbers, and each of these is a product of matrices of its own: blocks of
transformed tiles are (36, channels, tiles), the tiles in the order of images, rows and columns.
"""

import numpy

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_plane import follow

f32 = numpy.float32


@inlined
def of_input(a, b, c, d, e, f):
    """B^T of six values of the input."""
    p, q = e - f32(4) * c, d - f32(4) * b
    r, s = e - c, f32(2) * (d - b)
    return f32(4) * a - f32(5) * c + e, p + q, p - q, r + s, r - s, f32(4) * b - f32(5) * d + f


@inlined
def to_output(a, b, c, d, e, f):
    """A^T of six transformed values: four values of the output."""
    p, q, r, s = b + c, b - c, d + e, d - e
    return a + p + r, q + f32(2) * s, p + f32(4) * r, q + f32(8) * s + f


@inlined
def of_output_diff(a, b, c, d):
    """A of four values of the output's diff."""
    p, q, r, s = a + c, b + d, a + f32(4) * c, f32(2) * b + f32(8) * d
    return a, p + q, p - q, r + s, r - s, d


@inlined
def of_kernel(a, b, c):
    """G of three values of a kernel."""
    p, q, r = (a + c) * f32(-1 / 6), b * f32(-1 / 6), (a + f32(4) * c) * f32(1 / 24)
    s = b * f32(1 / 12)
    return a * f32(1 / 4), p + q, p - q, r + s, r - s, c


@kernel
def filter_tiles(w, rows, turned, out):
    """Transform some kernels of w (M, C, 9), (first, last), to out (36, M, C); turned by half a circle if `turned`."""
    channels = w.shape[1]
    taps = numpy.empty((9, channels), f32)
    part = numpy.empty((6, 3, channels), f32)
    for m in range(rows[0], rows[1]):
        for tap in range(9):
            source, target = w[m, :, 8 - tap if turned else tap], taps[tap]
            for c in range(channels):
                target[c] = source[c]
        for j in range(3):
            a, b, d = taps[j], taps[3 + j], taps[6 + j]
            p0, p1, p2, p3, p4, p5 = part[0, j], part[1, j], part[2, j], part[3, j], part[4, j], part[5, j]
            for c in range(channels):
                p0[c], p1[c], p2[c], p3[c], p4[c], p5[c] = of_kernel(a[c], b[c], d[c])
        for i in range(6):
            a, b, d, t = part[i, 0], part[i, 1], part[i, 2], out[6 * i : 6 * i + 6, m]
            t0, t1, t2, t3, t4, t5 = t[0], t[1], t[2], t[3], t[4], t[5]
            for c in range(channels):
                t0[c], t1[c], t2[c], t3[c], t4[c], t5[c] = of_kernel(a[c], b[c], d[c])


@inlined
def to_kernel(a, b, c, d, e, f):
    """G^T of six numbers: three values of a kernel's diff."""
    p, q, r, s = b + c, b - c, d + e, d - e
    return (
        a * f32(1 / 4) - p * f32(1 / 6) + r * f32(1 / 24),
        s * f32(1 / 12) - q * f32(1 / 6),
        (r - p) * f32(1 / 6) + f,
    )


@kernel
def add_kernel_diff(tiles, rows, out):
    """out (M, C, 9) += the diffs of some kernels, (first, last), given those (36, M, C) of what `filter_tiles` made."""
    channels = out.shape[1]
    part = numpy.empty((3, 6, channels), f32)
    taps = numpy.empty((9, channels), f32)
    for m in range(rows[0], rows[1]):
        for j in range(6):
            t, p0, p1, p2 = tiles[j:36:6, m], part[0, j], part[1, j], part[2, j]
            t0, t1, t2, t3, t4, t5 = t[0], t[1], t[2], t[3], t[4], t[5]
            for c in range(channels):
                p0[c], p1[c], p2[c] = to_kernel(t0[c], t1[c], t2[c], t3[c], t4[c], t5[c])
        for i in range(3):
            p0, p1, p2, p3, p4, p5 = part[i, 0], part[i, 1], part[i, 2], part[i, 3], part[i, 4], part[i, 5]
            q0, q1, q2 = taps[3 * i], taps[3 * i + 1], taps[3 * i + 2]
            for c in range(channels):
                q0[c], q1[c], q2[c] = to_kernel(p0[c], p1[c], p2[c], p3[c], p4[c], p5[c])
        for c in range(channels):
            for tap in range(9):
                out[m, c, tap] += taps[tap, c]


@kernel
def input_tiles(x, images, rows, base, channels, pad, out):
    """Transform what the tiles of some images, rows and channels, each given as (first, last), see of x (N, C, H, W).

    base  the channel of x that is the first in `out`
    pad   zeros above and on the left of x
    out   (36, C, tiles)
    """
    height, width = x.shape[2:]
    columns = out.shape[2] // ((images[1] - images[0]) * (rows[1] - rows[0]))
    strip = numpy.empty((6, 4 * columns + 2), f32)
    r0, r1, r2, r3, r4, r5 = strip[0], strip[1], strip[2], strip[3], strip[4], strip[5]
    seen = min(width, strip.shape[1] - pad[1])
    for c in range(channels[0], channels[1]):
        at = 0
        for n in range(images[0], images[1]):
            for row in range(rows[0], rows[1]):
                for i in range(6):
                    take(x[n, base + c], 4 * row + i - pad[0], pad[1], seen, strip[i])
                for w in range(strip.shape[1]):
                    r0[w], r1[w], r2[w], r3[w], r4[w], r5[w] = of_input(r0[w], r1[w], r2[w], r3[w], r4[w], r5[w])
                for i in range(6):
                    r, t = strip[i], out[6 * i : 6 * i + 6, c, at : at + columns]
                    t0, t1, t2, t3, t4, t5 = t[0], t[1], t[2], t[3], t[4], t[5]
                    for q in range(columns):
                        w = 4 * q
                        t0[q], t1[q], t2[q], t3[q], t4[q], t5[q] = of_input(
                            r[w], r[w + 1], r[w + 2], r[w + 3], r[w + 4], r[w + 5]
                        )
                at += columns


@inlined
def take(plane, row, pad, count, out):
    """out = zeros, and from `pad` on `count` values of that row of the plane, if it has it."""
    out[:] = f32(0)
    if 0 <= row < plane.shape[0]:
        source, target = plane[row], out[pad : pad + count]
        for w in range(count):
            target[w] = source[w]


@kernel
def output_tiles(y, images, rows, base, channels, finish, tiles):
    """Transform tiles (36, M, tiles) back, to some images, rows and channels of y (N, M, H, W), and what follows."""
    scale, bias, slope = finish
    height, width = y.shape[2:]
    columns = tiles.shape[2] // ((images[1] - images[0]) * (rows[1] - rows[0]))
    part = numpy.empty((4, 6, columns), f32)
    strip = numpy.empty(4 * columns, f32)
    for m in range(channels[0], channels[1]):
        at = 0
        for n in range(images[0], images[1]):
            for row in range(rows[0], rows[1]):
                for j in range(6):
                    t = tiles[j:36:6, m, at : at + columns]
                    t0, t1, t2, t3, t4, t5 = t[0], t[1], t[2], t[3], t[4], t[5]
                    p0, p1, p2, p3 = part[0, j], part[1, j], part[2, j], part[3, j]
                    for q in range(columns):
                        p0[q], p1[q], p2[q], p3[q] = to_output(t0[q], t1[q], t2[q], t3[q], t4[q], t5[q])
                for i in range(min(4, height - 4 * row)):
                    p0, p1, p2, p3, p4, p5 = part[i, 0], part[i, 1], part[i, 2], part[i, 3], part[i, 4], part[i, 5]
                    for q in range(columns):
                        w = 4 * q
                        strip[w], strip[w + 1], strip[w + 2], strip[w + 3] = to_output(
                            p0[q], p1[q], p2[q], p3[q], p4[q], p5[q]
                        )
                    target = y[n, base + m, 4 * row + i]
                    follow(scale[base + m], bias[base + m], slope, strip)
                    for w in range(width):
                        target[w] = strip[w]
                at += columns


@kernel
def diff_tiles(y, images, rows, base, channels, out):
    """Transform the diff y (N, M, H, W) of an output, as `input_tiles` does an input."""
    width = y.shape[3]
    columns = out.shape[2] // ((images[1] - images[0]) * (rows[1] - rows[0]))
    strip = numpy.empty((6, 4 * columns), f32)
    r0, r1, r2, r3, r4, r5 = strip[0], strip[1], strip[2], strip[3], strip[4], strip[5]
    for m in range(channels[0], channels[1]):
        at = 0
        for n in range(images[0], images[1]):
            for row in range(rows[0], rows[1]):
                for i in range(4):
                    take(y[n, base + m], 4 * row + i, 0, width, strip[i])
                for w in range(strip.shape[1]):
                    r0[w], r1[w], r2[w], r3[w], r4[w], r5[w] = of_output_diff(r0[w], r1[w], r2[w], r3[w])
                for i in range(6):
                    r, t = strip[i], out[6 * i : 6 * i + 6, m, at : at + columns]
                    t0, t1, t2, t3, t4, t5 = t[0], t[1], t[2], t[3], t[4], t[5]
                    for q in range(columns):
                        w = 4 * q
                        t0[q], t1[q], t2[q], t3[q], t4[q], t5[q] = of_output_diff(r[w], r[w + 1], r[w + 2], r[w + 3])
                at += columns
