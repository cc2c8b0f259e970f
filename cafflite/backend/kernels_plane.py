"""What the compiled loops over spatial axes share, for float32, C-contiguous arrays.

A window reads its input from a padded copy, one plane at a time, so that no loop tests for the edge. A `plane` holds it
as (row phases, column phases, rows, columns): the rows 0, s, 2s, ... of the input, then 1, s+1, ..., for a stride s,
and the columns likewise. What a tap sees at all positions is then one run in memory, with a few values between its rows
that belong to no position. Most operations take these along, in `wide` arrays with rows as long as the plane's.
"""

import numba
import numpy
from numpy import uint64

from cafflite.backend.kernels_math import inlined

f32 = numpy.float32

# For long sums: they may be reordered, so that they vectorise.
reordered = numba.njit(forceinline=True, error_model="numpy", fastmath={"contract", "nsz", "reassoc"})


@inlined
def fill(value, out):
    for q in range(out.size):
        out[q] = value


@inlined
def add(x, out):
    for q in range(out.size):
        out[q] += x[q]


@inlined
def add_constant(value, out):
    for q in range(out.size):
        out[q] += value


@inlined
def add_scaled(scale, x, out):
    for q in range(out.size):
        out[q] += scale * x[q]


@inlined
def follow(scale, bias, slope, out):
    """out = scale out + bias, and of that what is not above 0 times the slope: what follows a convolution's product."""
    for q in range(out.size):
        value = scale * out[q] + bias
        out[q] = value if value > f32(0) else slope * value


@reordered
def dot(x, y):
    total = f32(0)
    for q in range(x.size):
        total += x[q] * y[q]
    return total


@reordered
def sum_of(x):
    total = f32(0)
    for q in range(x.size):
        total += x[q]
    return total


@inlined
def new_plane(extent, stride, rows, length):
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
def start_of_run(plane, tap, stride):
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
def take_every(stride, x, out):
    """out = x[0], x[stride], ...; a stride that the compiler knows vectorises."""
    if stride == 1:
        for q in range(out.size):
            out[q] = x[q]
    elif stride == 2:
        for q in range(out.size):
            out[q] = x[2 * q]
    elif stride == 4:
        for q in range(out.size):
            out[q] = x[4 * q]
    else:
        for q in range(out.size):
            out[q] = x[uint64(stride * q)]


@inlined
def add_to_every(stride, x, out):
    """out[0], out[stride], ... += x."""
    if stride == 1:
        for q in range(x.size):
            out[q] += x[q]
    elif stride == 2:
        for q in range(x.size):
            out[2 * q] += x[q]
    else:
        for q in range(x.size):
            out[uint64(stride * q)] += x[q]


@inlined
def pad_plane(x, top, left, stride, plane):
    """Copy x (H, W) to its places in the plane, whose first value would be x[top, left]; those around it stay."""
    for a in range(plane.shape[0]):
        row, last_row = _inside(top + a, stride[0], x.shape[0], plane.shape[2])
        for b in range(plane.shape[1]):
            column, last_column = _inside(left + b, stride[1], x.shape[1], plane.shape[3])
            at = left + b + column * stride[1]
            for r in range(row, last_row):
                take_every(stride[1], x[top + a + r * stride[0], at:], plane[a, b, r, column:last_column])


@inlined
def add_unpadded(plane, top, left, stride, x):
    """Add to x (H, W) what is in its places in the plane."""
    for a in range(plane.shape[0]):
        row, last_row = _inside(top + a, stride[0], x.shape[0], plane.shape[2])
        for b in range(plane.shape[1]):
            column, last_column = _inside(left + b, stride[1], x.shape[1], plane.shape[3])
            at = left + b + column * stride[1]
            for r in range(row, last_row):
                add_to_every(stride[1], plane[a, b, r, column:last_column], x[top + a + r * stride[0], at:])


# `shifted` holds what the taps of one column see on all rows of a plane, by row phases, with nothing between the rows:
# what one tap sees is one run in it, and short rows are copied once for a column of taps.


@inlined
def start_of_rows(plane, tap, stride, length):
    """Where in `shifted` the run of a tap in row `tap` begins."""
    return (tap % stride * plane.shape[2] + tap // stride) * length


@inlined
def shift_rows(plane, tap, stride, shifted):
    """Copy what the taps in column `tap` see at all positions to `shifted`."""
    length = shifted.size // (plane.shape[0] * plane.shape[2])
    for a in range(plane.shape[0]):
        for r in range(plane.shape[2]):
            x, at = plane[a, tap % stride, r], (a * plane.shape[2] + r) * length
            for q in range(length):
                shifted[uint64(at + q)] = x[uint64(tap // stride + q)]


@inlined
def add_shifted_rows(shifted, tap, stride, plane):
    """Add `shifted` to where the taps in column `tap` look."""
    length = shifted.size // (plane.shape[0] * plane.shape[2])
    for a in range(plane.shape[0]):
        for r in range(plane.shape[2]):
            x, at = plane[a, tap % stride, r], (a * plane.shape[2] + r) * length
            for q in range(length):
                x[uint64(tap // stride + q)] += shifted[uint64(at + q)]


@inlined
def widen(x, pitch, wide):
    """Copy x (H, W) to the rows of `pitch` values of `wide`; what is between them stays."""
    for r in range(x.shape[0]):
        for q in range(x.shape[1]):
            wide[uint64(r * pitch + q)] = x[uint64(r), uint64(q)]


@inlined
def narrow(wide, pitch, out):
    """Copy the rows of `pitch` values of `wide` to out (H, W)."""
    for r in range(out.shape[0]):
        for q in range(out.shape[1]):
            out[uint64(r), uint64(q)] = wide[uint64(r * pitch + q)]
