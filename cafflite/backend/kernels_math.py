"""float32 exp, sigmoid and tanh for compiled kernels, made of what vector units do side by side.

A call to a C library's exp would run one element at a time; sums, products and selections let the compiler work on
8 or 16. Each function is inlined into the loop that calls it. Polynomials and range reduction are those of the Cephes
library (S. L. Moshier). NaN stays NaN.
"""

import numba
import numpy

f32 = numpy.float32

# Compiled once and kept on disk; without the GIL; a division by zero gives infinity, as in NumPy. Products and sums may
# be contracted to one instruction, but nothing is assumed about NaN or infinity and no sum is reordered.
kernel = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
inlined = numba.njit(forceinline=True, error_model="numpy", fastmath={"contract"})


@inlined
def exp(x):
    """e^x within 1.1 ulp; 0 below -87.3, infinity above 88.37."""
    n = numpy.floor(min(max(x, f32(-87.3)), f32(88.7)) * f32(1.44269504088896341) + f32(0.5))
    r = x - n * f32(0.693359375)  # x = n ln 2 + r, with ln 2 in two parts
    r = r - n * f32(-2.12194440e-4)
    p = f32(1.9875691500e-4)
    p = p * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    p = p * (r * r) + r + f32(1)
    power = numpy.int32((numpy.int32(n) + numpy.int32(127)) << numpy.int32(23)).view(numpy.float32)  # 2^n
    return f32(0) if x < f32(-87.3) else p * power


@inlined
def sigmoid(x):
    """1 / (1 + e^-x) within 2.5 ulp."""
    e = exp(-abs(x))
    return (e if x < f32(0) else f32(1)) / (f32(1) + e)


@inlined
def tanh(x):
    """tanh x within 1.4 ulp: an odd polynomial near 0, 1 - 2 / (e^2x + 1) beyond."""
    a = abs(x)
    z = x * x
    p = f32(-5.70498872745e-3)
    p = p * z + f32(2.06390887954e-2)
    p = p * z + f32(-5.37397155531e-2)
    p = p * z + f32(1.33314422036e-1)
    p = p * z + f32(-3.33332819422e-1)
    near = p * z * x + x
    far = f32(1) - f32(2) / (exp(a + a) + f32(1))
    return near if a < f32(0.625) else far if x > f32(0) else -far
