"""Compiled loops over spatial axes, for float32, C-contiguous arrays.

Convolutions have three spatial axes here; with fewer, the first ones are 1. A row of a window's positions sees a row of
the input only in part where the window overhangs: `_reach` gives that part, so that loops need no test and vectorise.
"""

import numba
import numpy

from cafflite.backend.kernels_math import inlined, kernel

f32 = numpy.float32
LOWEST = -numpy.finfo(f32).max
TILE = 512  # positions of a plane whose channels are normalised together: they stay in the cache

# For long sums: they may be reordered, so that they vectorise.
reordered = numba.njit(forceinline=True, error_model="numpy", fastmath={"contract", "nsz", "reassoc"})


@inlined
def _reach(shift, stride, size, first, last):
    """The positions q of first..last at which q * stride + shift lies in 0..size."""
    low = min(max(first, -(shift // stride)), last)
    return low, max(low, min(last, (size - 1 - shift) // stride + 1))


@inlined
def _fill(value, out):
    for q in range(out.size):
        out[q] = value


@inlined
def _copy(x, stride, out):
    if stride == 1:
        for q in range(out.size):
            out[q] = x[q]
    else:
        for q in range(out.size):
            out[q] = x[q * stride]


@inlined
def _spread(x, stride, out):
    """out[q stride] += x[q]"""
    if stride == 1:
        for q in range(x.size):
            out[q] += x[q]
    else:
        for q in range(x.size):
            out[q * stride] += x[q]


@kernel
def im2col(x, images, channels, start, count, kernel, stride, pad, dilation, positions, columns):
    """What each tap sees at the positions start..start + count of x (N, C, D, H, W).

    images, channels  (first, last) of x
    columns           (channels * taps, images * count)
    """
    depth, height, width = x.shape[2:]
    rows, length = positions[1:]
    row = 0
    for c in range(channels[0], channels[1]):
        for tap_d in range(kernel[0]):
            for tap_h in range(kernel[1]):
                for tap_w in range(kernel[2]):
                    shift = tap_w * dilation[2] - pad[2]
                    at = 0
                    for n in range(images[0], images[1]):
                        q = start % length
                        oh = start // length % rows
                        od = start // length // rows
                        end = at + count
                        while at < end:
                            last = min(length, q + end - at)
                            d = od * stride[0] + tap_d * dilation[0] - pad[0]
                            h = oh * stride[1] + tap_h * dilation[1] - pad[1]
                            line = columns[row, at : at + last - q]
                            if d < 0 or d >= depth or h < 0 or h >= height:
                                _fill(f32(0), line)
                            else:
                                low, high = _reach(shift, stride[2], width, q, last)
                                _fill(f32(0), line[: low - q])
                                _copy(x[n, c, d, h, low * stride[2] + shift :], stride[2], line[low - q : high - q])
                                _fill(f32(0), line[high - q :])
                            at += last - q
                            q = 0
                            oh += 1
                            if oh == rows:
                                oh = 0
                                od += 1
                    row += 1


@kernel
def col2im(columns, images, channels, start, count, kernel, stride, pad, dilation, positions, x):
    """The sum of the columns that each value of x is in; the columns from position 0 on come first, and clear it."""
    depth, height, width = x.shape[2:]
    rows, length = positions[1:]
    row = 0
    for c in range(channels[0], channels[1]):
        if start == 0:
            for n in range(images[0], images[1]):
                x[n, c, :, :, :] = f32(0)
        for tap_d in range(kernel[0]):
            for tap_h in range(kernel[1]):
                for tap_w in range(kernel[2]):
                    shift = tap_w * dilation[2] - pad[2]
                    at = 0
                    for n in range(images[0], images[1]):
                        q = start % length
                        oh = start // length % rows
                        od = start // length // rows
                        end = at + count
                        while at < end:
                            last = min(length, q + end - at)
                            d = od * stride[0] + tap_d * dilation[0] - pad[0]
                            h = oh * stride[1] + tap_h * dilation[1] - pad[1]
                            if 0 <= d and d < depth and 0 <= h and h < height:
                                low, high = _reach(shift, stride[2], width, q, last)
                                line = columns[row, at + low - q : at + high - q]
                                _spread(line, stride[2], x[n, c, d, h, low * stride[2] + shift :])
                            at += last - q
                            q = 0
                            oh += 1
                            if oh == rows:
                                oh = 0
                                od += 1
                    row += 1


@kernel
def depthwise(x, w, bias, first, last, kernel, stride, pad, dilation, y):
    """The planes first..last of y (N, M, D, H, W), each from one channel of x (N, C, D, H, W); w (M, 1, taps...)."""
    channels, depth, height, width = x.shape[1:]
    outputs, planes, rows, length = y.shape[1:]
    for plane in range(first, last):
        n, m = plane // outputs, plane % outputs
        c = m * channels // outputs
        for od in range(planes):
            for oh in range(rows):
                line = y[n, m, od, oh]
                _fill(bias[m], line)
                for tap_d in range(kernel[0]):
                    d = od * stride[0] + tap_d * dilation[0] - pad[0]
                    for tap_h in range(kernel[1]):
                        h = oh * stride[1] + tap_h * dilation[1] - pad[1]
                        if d < 0 or d >= depth or h < 0 or h >= height:
                            continue
                        for tap_w in range(kernel[2]):
                            shift = tap_w * dilation[2] - pad[2]
                            low, high = _reach(shift, stride[2], width, 0, length)
                            _add_scaled(
                                w[m, 0, tap_d, tap_h, tap_w],
                                x[n, c, d, h, low * stride[2] + shift :],
                                stride[2],
                                line[low:high],
                            )


@inlined
def _add_scaled(scale, x, stride, out):
    """out[q] += scale x[q stride]"""
    if stride == 1:
        for q in range(out.size):
            out[q] += scale * x[q]
    elif stride == 2:
        for q in range(out.size):
            out[q] += scale * x[q * 2]
    else:
        for q in range(out.size):
            out[q] += scale * x[q * stride]


@kernel
def depthwise_data(y, w, bias, first, last, kernel, stride, pad, dilation, x):
    """The gradient of `depthwise` for the planes first..last of x, plus the bias of their channels."""
    channels, depth, height, width = x.shape[1:]
    outputs, planes, rows, length = y.shape[1:]
    each = outputs // channels
    for plane in range(first, last):
        n, c = plane // channels, plane % channels
        x[n, c, :, :, :] = bias[c]
        for m in range(c * each, c * each + each):
            for od in range(planes):
                for oh in range(rows):
                    for tap_d in range(kernel[0]):
                        d = od * stride[0] + tap_d * dilation[0] - pad[0]
                        for tap_h in range(kernel[1]):
                            h = oh * stride[1] + tap_h * dilation[1] - pad[1]
                            if d < 0 or d >= depth or h < 0 or h >= height:
                                continue
                            for tap_w in range(kernel[2]):
                                shift = tap_w * dilation[2] - pad[2]
                                low, high = _reach(shift, stride[2], width, 0, length)
                                _spread_scaled(
                                    w[m, 0, tap_d, tap_h, tap_w],
                                    y[n, m, od, oh, low:high],
                                    stride[2],
                                    x[n, c, d, h, low * stride[2] + shift :],
                                )


@inlined
def _spread_scaled(scale, x, stride, out):
    """out[q stride] += scale x[q]"""
    if stride == 1:
        for q in range(x.size):
            out[q] += scale * x[q]
    else:
        for q in range(x.size):
            out[q * stride] += scale * x[q]


@kernel
def add_depthwise_weight(x, y, first, last, kernel, stride, pad, dilation, w):
    """w[first..last] += the gradient of `depthwise` for them."""
    images, channels, depth, height, width = x.shape
    outputs, planes, rows, length = y.shape[1:]
    for m in range(first, last):
        c = m * channels // outputs
        for tap_d in range(kernel[0]):
            for tap_h in range(kernel[1]):
                for tap_w in range(kernel[2]):
                    shift = tap_w * dilation[2] - pad[2]
                    low, high = _reach(shift, stride[2], width, 0, length)
                    total = 0.0
                    for n in range(images):
                        for od in range(planes):
                            d = od * stride[0] + tap_d * dilation[0] - pad[0]
                            for oh in range(rows):
                                h = oh * stride[1] + tap_h * dilation[1] - pad[1]
                                if 0 <= d and d < depth and 0 <= h and h < height:
                                    total += _dot(
                                        y[n, m, od, oh, low:high], x[n, c, d, h, low * stride[2] + shift :], stride[2]
                                    )
                    w[m, 0, tap_d, tap_h, tap_w] += f32(total)


@reordered
def _dot(y, x, stride):
    """The sum of y[q] x[q stride]."""
    total = f32(0)
    if stride == 1:
        for q in range(y.size):
            total += y[q] * x[q]
    else:
        for q in range(y.size):
            total += y[q] * x[q * stride]
    return total


@kernel
def max_pool(x, kernel, stride, pad, out, mask):
    """x (P, H, W) planes, out and mask (P, OH, OW)."""
    height, width = x.shape[1:]
    planes, rows, length = out.shape
    for plane in range(planes):
        for oh in range(rows):
            best = out[plane, oh]
            place = mask[plane, oh]
            _fill(LOWEST, best)
            _fill(numpy.int32(-1), place)
            top = oh * stride[0] - pad[0]
            for h in range(max(top, 0), min(top + kernel[0], height)):
                for tap in range(kernel[1]):
                    shift = tap - pad[1]
                    low, high = _reach(shift, stride[1], width, 0, length)
                    at = low * stride[1] + shift
                    _keep_larger(x[plane, h, at:], h * width + at, stride[1], best[low:high], place[low:high])


@inlined
def _keep_larger(x, at, stride, best, place):
    if stride == 1:
        for q in range(best.size):
            larger = x[q] > best[q]
            best[q] = x[q] if larger else best[q]
            place[q] = numpy.int32(at + q) if larger else place[q]
    elif stride == 2:
        for q in range(best.size):
            larger = x[q * 2] > best[q]
            best[q] = x[q * 2] if larger else best[q]
            place[q] = numpy.int32(at + q * 2) if larger else place[q]
    else:
        for q in range(best.size):
            larger = x[q * stride] > best[q]
            best[q] = x[q * stride] if larger else best[q]
            place[q] = numpy.int32(at + q * stride) if larger else place[q]


@kernel
def max_pool_backward(out_diff, mask, x_diff):
    """out_diff, mask (P, L), x_diff (P, H W)."""
    planes, length = out_diff.shape
    for plane in range(planes):
        diff = x_diff[plane]
        _fill(f32(0), diff)
        for q in range(length):
            place = mask[plane, q]
            if place >= 0:
                diff[place] += out_diff[plane, q]


@kernel
def average_pool(x, kernel, stride, pad, out):
    """x (P, H, W) planes, out (P, OH, OW): the rows of a window are added up first, then its columns."""
    height, width = x.shape[1:]
    planes, rows, length = out.shape
    line = numpy.empty(width, f32)
    for plane in range(planes):
        for oh in range(rows):
            _fill(f32(0), line)
            top = oh * stride[0] - pad[0]
            bottom = min(top + kernel[0], height + pad[0])
            for h in range(max(top, 0), min(bottom, height)):
                _spread(x[plane, h], 1, line)
            for q in range(length):
                left = q * stride[1] - pad[1]
                right = min(left + kernel[1], width + pad[1])
                total = f32(0)
                for w in range(max(left, 0), min(right, width)):
                    total += line[w]
                out[plane, oh, q] = total / f32((bottom - top) * (right - left))


@kernel
def average_pool_backward(out_diff, kernel, stride, pad, x_diff):
    height, width = x_diff.shape[1:]
    planes, rows, length = out_diff.shape
    line = numpy.empty(width, f32)
    for plane in range(planes):
        x_diff[plane, :, :] = f32(0)
        for oh in range(rows):
            _fill(f32(0), line)
            top = oh * stride[0] - pad[0]
            bottom = min(top + kernel[0], height + pad[0])
            for q in range(length):
                left = q * stride[1] - pad[1]
                right = min(left + kernel[1], width + pad[1])
                share = out_diff[plane, oh, q] / f32((bottom - top) * (right - left))
                for w in range(max(left, 0), min(right, width)):
                    line[w] += share
            for h in range(max(top, 0), min(bottom, height)):
                _spread(line, 1, x_diff[plane, h])


@kernel
def stochastic_pool(x, random, kernel, stride, pad, out, mask):
    """x (P, H, W) planes; random, out and mask (P, OH, OW)."""
    height, width = x.shape[1:]
    planes, rows, length = out.shape
    for plane in range(planes):
        for oh in range(rows):
            top = oh * stride[0] - pad[0]
            for q in range(length):
                left = q * stride[1] - pad[1]
                h_range = range(max(top, 0), min(top + kernel[0], height))
                w_range = range(max(left, 0), min(left + kernel[1], width))
                total = f32(0)
                for h in h_range:
                    for w in w_range:
                        total += x[plane, h, w]
                threshold = random[plane, oh, q] * total
                running = f32(0)
                value = f32(0)
                place = -1
                for h in h_range:
                    for w in w_range:
                        running += x[plane, h, w]
                        if place < 0 and running >= threshold:
                            value = x[plane, h, w]
                            place = h * width + w
                out[plane, oh, q] = value
                mask[plane, oh, q] = place


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
def lrn_across(x, reach, weight, beta, k, first, last, scale, out):
    """x, scale, out (N, C, H W); the tiles first..last, each of TILE positions in all channels of an image."""
    channels, length = x.shape[1:]
    tiles = (length + TILE - 1) // TILE
    for tile in range(first, last):
        n = tile // tiles
        a = tile % tiles * TILE
        b = min(a + TILE, length)
        for c in range(channels):
            line = scale[n, c, a:b]
            _fill(k, line)
            for d in range(max(c - reach, 0), min(c + reach + 1, channels)):
                near = x[n, d, a:b]
                for q in range(line.size):
                    line[q] += weight * near[q] * near[q]
        for c in range(channels):
            _scaled(x[n, c, a:b], scale[n, c, a:b], beta, out[n, c, a:b])


@kernel
def lrn_across_backward(x, reach, weight, beta, first, last, scale, out, out_diff, ratio, x_diff):
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
def lrn_within(x, reach, weight, beta, k, scale, out):
    """x, scale, out (P, H, W) planes."""
    planes, height, width = x.shape
    line = numpy.empty(width, f32)
    for plane in range(planes):
        for h in range(height):
            _fill(f32(0), line)
            for near in range(max(h - reach, 0), min(h + reach + 1, height)):
                row = x[plane, near]
                for q in range(width):
                    line[q] += row[q] * row[q]
            for q in range(width):
                total = f32(0)
                for near in range(max(q - reach, 0), min(q + reach + 1, width)):
                    total += line[near]
                scale[plane, h, q] = k + weight * total
        for h in range(height):
            _scaled(x[plane, h], scale[plane, h], beta, out[plane, h])


@kernel
def lrn_within_backward(x, reach, weight, beta, scale, out, out_diff, x_diff):
    planes, height, width = x.shape
    line = numpy.empty(width, f32)
    for plane in range(planes):
        for h in range(height):
            _fill(f32(0), line)
            for near in range(max(h - reach, 0), min(h + reach + 1, height)):
                s, y, dy = scale[plane, near], out[plane, near], out_diff[plane, near]
                for q in range(width):
                    line[q] += dy[q] * y[q] / s[q]
            _scaled(out_diff[plane, h], scale[plane, h], beta, x_diff[plane, h])
            for q in range(width):
                total = f32(0)
                for near in range(max(q - reach, 0), min(q + reach + 1, width)):
                    total += line[near]
                x_diff[plane, h, q] -= weight * x[plane, h, q] * total
