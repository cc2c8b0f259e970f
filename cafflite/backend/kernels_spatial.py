"""Compiled loops over spatial axes, for float32, C-contiguous arrays.

A window reads its input from a padded copy, one plane at a time, so that no loop tests for the edge. A `plane` holds it
as (row phases, column phases, rows, columns): the rows 0, s, 2s, ... of the input, then 1, s+1, ..., for a stride s,
and the columns likewise. What a tap sees at all positions is then one run in memory, with a few values between its rows
that belong to no position. Most operations take these along, in `wide` arrays with rows as long as the plane's.

Convolutions have three spatial axes here, (D, H, W); with fewer, the first ones are 1.
"""

import numba
import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined, kernel

f32 = numpy.float32
LOWEST = -numpy.finfo(f32).max
TILE = 512  # positions of a plane whose channels are normalised together: they stay in the cache

# For long sums: they may be reordered, so that they vectorise.
reordered = numba.njit(forceinline=True, error_model="numpy", fastmath={"contract", "nsz", "reassoc"})


@inlined
def _fill(value, out):
    for q in range(out.size):
        out[q] = value


@inlined
def _add(x, out):
    for q in range(out.size):
        out[q] += x[q]


@inlined
def _add_scaled(scale, x, out):
    for q in range(out.size):
        out[q] += scale * x[q]


@reordered
def _dot(x, y):
    total = f32(0)
    for q in range(x.size):
        total += x[q] * y[q]
    return total


@reordered
def _sum(x):
    total = f32(0)
    for q in range(x.size):
        total += x[q]
    return total


@inlined
def _new_plane(extent, stride, rows, length):
    """A plane of zeros for `rows` by `length` positions, of windows with `extent` (rows, columns) from end to end."""
    return numpy.zeros(
        (
            min(stride[0], extent[0] + 1),
            min(stride[1], extent[1] + 1),
            rows + extent[0] // stride[0],
            length + extent[1] // stride[1],
        ),
        f32,
    )


