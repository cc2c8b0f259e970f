"""Compiled kernels of the operations in numpy_channels.py.

Those of single elements take rows of the array seen as (N C, S), of which the first is row `first`; those that sum take
all of it and do the channels from `first` to before `last`, each in the same order whatever the threads.
"""

import numpy

from cafflite.backend.kernels import summing_kernel
from cafflite.backend.kernels_math import f32, inlined, kernel
from cafflite.backend.kernels_plane import follow, reordered

f64 = numpy.float64


@inlined
def take(x, out):
    """out = x, unless they are the same; a loop from one into the other would not vectorise then."""
    if x.ctypes.data != out.ctypes.data:
        for i in range(out.size):
            out[i] = x[i]


@kernel
def affine(first, x, out, scale, bias, slope):
    for r in range(len(x)):
        c = (first + r) % len(scale)
        take(x[r], out[r])
        follow(scale[c], bias[c], slope, out[r])


@kernel
def affine_keeping(first, x, kept, out, scale, bias, slope):
    for r in range(len(x)):
        c, z, y = (first + r) % len(scale), kept[r], out[r]
        take(x[r], z)
        take(z, y)
        follow(scale[c], bias[c], slope, y)


@kernel
def normalize(first, x, out, mean, inverse):
    for r in range(len(x)):
        y, m, s = out[r], mean[(first + r) % len(mean)], inverse[(first + r) % len(mean)]
        take(x[r], y)
        for i in range(y.size):
            y[i] = s * (y[i] - m)


@kernel
def prelu(first, x, out, slope):
    for r in range(len(x)):
        y, s = out[r], slope[(first + r) % len(slope)]
        take(x[r], y)
        for i in range(y.size):
            y[i] = y[i] if y[i] > f32(0) else s * y[i]


@kernel
def prelu_backward(first, dy, x, out, slope):
    for r in range(len(x)):
        seen, dx, s = x[r], out[r], slope[(first + r) % len(slope)]
        take(dy[r], dx)
        for i in range(dx.size):
            dx[i] = dx[i] if seen[i] > f32(0) else s * dx[i]


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


@reordered
def sum_channel(x, c):
    """The sum of a channel, in float64 over the images: there may be millions of terms."""
    total = f64(0)
    for n in range(len(x)):
        part = f32(0)
        for i in range(x.shape[2]):
            part += x[n, c, i]
        total += part
    return total


@summing_kernel
def add_sum(first, last, x, out):
    for c in range(first, last):
        out[c] += f32(sum_channel(x, c))


@reordered
def moments_of(x, c):
    """The mean and the variance of a channel."""
    count = len(x) * x.shape[2]
    center = f32(sum_channel(x, c) / count)
    total = f64(0)
    for n in range(len(x)):
        part = f32(0)
        for i in range(x.shape[2]):
            part += (x[n, c, i] - center) * (x[n, c, i] - center)
        total += part
    return center, f32(total / count)


@summing_kernel
def moments(first, last, x, mean, variance):
    for c in range(first, last):
        mean[c], variance[c] = moments_of(x, c)


@summing_kernel
def batch_norm(first, last, x, normalized, out, eps, mean, variance, inverse, scale, bias, slope):
    for c in range(first, last):
        mean[c], variance[c] = moments_of(x, c)
        inverse[c] = f32(1) / numpy.sqrt(variance[c] + eps)
        m, s, a, b = mean[c], inverse[c], scale[c], bias[c]
        for n in range(len(x)):
            seen, z, y = x[n, c], normalized[n, c], out[n, c]
            for i in range(z.size):
                z[i] = s * (seen[i] - m)
            take(z, y)
            follow(a, b, slope, y)


@reordered
def sums_along(dy, x):
    """The sums of dy and of dy x, for a row of one image."""
    total, along = f32(0), f32(0)
    for i in range(dy.size):
        total += dy[i]
        along += x[i] * dy[i]
    return total, along


@reordered
def subtract_means(c, x, total, total_along, factor, out):
    """The gradient of a channel that is normalised by the batch; `out` has that of its result x before, with sums."""
    count = len(x) * x.shape[2]
    mean, mean_along = f32(total / count), f32(total_along / count)
    for n in range(len(x)):
        dx, seen = out[n, c], x[n, c]
        for i in range(dx.size):
            dx[i] = factor * (dx[i] - mean - seen[i] * mean_along)


@summing_kernel
def affine_backward(first, last, dy, x, y, slope, factor, by_batch, ds, db, out):
    """See `channel_affine_backward`; `factor` is the scale, times the inverse where there is one."""
    for c in range(first, last):
        total, total_along = f64(0), f64(0)
        for n in range(len(dy)):
            dx, made = out[n, c], y[n, c]
            take(dy[n, c], dx)
            if slope != f32(1):
                for i in range(dx.size):
                    dx[i] = dx[i] if made[i] > f32(0) else slope * dx[i]
            part, along = sums_along(dx, x[n, c])
            total += part
            total_along += along
            if not by_batch:
                for i in range(dx.size):
                    dx[i] = factor[c] * dx[i]
        ds[c] += f32(total_along)
        db[c] += f32(total)
        if by_batch:
            subtract_means(c, x, total, total_along, factor[c], out)


@summing_kernel
def normalize_backward(first, last, dy, y, inverse, out):
    for c in range(first, last):
        total, total_along = f64(0), f64(0)
        for n in range(len(y)):
            part, along = sums_along(dy[n, c], y[n, c])
            total += part
            total_along += along
            take(dy[n, c], out[n, c])
        subtract_means(c, y, total, total_along, inverse[c], out)
