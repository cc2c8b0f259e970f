"""Compiled kernels of the operations in numpy_neuron.py, numpy_softmax.py and numpy_ops.py.

Those of one array change it in place: a loop from one array into another that may be the same does not vectorise.
"""

import numba
import numpy

from cafflite.backend import kernels_math
from cafflite.backend.kernels_math import f32, kernel

i32 = numpy.int32
u32 = numpy.uint32

# As `kernel`, but a sum may be taken in any order: side by side, then.
summing_kernel = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})


@kernel
def relu(y, slope):
    for i in range(y.size):
        y[i] = y[i] if y[i] > f32(0) else slope * y[i]


@kernel
def relu_of_sum(a, b, y, slope):
    """All at once, as no array is read twice; where y is a or b it does not vectorise."""
    for i in range(y.size):
        total = a[i] + b[i]
        y[i] = total if total > f32(0) else slope * total


@kernel
def relu_backward(dx, x, slope):
    for i in range(dx.size):
        dx[i] = dx[i] if x[i] > f32(0) else slope * dx[i]


@kernel
def elu(y, alpha):
    for i in range(y.size):
        y[i] = y[i] if y[i] > f32(0) else alpha * (kernels_math.exp(y[i]) - f32(1))


@kernel
def elu_backward(dx, x, y, alpha):
    for i in range(dx.size):
        dx[i] = dx[i] if x[i] > f32(0) else (y[i] + alpha) * dx[i]


@kernel
def tanh(y):
    for i in range(y.size):
        y[i] = kernels_math.tanh(y[i])


@kernel
def tanh_backward(dx, y):
    for i in range(dx.size):
        dx[i] *= f32(1) - y[i] * y[i]


@kernel
def sigmoid(y):
    for i in range(y.size):
        y[i] = kernels_math.sigmoid(y[i])


@kernel
def sigmoid_backward(dx, y):
    for i in range(dx.size):
        dx[i] *= y[i] * (f32(1) - y[i])


@kernel
def dropout(y, start, limit, scale, first, second):
    """The block of an array that begins at its element `start`. What is u32 stays narrow, so that 8 or 16 fit."""
    place = u32(start)
    for i in range(y.size):
        bits = u32(place ^ first)
        bits = u32(u32(bits ^ (bits >> u32(17))) * u32(0xED5AD4BB))
        bits = u32(u32(u32(bits ^ (bits >> u32(11))) + second) * u32(0xAC4C1B51))
        bits = u32(u32(bits ^ (bits >> u32(15))) * u32(0x31848BAB))
        y[i] = y[i] * scale if bits >= limit else f32(0)
        place = u32(place + u32(1))


@kernels_math.inlined
def _order(bits):
    """The bits of a float32 as an integer of the same order, and back. NaN becomes the largest or the smallest."""
    return i32(bits ^ ((bits >> i32(31)) & i32(0x7FFFFFFF)))


@summing_kernel
def softmax(x, first, last, rows, out):
    """Over each of the rows first..last of x, in blocks of `rows`.

    The maximum is that of the bits, seen as integers: one of floats does not vectorise.
    """
    columns = x.shape[1]
    bits = x.view(numpy.int32)
    for start in range(first, last, rows):
        stop = min(start + rows, last)
        for n in range(start, stop):
            largest = i32(-(2**31))
            for c in range(columns):
                largest = max(largest, _order(bits[n, c]))
            shift = i32(_order(largest)).view(numpy.float32)
            for c in range(columns):
                out[n, c] = x[n, c] - shift
        flat = out[start:stop].reshape(-1)
        for i in range(flat.size):
            flat[i] = kernels_math.exp(flat[i])
        for n in range(start, stop):
            total = f32(0)
            for c in range(columns):
                total += out[n, c]
            factor = f32(1) / total
            for c in range(columns):
                out[n, c] *= factor


@kernel
def are_indices(x, count, ignored):
    wrong = 0
    for value in x.reshape(-1):
        wrong += not (value > -1 and value < count or value == ignored)
    return wrong == 0


@kernel
def are_binary(x):
    wrong = 0
    for value in x.reshape(-1):
        wrong += not (value == 0 or value == 1)
    return wrong == 0


@kernel
def add_to_rows(rows, index, table, start, stop):
    for n in range(index.size):
        row = index[n]
        for k in range(start, stop):
            table[row, k] += rows[n, k]
