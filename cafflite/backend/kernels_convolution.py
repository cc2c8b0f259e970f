"""Compiled columns, and convolutions of single channels.

Convolutions have three spatial axes here, (D, H, W); with fewer, the first ones are 1.
"""

import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined, kernel
from cafflite.backend.kernels_plane import (
    add_scaled,
    add_shifted_rows,
    add_unpadded,
    dot,
    fill,
    follow,
    narrow,
    new_plane,
    pad_plane,
    shift_rows,
    start_of_rows,
    start_of_run,
    widen,
)

f32 = numpy.float32


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
    plane = new_plane(extent, stride[1:], min(height, rows[1] - rows[0]), length)
    area = kernel[1] * kernel[2]
    shifted = numpy.empty(plane.shape[0] * plane.shape[2] * length, f32)
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
                            fill(f32(0), columns[at + tap * steps[1] :][: (last - first) * length])
                        continue
                    pad_plane(x[n, c, d], first * stride[1] - pad[1], -pad[2], stride[1:], plane)
                    for tap_w in range(kernel[2]):
                        shift_rows(plane, tap_w * dilation[2], stride[2], shifted)
                        for tap_h in range(kernel[1]):
                            begin = start_of_rows(plane, tap_h * dilation[1], stride[1], length)
                            to = at + (tap_h * kernel[2] + tap_w) * steps[1]
                            for q in range((last - first) * length):
                                columns[uint64(to + q)] = shifted[uint64(begin + q)]


@kernel
def col2im(columns, images, channels, rows, kernel, stride, pad, dilation, positions, steps, x):
    """The sum of the columns that each value of x is in; those of row 0 come first, and clear x."""
    height, length = positions[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = new_plane(extent, stride[1:], min(height, rows[1] - rows[0]), length)
    area = kernel[1] * kernel[2]
    shifted = numpy.empty(plane.shape[0] * plane.shape[2] * length, f32)
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
                    for tap_w in range(kernel[2]):
                        fill(f32(0), shifted)
                        for tap_h in range(kernel[1]):
                            begin = start_of_rows(plane, tap_h * dilation[1], stride[1], length)
                            of = at + (tap_h * kernel[2] + tap_w) * steps[1]
                            for q in range((last - first) * length):
                                shifted[uint64(begin + q)] += columns[uint64(of + q)]
                        add_shifted_rows(shifted, tap_w * dilation[2], stride[2], plane)
                    add_unpadded(plane, first * stride[1] - pad[1], -pad[2], stride[1:], x[n, c, d])


@inlined
def add_three(scales, x, y, z, out):
    a, b, c = scales[0], scales[1], scales[2]
    for q in range(out.size):
        out[q] += a * x[q] + b * y[q] + c * z[q]


@kernel
def depthwise(x, w, finish, first, last, kernel, stride, pad, dilation, y):
    """The planes first..last of y (N, M, D, H, W), each from one channel of x (N, C, D, H, W); w (M, 1, taps...)."""
    channels = x.shape[1]
    outputs, depth, height, length = y.shape[1:]
    steps = stride[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = new_plane(extent, steps, height, length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    wide = numpy.empty((height - 1) * pitch + length, f32)
    scale, bias, slope = finish
    for one in range(first, last):
        n, m = one // outputs, one % outputs
        for od in range(depth):
            fill(f32(0), wide)
            for tap_d in range(kernel[0]):
                d = od * stride[0] + tap_d * dilation[0] - pad[0]
                if d < 0 or d >= x.shape[2]:
                    continue
                pad_plane(x[n, m * channels // outputs, d], -pad[1], -pad[2], steps, plane)
                for tap_h in range(kernel[1]):
                    threes = kernel[2] - kernel[2] % 3  # three taps in one loop: it reads and writes `wide` once
                    for tap_w in range(0, threes, 3):
                        a = start_of_run(plane, (tap_h * dilation[1], tap_w * dilation[2]), steps)
                        b = start_of_run(plane, (tap_h * dilation[1], (tap_w + 1) * dilation[2]), steps)
                        c = start_of_run(plane, (tap_h * dilation[1], (tap_w + 2) * dilation[2]), steps)
                        add_three(w[m, 0, tap_d, tap_h, tap_w:], flat[a:], flat[b:], flat[c:], wide)
                    for tap_w in range(threes, kernel[2]):
                        begin = start_of_run(plane, (tap_h * dilation[1], tap_w * dilation[2]), steps)
                        add_scaled(w[m, 0, tap_d, tap_h, tap_w], flat[begin : begin + wide.size], wide)
            follow(scale[m], bias[m], slope, wide)
            narrow(wide, pitch, y[n, m, od])


@kernel
def depthwise_data(y, w, finish, first, last, kernel, stride, pad, dilation, x):
    """The gradient of `depthwise` for the planes first..last of x, plus the bias of their channels."""
    channels = x.shape[1]
    outputs, depth, height, length = y.shape[1:]
    each = outputs // channels
    steps = stride[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = new_plane(extent, steps, height, length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    wide = numpy.zeros((height - 1) * pitch + length, f32)
    for one in range(first, last):
        n, c = one // channels, one % channels
        x[n, c, :, :, :] = finish[1][c]
        for od in range(depth):
            for tap_d in range(kernel[0]):
                d = od * stride[0] + tap_d * dilation[0] - pad[0]
                if d < 0 or d >= x.shape[2]:
                    continue
                plane[:] = f32(0)
                for m in range(c * each, c * each + each):
                    widen(y[n, m, od], pitch, wide)
                    for tap_h in range(kernel[1]):
                        for tap_w in range(kernel[2]):
                            begin = start_of_run(plane, (tap_h * dilation[1], tap_w * dilation[2]), steps)
                            add_scaled(w[m, 0, tap_d, tap_h, tap_w], wide, flat[begin : begin + wide.size])
                add_unpadded(plane, -pad[1], -pad[2], steps, x[n, c, d])


@kernel
def add_depthwise_weight(x, y, first, last, kernel, stride, pad, dilation, w):
    """w[first..last] += the gradient of `depthwise` for them."""
    images, channels = x.shape[:2]
    outputs, depth, height, length = y.shape[1:]
    steps = stride[1:]
    extent = (kernel[1] - 1) * dilation[1], (kernel[2] - 1) * dilation[2]
    plane = new_plane(extent, steps, height, length)
    flat, pitch = plane.reshape(plane.size), plane.shape[3]
    wide = numpy.zeros((height - 1) * pitch + length, f32)
    total = numpy.empty(kernel)  # in float64: there may be millions of terms
    for m in range(first, last):
        total[:] = 0.0
        for n in range(images):
            for od in range(depth):
                widen(y[n, m, od], pitch, wide)
                for tap_d in range(kernel[0]):
                    d = od * stride[0] + tap_d * dilation[0] - pad[0]
                    if d < 0 or d >= x.shape[2]:
                        continue
                    pad_plane(x[n, m * channels // outputs, d], -pad[1], -pad[2], steps, plane)
                    for tap_h in range(kernel[1]):
                        for tap_w in range(kernel[2]):
                            begin = start_of_run(plane, (tap_h * dilation[1], tap_w * dilation[2]), steps)
                            total[tap_d, tap_h, tap_w] += dot(wide, flat[begin : begin + wide.size])
        w[m, 0] += total.astype(f32)
