"""Compiled products with a matrix of few rows: the large matrix is read once, where a BLAS would repack all of it.

They go along the large matrix in stretches of `STRETCH` columns, whose part of the thin one stays in the nearest cache.
"""

import numpy

from cafflite.backend.kernels_math import kernel
from cafflite.backend.kernels_plane import add_scaled, dot, reordered

f32 = numpy.float32
STRETCH = 1024


@reordered
def _four_dots(x, a, b, c, d):
    p, q, r, s = f32(0), f32(0), f32(0), f32(0)
    for i in range(x.size):
        p += x[i] * a[i]
        q += x[i] * b[i]
        r += x[i] * c[i]
        s += x[i] * d[i]
    return p, q, r, s


@reordered
def _add_four(p, q, r, s, a, b, c, d, out):
    for i in range(out.size):
        out[i] += p * a[i] + q * b[i] + r * c[i] + s * d[i]


@kernel
def times_transposed(x, w, first, last, out):
    """The columns first..last of out (M, N) = x (M, K) w (N, K)^T."""
    fours = last - (last - first) % 4
    out[:, first:last] = f32(0)
    for a in range(0, x.shape[1], STRETCH):
        b = min(a + STRETCH, x.shape[1])
        for n in range(first, fours, 4):
            for m in range(len(x)):
                p, q, r, s = _four_dots(x[m, a:b], w[n, a:b], w[n + 1, a:b], w[n + 2, a:b], w[n + 3, a:b])
                out[m, n] += p
                out[m, n + 1] += q
                out[m, n + 2] += r
                out[m, n + 3] += s
        for n in range(fours, last):
            for m in range(len(x)):
                out[m, n] += dot(x[m, a:b], w[n, a:b])


@kernel
def times(x, w, first, last, out):
    """The columns first..last of out (M, N) = x (M, K) w (K, N)."""
    rows = len(w)
    fours = rows - rows % 4
    out[:, first:last] = f32(0)
    for a in range(first, last, STRETCH):
        b = min(a + STRETCH, last)
        for k in range(0, fours, 4):
            for m in range(len(x)):
                _add_four(
                    x[m, k], x[m, k + 1], x[m, k + 2], x[m, k + 3],
                    w[k, a:b], w[k + 1, a:b], w[k + 2, a:b], w[k + 3, a:b], out[m, a:b],
                )  # fmt: skip
        for k in range(fours, rows):
            for m in range(len(x)):
                add_scaled(x[m, k], w[k, a:b], out[m, a:b])


@kernel
def add_product(x, w, first, last, out):
    """The rows first..last of out (M, N) += x (M, K) w (K, N), where K is small."""
    terms, columns = w.shape
    fours = terms - terms % 4
    for a in range(0, columns, STRETCH):
        b = min(a + STRETCH, columns)
        for m in range(first, last):
            for k in range(0, fours, 4):
                _add_four(
                    x[m, k], x[m, k + 1], x[m, k + 2], x[m, k + 3],
                    w[k, a:b], w[k + 1, a:b], w[k + 2, a:b], w[k + 3, a:b], out[m, a:b],
                )  # fmt: skip
            for k in range(fours, terms):
                add_scaled(x[m, k], w[k, a:b], out[m, a:b])
