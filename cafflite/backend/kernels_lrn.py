"""Compiled local response normalisation."""

import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_plane import add, fill

f32 = numpy.float32
TILE = 512  # positions of a plane whose channels are normalised together: they stay in the cache


@inlined
def _scaled(x, scale, beta, out):
    """out = x scale^-beta; the common beta needs only square roots, which vectorise."""
    if beta == f32(0.75):
        for q in range(out.size):
            root = numpy.sqrt(scale[q])
            out[q] = x[q] / (root * numpy.sqrt(root))
    else:
        for q in range(out.size):
            out[q] = x[q] * scale[q] ** -beta


@kernel
def across(x, reach, weight, beta, k, first, last, scale, out):
    """x, scale, out (N, C, H W); the tiles first..last, each of TILE positions in all channels of an image."""
    channels, length = x.shape[1:]
    tiles = (length + TILE - 1) // TILE
    for tile in range(first, last):
        n = tile // tiles
        a = tile % tiles * TILE
        b = min(a + TILE, length)
        for c in range(channels + reach):
            if c < channels:
                line = scale[n, c, a:b]
                fill(k, line)
                for d in range(max(c - reach, 0), min(c + reach + 1, channels)):
                    near = x[n, d, a:b]
                    for q in range(line.size):
                        line[q] += weight * near[q] * near[q]
            if c >= reach:  # no other channel needs this one any more, so x may be out
                done = c - reach
                _scaled(x[n, done, a:b], scale[n, done, a:b], beta, out[n, done, a:b])


@kernel
def across_backward(x, reach, weight, beta, first, last, scale, out, out_diff, ratio, x_diff):
    """ratio (C, TILE) is scratch."""
    channels, length = x.shape[1:]
    tiles = (length + TILE - 1) // TILE
    for tile in range(first, last):
        n = tile // tiles
        a = tile % tiles * TILE
        b = min(a + TILE, length)
        for c in range(channels):
            line, s, y, dy = ratio[c], scale[n, c, a:b], out[n, c, a:b], out_diff[n, c, a:b]
            for q in range(s.size):
                line[q] = weight * dy[q] * y[q] / s[q]
        for c in range(channels):
            line, near = x_diff[n, c, a:b], x[n, c, a:b]
            _scaled(out_diff[n, c, a:b], scale[n, c, a:b], beta, line)
            for d in range(max(c - reach, 0), min(c + reach + 1, channels)):
                other = ratio[d]
                for q in range(line.size):
                    line[q] -= near[q] * other[q]


@kernel
def within(x, reach, weight, beta, k, scale, out):
    """x, scale, out (P, H, W) planes."""
    planes, height, width = x.shape
    line = numpy.zeros(width + 2 * reach, f32)
    middle = line[reach : reach + width]
    for one in range(planes):
        for h in range(height):
            fill(f32(0), middle)
            for near in range(max(h - reach, 0), min(h + reach + 1, height)):
                for q in range(width):
                    middle[q] += (
                        weight * x[uint64(one), uint64(near), uint64(q)] * x[uint64(one), uint64(near), uint64(q)]
                    )
            fill(k, scale[one, h])
            for near in range(2 * reach + 1):
                add(line[near:], scale[one, h])
        for h in range(height):
            _scaled(x[one, h], scale[one, h], beta, out[one, h])


@kernel
def within_backward(x, reach, weight, beta, scale, out, out_diff, x_diff):
    planes, height, width = x.shape
    line = numpy.zeros(width + 2 * reach, f32)
    middle = line[reach : reach + width]
    total = numpy.empty(width, f32)
    for one in range(planes):
        for h in range(height):
            fill(f32(0), middle)
            for near in range(max(h - reach, 0), min(h + reach + 1, height)):
                s, y, dy = scale[one, near], out[one, near], out_diff[one, near]
                for q in range(width):
                    middle[q] += weight * dy[q] * y[q] / s[q]
            fill(f32(0), total)
            for near in range(2 * reach + 1):
                add(line[near:], total)
            line_diff, values = x_diff[one, h], x[one, h]
            _scaled(out_diff[one, h], scale[one, h], beta, line_diff)
            for q in range(width):
                line_diff[q] -= values[q] * total[q]
