"""Compiled kernels of the operations in numpy_channels.py.

Those of single elements take rows of the array seen as (N C, S), of which the first is row `first`; those that sum take
all of it and do the channels from `first` to before `last`, each in the same order whatever the threads.
"""

import numpy

from cafflite.backend.kernels import summing_kernel
from cafflite.backend.kernels_math import f32, kernel

f64 = numpy.float64


@kernel
def affine(first, x, out, scale, bias):
    for r in range(len(x)):
        c = (first + r) % len(scale)
        for i in range(x.shape[1]):
            out[r, i] = scale[c] * x[r, i] + bias[c]


@kernel
def normalize(first, x, out, mean, inverse):
    for r in range(len(x)):
        c = (first + r) % len(mean)
        for i in range(x.shape[1]):
            out[r, i] = inverse[c] * (x[r, i] - mean[c])


@kernel
def prelu(first, x, out, slope):
    for r in range(len(x)):
        c = (first + r) % len(slope)
        for i in range(x.shape[1]):
            out[r, i] = x[r, i] if x[r, i] > f32(0) else slope[c] * x[r, i]


@kernel
def prelu_backward(first, dy, x, out, slope):
    for r in range(len(x)):
        c = (first + r) % len(slope)
        for i in range(x.shape[1]):
            out[r, i] = dy[r, i] if x[r, i] > f32(0) else slope[c] * dy[r, i]


@summing_kernel
def add_dot(first, last, a, b, out):
    images, _, length = a.shape
    for c in range(first, last):
        total = f64(0)
        for n in range(images):
            part = f32(0)
            for i in range(length):
                part += a[n, c, i] * b[n, c, i]
            total += part
        out[c] += f32(total)


@summing_kernel
def moments(first, last, x, mean, variance):
    images, _, length = x.shape
    for c in range(first, last):
        total = f64(0)
        for n in range(images):
            part = f32(0)
            for i in range(length):
                part += x[n, c, i]
            total += part
        center = f32(total / (images * length))
        total = f64(0)
        for n in range(images):
            part = f32(0)
            for i in range(length):
                part += (x[n, c, i] - center) * (x[n, c, i] - center)
            total += part
        mean[c] = center
        variance[c] = f32(total / (images * length))


@summing_kernel
def normalize_backward(first, last, dy, y, inverse, out):
    images, _, length = y.shape
    for c in range(first, last):
        total, total_along = f64(0), f64(0)
        for n in range(images):
            part, along = f32(0), f32(0)
            for i in range(length):
                part += dy[n, c, i]
                along += y[n, c, i] * dy[n, c, i]
            total += part
            total_along += along
        mean, mean_along = f32(total / (images * length)), f32(total_along / (images * length))
        for n in range(images):
            for i in range(length):
                out[n, c, i] = inverse[c] * (dy[n, c, i] - mean - y[n, c, i] * mean_along)
