"""Compiled poolings of planes."""

import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_plane import add, add_unpadded, fill, narrow, new_plane, pad_plane, start_of_run, sum_of

f32 = numpy.float32
LOWEST = -numpy.finfo(f32).max


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
    plane = new_plane((kernel[0] - 1, kernel[1] - 1), stride, height, length)
    plane[:] = LOWEST
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    best = numpy.empty((height - 1) * pitch + length, f32)
    places = numpy.empty(best.size, numpy.int32)  # from the place of the first tap of the window
    for one in range(planes):
        pad_plane(x[one], -pad[0], -pad[1], stride, plane)
        fill(LOWEST, best)
        for tap_h in range(kernel[0]):
            for tap_w in range(kernel[1]):
                begin = start_of_run(plane, (tap_h, tap_w), stride)
                _keep_larger(flat[begin : begin + best.size], numpy.int32(tap_h * width + tap_w), best, places)
        narrow(best, pitch, out[one])
        for r in range(height):
            at = (r * stride[0] - pad[0]) * width - pad[1]
            for q in range(length):
                place = numpy.int32(at + q * stride[1]) + places[uint64(r * pitch + q)]
                mask[uint64(one), uint64(r), uint64(q)] = (
                    place if best[uint64(r * pitch + q)] > LOWEST else numpy.int32(-1)
                )


@inlined
def _larger(value, place, best):
    """The larger one of a value and the best (value, place) before it, which stays where they are equal."""
    is_larger = value > best[0]
    return value if is_larger else best[0], numpy.int32(place) if is_larger else best[1]


@kernel
def max_pool_by_fours(x, kernel, stride, pad, out, mask):
    """The same for windows of 2 x 2 that lie side by side inside the plane: one loop looks at all four values."""
    width = x.shape[2]
    planes, height, length = out.shape
    for one in range(planes):
        for r in range(height):
            upper, lower = x[one, 2 * r], x[one, 2 * r + 1]
            at = 2 * r * width
            for q in range(length):
                left, right = uint64(2 * q), uint64(2 * q + 1)
                best = _larger(upper[left], at + 2 * q, (LOWEST, numpy.int32(-1)))
                best = _larger(upper[right], at + 2 * q + 1, best)
                best = _larger(lower[left], at + 2 * q + width, best)
                best = _larger(lower[right], at + 2 * q + width + 1, best)
                out[uint64(one), uint64(r), uint64(q)], mask[uint64(one), uint64(r), uint64(q)] = best


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
        fill(f32(0), diff)
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
    plane = new_plane((kernel[0] - 1, kernel[1] - 1), stride, height, length)
    pitch = plane.shape[3]
    columns = numpy.empty((plane.shape[1], height * pitch), f32)  # for each phase
    wide = numpy.empty((height - 1) * pitch + length, f32)
    heights, widths = numpy.empty(height, f32), numpy.empty(length, f32)
    _pool_sizes(kernel[0], stride[0], pad[0], x.shape[1], heights)
    _pool_sizes(kernel[1], stride[1], pad[1], x.shape[2], widths)
    for one in range(planes):
        pad_plane(x[one], -pad[0], -pad[1], stride, plane)
        columns[:] = f32(0)
        for tap in range(kernel[0]):
            for phase in range(plane.shape[1]):
                rows = plane[tap % stride[0], phase, tap // stride[0] : tap // stride[0] + height]
                add(rows.reshape(rows.size), columns[phase])
        fill(f32(0), wide)
        for tap in range(kernel[1]):
            add(columns[tap % stride[1], tap // stride[1] :], wide)
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
                    total += sum_of(x[one, h, max(left, 0) : min(right, width)])
                out[one, oh, ow] = total / f32((bottom - top) * (right - left))


@kernel
def average_pool_backward(out_diff, kernel, stride, pad, x_diff):
    planes, height, length = out_diff.shape
    plane = new_plane((kernel[0] - 1, kernel[1] - 1), stride, height, length)
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
            add(wide, columns[tap % stride[1], begin : begin + wide.size])
        plane[:] = f32(0)
        for tap in range(kernel[0]):
            for phase in range(plane.shape[1]):
                rows = plane[tap % stride[0], phase, tap // stride[0] : tap // stride[0] + height]
                add(columns[phase], rows.reshape(rows.size))
        x_diff[one] = f32(0)
        add_unpadded(plane, -pad[0], -pad[1], stride, x_diff[one])


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