@inlined
def _begin(plane, tap, stride):
    """Where in the plane the run of a tap begins that is `tap` (rows, columns) from the first one."""
    phase = tap[0] % stride[0] * plane.shape[1] + tap[1] % stride[1]
    return (phase * plane.shape[2] + tap[0] // stride[0]) * plane.shape[3] + tap[1] // stride[1]


@inlined
def _inside(start, stride, size, count):
    """Which of the `count` places start, start + stride, ... lie in 0..size: the first, and the one behind the last."""
    first = min(max(0, -(start // stride)), count)
    return first, max(first, min(count, (size - 1 - start) // stride + 1))


# Indices are unsigned in loops that have to vectorise: a signed one would be tested for being negative.


@inlined
def _pad(x, top, left, stride, plane):
    """Copy x (H, W) to its places in the plane, whose first value would be x[top, left]; those around it stay."""
    for a in range(plane.shape[0]):
        row, last_row = _inside(top + a, stride[0], x.shape[0], plane.shape[2])
        for b in range(plane.shape[1]):
            column, last_column = _inside(left + b, stride[1], x.shape[1], plane.shape[3])
            at = left + b + column * stride[1]
            for r in range(row, last_row):
                h = top + a + r * stride[0]
                for q in range(last_column - column):
                    plane[uint64(a), uint64(b), uint64(r), uint64(column + q)] = x[
                        uint64(h), uint64(at + q * stride[1])
                    ]


@inlined
def _add_unpadded(plane, top, left, stride, x):
    """Add to x (H, W) what is in its places in the plane."""
    for a in range(plane.shape[0]):
        row, last_row = _inside(top + a, stride[0], x.shape[0], plane.shape[2])
        for b in range(plane.shape[1]):
            column, last_column = _inside(left + b, stride[1], x.shape[1], plane.shape[3])
            at = left + b + column * stride[1]
            for r in range(row, last_row):
                h = top + a + r * stride[0]
                for q in range(last_column - column):
                    x[uint64(h), uint64(at + q * stride[1])] += plane[
                        uint64(a), uint64(b), uint64(r), uint64(column + q)
                    ]


@inlined
def _widen(x, pitch, wide):
    """Copy x (H, W) to the rows of `pitch` values of `wide`; what is between them stays."""
    for r in range(x.shape[0]):
        for q in range(x.shape[1]):
            wide[uint64(r * pitch + q)] = x[uint64(r), uint64(q)]


@inlined
def _narrow(wide, pitch, out):
    """Copy the rows of `pitch` values of `wide` to out (H, W)."""
    for r in range(out.shape[0]):
        for q in range(out.shape[1]):
            out[uint64(r), uint64(q)] = wide[uint64(r * pitch + q)]


@kernel
def im2col(x, images, channels, rows, kernel, stride, pad, dilation, positions, steps, columns):
    """What each tap of a window sees, for some images, channels and rows of positions, all given as (first, last).

    x        (N, C, D, H, W)
    rows     among the D H rows of all positions
    steps    in `columns` from an image to the next, and from what one tap sees to the next
    columns  a flat array
    """
    height, length = positions[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = _new_plane(extent, stride[1:], min(height, rows[1] - rows[0]), length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    area = kernel[1] * kernel[2]
    for od in range(rows[0] // height, (rows[1] + height - 1) // height):
        first = max(rows[0] - od * height, 0)
        last = min(rows[1] - od * height, height)
        plane[:] = f32(0)
        for n in range(images[0], images[1]):
            image = (n - images[0]) * steps[0] + (od * height + first - rows[0]) * length
            for c in range(channels[0], channels[1]):
                for tap_d in range(kernel[0]):
                    at = image + ((c - channels[0]) * kernel[0] + tap_d) * area * steps[1]
                    d = od * stride[0] + tap_d * dilation[0] - pad[0]
                    if d < 0 or d >= x.shape[2]:
                        for tap in range(area):
                            _fill(f32(0), columns[at + tap * steps[1] :][: (last - first) * length])
                        continue
                    _pad(x[n, c, d], first * stride[1] - pad[1], -pad[2], stride[1:], plane)
                    for tap in range(area):
                        place = tap // kernel[2] * dilation[1], tap % kernel[2] * dilation[2]
                        begin = _begin(plane, place, stride[1:])
                        for r in range(last - first):
                            for q in range(length):
                                columns[uint64(at + r * length + q)] = flat[uint64(begin + r * pitch + q)]
                        at += steps[1]


@kernel
def col2im(columns, images, channels, rows, kernel, stride, pad, dilation, positions, steps, x):
    """The sum of the columns that each value of x is in; those of row 0 come first, and clear x."""
    height, length = positions[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = _new_plane(extent, stride[1:], min(height, rows[1] - rows[0]), length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    area = kernel[1] * kernel[2]
    for od in range(rows[0] // height, (rows[1] + height - 1) // height):
        first = max(rows[0] - od * height, 0)
        last = min(rows[1] - od * height, height)
        for n in range(images[0], images[1]):
            image = (n - images[0]) * steps[0] + (od * height + first - rows[0]) * length
            for c in range(channels[0], channels[1]):
                if od == 0 and first == 0:
                    x[n, c, :, :, :] = f32(0)
                for tap_d in range(kernel[0]):
                    at = image + ((c - channels[0]) * kernel[0] + tap_d) * area * steps[1]
                    d = od * stride[0] + tap_d * dilation[0] - pad[0]
                    if d < 0 or d >= x.shape[2]:
                        continue
                    plane[:] = f32(0)
                    for tap in range(area):
                        place = tap // kernel[2] * dilation[1], tap % kernel[2] * dilation[2]
                        begin = _begin(plane, place, stride[1:])
                        for r in range(last - first):
                            for q in range(length):
                                flat[uint64(begin + r * pitch + q)] += columns[uint64(at + r * length + q)]
                        at += steps[1]
                    _add_unpadded(plane, first * stride[1] - pad[1], -pad[2], stride[1:], x[n, c, d])


@kernel
def depthwise(x, w, bias, first, last, kernel, stride, pad, dilation, y):
    """The planes first..last of y (N, M, D, H, W), each from one channel of x (N, C, D, H, W); w (M, 1, taps...)."""
    channels = x.shape[1]
    outputs, depth, height, length = y.shape[1:]
    steps = stride[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = _new_plane(extent, steps, height, length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    wide = numpy.empty((height - 1) * pitch + length, f32)
    for one in range(first, last):
        n, m = one // outputs, one % outputs
        for od in range(depth):
            _fill(bias[m], wide)
            for tap_d in range(kernel[0]):
                d = od * stride[0] + tap_d * dilation[0] - pad[0]
                if d < 0 or d >= x.shape[2]:
                    continue
                _pad(x[n, m * channels // outputs, d], -pad[1], -pad[2], steps, plane)
                for tap_h in range(kernel[1]):
                    for tap_w in range(kernel[2]):
                        begin = _begin(plane, (tap_h * dilation[1], tap_w * dilation[2]), steps)
                        _add_scaled(w[m, 0, tap_d, tap_h, tap_w], flat[begin : begin + wide.size], wide)
            _narrow(wide, pitch, y[n, m, od])


@kernel
def depthwise_data(y, w, bias, first, last, kernel, stride, pad, dilation, x):
    """The gradient of `depthwise` for the planes first..last of x, plus the bias of their channels."""
    channels = x.shape[1]
    outputs, depth, height, length = y.shape[1:]
    each = outputs // channels
    steps = stride[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = _new_plane(extent, steps, height, length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    wide = numpy.zeros((height - 1) * pitch + length, f32)
    for one in range(first, last):
        n, c = one // channels, one % channels
        x[n, c, :, :, :] = bias[c]
        for od in range(depth):
            for tap_d in range(kernel[0]):
                d = od * stride[0] + tap_d * dilation[0] - pad[0]
                if d < 0 or d >= x.shape[2]:
                    continue
                plane[:] = f32(0)
                for m in range(c * each, c * each + each):
                    _widen(y[n, m, od], pitch, wide)
                    for tap_h in range(kernel[1]):
                        for tap_w in range(kernel[2]):
                            begin = _begin(plane, (tap_h * dilation[1], tap_w * dilation[2]), steps)
                            _add_scaled(w[m, 0, tap_d, tap_h, tap_w], wide, flat[begin : begin + wide.size])
                _add_unpadded(plane, -pad[1], -pad[2], steps, x[n, c, d])


@kernel
def add_depthwise_weight(x, y, first, last, kernel, stride, pad, dilation, w):
    """w[first..last] += the gradient of `depthwise` for them."""
    images, channels = x.shape[:2]
    outputs, depth, height, length = y.shape[1:]
    steps = stride[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = _new_plane(extent, steps, height, length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    wide = numpy.zeros((height - 1) * pitch + length, f32)
    total = numpy.empty(kernel)  # in float64: there may be millions of terms
    for m in range(first, last):
        total[:] = 0.0
        for n in range(images):
            for od in range(depth):
                _widen(y[n, m, od], pitch, wide)
                for tap_d in range(kernel[0]):
                    d = od * stride[0] + tap_d * dilation[0] - pad[0]
                    if d < 0 or d >= x.shape[2]:
                        continue
                    _pad(x[n, m * channels // outputs, d], -pad[1], -pad[2], steps, plane)
                    for tap_h in range(kernel[1]):
                        for tap_w in range(kernel[2]):
                            begin = _begin(plane, (tap_h * dilation[1], tap_w * dilation[2]), steps)
                            total[tap_d, tap_h, tap_w] += _dot(wide, flat[begin : begin + wide.size])
        w[m, 0] += total.astype(f32)


@kernel
def add_channel_sum(x, first, last, out):
    """out[first..last] += the sums of these channels of x (N, C, L)."""
    for c in range(first, last):
        total = 0.0  # in float64: there may be millions of terms
        for n in range(x.shape[0]):
            total += _sum(x[n, c])
        out[c] += f32(total)


@inlined
def _keep_larger(x, place, best, places):
    for q in range(best.size):
        larger = x[q] > best[q]
        best[q] = x[q] if larger else best[q]
        places[q] = place if larger else places[q]


@kernel
def max_pool(x, kernel, stride, pad, out, mask):
    """x (P, H, W) planes, out and mask (P, OH, OW)."""
    width = x.shape[2]
    planes, height, length = out.shape
    plane = _new_plane((kernel[0] - 1, kernel[1] - 1), stride, height, length)
    plane[:] = LOWEST
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    best = numpy.empty((height - 1) * pitch + length, f32)
    places = numpy.empty(best.size, numpy.int32)  # from the place of the first tap of the window
    for one in range(planes):
        _pad(x[one], -pad[0], -pad[1], stride, plane)
        _fill(LOWEST, best)
        for tap_h in range(kernel[0]):
            for tap_w in range(kernel[1]):
                begin = _begin(plane, (tap_h, tap_w), stride)
                _keep_larger(flat[begin : begin + best.size], numpy.int32(tap_h * width + tap_w), best, places)
        _narrow(best, pitch, out[one])
        for r in range(height):
            at = (r * stride[0] - pad[0]) * width - pad[1]
            for q in range(length):
                place = numpy.int32(at + q * stride[1]) + places[uint64(r * pitch + q)]
                mask[uint64(one), uint64(r), uint64(q)] = (
                    place if best[uint64(r * pitch + q)] > LOWEST else numpy.int32(-1)
                )


@kernel
def max_pool_by_window(x, kernel, stride, pad, out, mask):
    """The same, quicker where the windows are wide and few."""
    height, width = x.shape[1:]
    for one in range(out.shape[0]):
        for oh in range(out.shape[1]):
            top = oh * stride[0] - pad[0]
            for ow in range(out.shape[2]):
                left = ow * stride[1] - pad[1]
                best, place = LOWEST, -1
                for h in range(max(top, 0), min(top + kernel[0], height)):
                    for w in range(max(left, 0), min(left + kernel[1], width)):
                        if x[one, h, w] > best:
                            best, place = x[one, h, w], h * width + w
                out[one, oh, ow], mask[one, oh, ow] = best, place


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


@inlined
def _pool_sizes(kernel, stride, pad, size, sizes):
    """How far each window of an average reaches along one axis: as far as the padding goes."""
    for q in range(sizes.size):
        start = q * stride - pad
        sizes[q] = f32(min(start + kernel, size + pad) - start)


@kernel
def average_pool(x, kernel, stride, pad, out):
    """x (P, H, W) planes, out (P, OH, OW): the rows of a window are added up first, then its columns."""
    planes, height, length = out.shape
    plane = _new_plane((kernel[0] - 1, kernel[1] - 1), stride, height, length)
    pitch = plane.shape[3]
    columns = numpy.empty((plane.shape[1], height * pitch), f32)  # for each phase
    wide = numpy.empty((height - 1) * pitch + length, f32)
    heights, widths = numpy.empty(height, f32), numpy.empty(length, f32)
    _pool_sizes(kernel[0], stride[0], pad[0], x.shape[1], heights)
    _pool_sizes(kernel[1], stride[1], pad[1], x.shape[2], widths)
    for one in range(planes):
        _pad(x[one], -pad[0], -pad[1], stride, plane)
        columns[:] = f32(0)
        for tap in range(kernel[0]):
            for phase in range(plane.shape[1]):
                rows = plane[tap % stride[0], phase, tap // stride[0] : tap // stride[0] + height]
                _add(rows.reshape(rows.size), columns[phase])
        _fill(f32(0), wide)
        for tap in range(kernel[1]):
            _add(columns[tap % stride[1], tap // stride[1] :], wide)
        for r in range(height):
            for q in range(length):
                out[uint64(one), uint64(r), uint64(q)] = wide[uint64(r * pitch + q)] / (heights[r] * widths[uint64(q)])


@kernel
def average_pool_by_window(x, kernel, stride, pad, out):
    """The same, quicker where the windows are wide and few."""
    height, width = x.shape[1:]
    for one in range(out.shape[0]):
        for oh in range(out.shape[1]):
            top = oh * stride[0] - pad[0]
            bottom = min(top + kernel[0], height + pad[0])
            for ow in range(out.shape[2]):
                left = ow * stride[1] - pad[1]
                right = min(left + kernel[1], width + pad[1])
                total = f32(0)
                for h in range(max(top, 0), min(bottom, height)):
                    total += _sum(x[one, h, max(left, 0) : min(right, width)])
                out[one, oh, ow] = total / f32((bottom - top) * (right - left))


@kernel
def average_pool_backward(out_diff, kernel, stride, pad, x_diff):
    planes, height, length = out_diff.shape
    plane = _new_plane((kernel[0] - 1, kernel[1] - 1), stride, height, length)
    pitch = plane.shape[3]
    columns = numpy.empty((plane.shape[1], height * pitch), f32)
    wide = numpy.zeros((height - 1) * pitch + length, f32)
    heights, widths = numpy.empty(height, f32), numpy.empty(length, f32)
    _pool_sizes(kernel[0], stride[0], pad[0], x_diff.shape[1], heights)
    _pool_sizes(kernel[1], stride[1], pad[1], x_diff.shape[2], widths)
    for one in range(planes):
        for r in range(height):
            for q in range(length):
                wide[uint64(r * pitch + q)] = out_diff[uint64(one), uint64(r), uint64(q)] / (
                    heights[r] * widths[uint64(q)]
                )
        columns[:] = f32(0)
        for tap in range(kernel[1]):
            begin = tap // stride[1]
            _add(wide, columns[tap % stride[1], begin : begin + wide.size])
        plane[:] = f32(0)
        for tap in range(kernel[0]):
            for phase in range(plane.shape[1]):
                rows = plane[tap % stride[0], phase, tap // stride[0] : tap // stride[0] + height]
                _add(columns[phase], rows.reshape(rows.size))
        x_diff[one] = f32(0)
        _add_unpadded(plane, -pad[0], -pad[1], stride, x_diff[one])


@kernel
def average_pool_backward_by_window(out_diff, kernel, stride, pad, x_diff):
    height, width = x_diff.shape[1:]
    for one in range(out_diff.shape[0]):
        x_diff[one] = f32(0)
        for oh in range(out_diff.shape[1]):
            top = oh * stride[0] - pad[0]
            bottom = min(top + kernel[0], height + pad[0])
            for ow in range(out_diff.shape[2]):
                left = ow * stride[1] - pad[1]
                right = min(left + kernel[1], width + pad[1])
                share = out_diff[one, oh, ow] / f32((bottom - top) * (right - left))
                for h in range(max(top, 0), min(bottom, height)):
                    for w in range(max(left, 0), min(right, width)):
                        x_diff[one, h, w] += share


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
    line = numpy.zeros(width + 2 * reach, f32)
    middle = line[reach : reach + width]
    for one in range(planes):
        for h in range(height):
            _fill(f32(0), middle)
            for near in range(max(h - reach, 0), min(h + reach + 1, height)):
                for q in range(width):
                    middle[q] += (
                        weight * x[uint64(one), uint64(near), uint64(q)] * x[uint64(one), uint64(near), uint64(q)]
                    )
            _fill(k, scale[one, h])
            for near in range(2 * reach + 1):
                _add(line[near:], scale[one, h])
        for h in range(height):
            _scaled(x[one, h], scale[one, h], beta, out[one, h])


@kernel
def lrn_within_backward(x, reach, weight, beta, scale, out, out_diff, x_diff):
    planes, height, width = x.shape
    line = numpy.zeros(width + 2 * reach, f32)
    middle = line[reach : reach + width]
    total = numpy.empty(width, f32)
    for one in range(planes):
        for h in range(height):
            _fill(f32(0), middle)
            for near in range(max(h - reach, 0), min(h + reach + 1, height)):
                s, y, dy = scale[one, near], out[one, near], out_diff[one, near]
                for q in range(width):
                    middle[q] += weight * dy[q] * y[q] / s[q]
            _fill(f32(0), total)
            for near in range(2 * reach + 1):
                _add(line[near:], total)
            line_diff, values = x_diff[one, h], x[one, h]
            _scaled(out_diff[one, h], scale[one, h], beta, line_diff)
            for q in range(width):
                line_diff[q] -= values[q] * total[q]
