"""float32 exp, sigmoid and tanh for compiled kernels, made of what vector units do side by side.

A call to a C library's exp would run one element at a time; sums, products and selections let the compiler work on
8 or 16. Each function is inlined into the loop that calls it. Polynomials and range reduction are those of the Cephes
library (S. L. Moshier). NaN stays NaN.
"""

import numba
import numpy

f32 = numpy.float32
i32 = numpy.int32

# Compiled once and kept on disk; without the GIL; a division by zero gives infinity, as in NumPy. Products and sums may
# be contracted to one instruction, but nothing is assumed about NaN or infinity and no sum is reordered.
kernel = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
inlined = numba.njit(forceinline=True, error_model="numpy", fastmath={"contract"})


# The range of exp: below it a result would be less than the smallest normal float32, beyond it more than the largest.
LOWEST = f32(-87.33654)
HIGHEST = f32(88.72283)


@inlined
def _split(x):
    """n and t of e^x = 2^n (1 + t), where 1 + t is from 0.7 to 1.42."""
    n = numpy.floor(x * f32(1.44269504088896341) + f32(0.5))
    r = x - n * f32(0.693359375)  # x = n ln 2 + r, with ln 2 in two parts
    r = r - n * f32(-2.12194440e-4)
    p = f32(1.9875691500e-4)
    p = p * r + f32(1.3981999507e-3)
    p = p * r + f32(8.3334519073e-3)
    p = p * r + f32(4.1665795894e-2)
    p = p * r + f32(1.6666665459e-1)
    p = p * r + f32(5.0000001201e-1)
    return i32(n), p * (r * r) + r


@inlined
def exp(x):
    """e^x within 1.1 ulp; 0 where that is less than the smallest normal float32."""
    n, t = _split(min(max(x, LOWEST), HIGHEST))
    scaled = i32(f32(t + f32(1)).view(i32) + i32(n << i32(23))).view(f32)  # n added to the exponent
    return f32(0) if x < LOWEST else f32(numpy.inf) if x > HIGHEST else scaled


@inlined
def sigmoid(x):
    """1 / (1 + e^-x) within 1.8 ulp; 0 where that is less than the smallest normal float32."""
    n, t = _split(min(max(-x, LOWEST), -LOWEST))
    power = i32((n + i32(127)) << i32(23)).view(f32)  # 2^n
    one_more = f32(1) + power
    lost = f32(1) - (one_more - power)  # by its rounding: what is left is rounded once
    return f32(0) if x < LOWEST else f32(1) / (power * t + lost + one_more)


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
