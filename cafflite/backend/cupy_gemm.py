"""Products of matrices by cuBLAS, also of parts of larger ones: nothing is copied or allocated for them."""

import numpy

from cafflite.backend.base import Array

ONE_AND_ZERO = {dtype: (numpy.ones(1, dtype), numpy.zeros(1, dtype)) for dtype in ("float32", "float64")}


def multiply(a: Array, b: Array, out: Array, add: bool = False) -> None:
    """out = a b, or out += a b, of shapes (M, K), (K, N) and (M, N). The rows or the columns of `out` lie in order."""
    from cupy.cuda import cublas, device

    if not _are_rows(out):
        a, b, out = b.T, a.T, out.T
    (rows, columns), inner = out.shape, a.shape[1]
    if out.size == 0 or inner == 0:
        if not add:
            out[...] = 0
        return
    (b_op, b_step, b), (a_op, a_step, a) = _operand(b), _operand(a)
    one, zero = ONE_AND_ZERO[out.dtype.name]
    gemm = cublas.sgemm if out.dtype.name == "float32" else cublas.dgemm
    # cuBLAS goes by columns: to it these are the transposed matrices, whose product is the other way round
    gemm(
        device.get_cublas_handle(), b_op, a_op, columns, rows, inner, one.ctypes.data, b.data.ptr, b_step,
        a.data.ptr, a_step, (one if add else zero).ctypes.data, out.data.ptr, _step(out),
    )  # fmt: skip


def _operand(x: Array) -> tuple[int, int, Array]:
    """How cuBLAS takes a matrix: whether transposed, how far apart its rows or columns begin, and the matrix itself."""
    from cupy.cuda import cublas

    if _are_rows(x):
        return cublas.CUBLAS_OP_N, _step(x), x
    if _are_rows(x.T):
        return cublas.CUBLAS_OP_T, _step(x.T), x
    x = x.copy()
    return cublas.CUBLAS_OP_N, _step(x), x


def _are_rows(x: Array) -> bool:
    """Whether the values of each row lie in order, and the rows one behind the other."""
    size = x.itemsize
    return (x.shape[1] == 1 or x.strides[1] == size) and (x.shape[0] == 1 or x.strides[0] >= x.shape[1] * size)


def _step(x: Array) -> int:
    return max(x.shape[1], x.strides[0] // x.itemsize)
