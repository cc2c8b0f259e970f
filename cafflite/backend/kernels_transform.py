"""What transforms and small windows are made of, a vector at a time, in LLVM's own instructions."""

from collections.abc import Callable, Sequence

from llvmlite import ir
from numba import types
from numba.core import cgutils

from cafflite.backend.kernels_vector import VECTOR, WIDTH, Writer, intrinsic, number

PHASES = 4  # values of a row that lie behind one another, each of a tile of its own


def combine(matrix: Sequence[Sequence[float]], past_the_cache: bool = False) -> Callable:
    """A function for linear combinations of vectors, by a matrix that has a row for each result.

    With `past_the_cache` the results go straight to memory, which is not read first then: for more of them than the
    cache holds, each where a vector of a line of its own begins.
    """

    @intrinsic
    def function(typing_context, x, places, out, to, step):
        """out[to + i step :] = the sum of matrix[i][j] x[places[j] :] over j, a vector each, for flat arrays."""
        given = x, places, out, to, step

        def generate(context, builder, signature, arguments):
            _, places, _, to, step = arguments
            write = Writer(context, builder, signature, arguments)
            values = [write.load(write.at(0, place)) for place in cgutils.unpack_tuple(builder, places)]
            for i, row in enumerate(matrix):
                total = ir.Constant(VECTOR, [0.0] * WIDTH)
                for factor, value in zip(row, values, strict=True):
                    if factor:
                        term = value
                        if factor != 1:
                            term = builder.fmul(value, ir.Constant(VECTOR, [factor] * WIDTH), flags=["contract"])
                        total = builder.fadd(total, term, flags=["contract", "nsz"])
                place = write.at(2, builder.add(to, builder.mul(step, number(i))))
                (write.stream if past_the_cache else write.store)(total, place)
            return context.get_dummy_value()

        return types.void(*given), generate

    return function


@intrinsic
def window(typing_context, x, places, taps, finish, out, to, count):
    """out[to + q] = the sum of taps[i] x[places[i] + q], and what follows, for the first `count` q of a vector.

    finish  scale, bias and slope: see `follow`
    """
    given = x, places, taps, finish, out, to, count

    def generate(context, builder, signature, arguments):
        _, places, taps, finish, _, to, count = arguments
        write = Writer(context, builder, signature, arguments)
        scale, bias, slope = (write.repeated(value) for value in cgutils.unpack_tuple(builder, finish))
        total = None
        pairs = zip(cgutils.unpack_tuple(builder, places), cgutils.unpack_tuple(builder, taps), strict=True)
        for place, tap in pairs:
            product = builder.fmul(write.load(write.at(0, place)), write.repeated(tap), flags=["contract"])
            total = product if total is None else builder.fadd(product, total, flags=["contract"])
        total = builder.fadd(builder.fmul(total, scale, flags=["contract"]), bias, flags=["contract"])
        positive = builder.fcmp_ordered(">", total, ir.Constant(VECTOR, [0.0] * WIDTH))
        total = builder.select(positive, total, builder.fmul(total, slope))
        with builder.if_else(builder.icmp_signed(">=", count, number(WIDTH))) as (all_of_them, some):
            with all_of_them:
                write.store(total, write.at(4, to))
            with some:
                write.masked_store(total, write.at(4, to), write.mask(count))
        return context.get_dummy_value()

    return types.void(*given), generate


@intrinsic
def split(typing_context, x, at, out, to, step):
    """out[to + i step + q] = x[at + 4 q + i], for i < 4 and a vector of q, of flat arrays."""
    given = x, at, out, to, step

    def generate(context, builder, signature, arguments):
        _, at, _, to, step = arguments
        write = Writer(context, builder, signature, arguments)
        values = [write.load(write.at(0, builder.add(at, number(i * WIDTH)))) for i in range(PHASES)]
        for _ in range(2):  # even and odd ones, twice
            pairs = list(zip(values[::2], values[1::2], strict=True))
            values = [write.shuffle(a, b, list(range(odd, 2 * WIDTH, 2))) for odd in (0, 1) for a, b in pairs]
        for i, value in enumerate(values):
            write.store(value, write.at(2, builder.add(to, builder.mul(step, number(i)))))
        return context.get_dummy_value()

    return types.void(*given), generate


@intrinsic
def merge(typing_context, x, at, step, out, to):
    """out[to + 4 q + i] = x[at + i step + q], for i < 4 and a vector of q, of flat arrays."""
    given = x, at, step, out, to

    def generate(context, builder, signature, arguments):
        _, at, step, _, to = arguments
        write = Writer(context, builder, signature, arguments)
        a, b, c, d = (write.load(write.at(0, builder.add(at, builder.mul(step, number(i))))) for i in range(PHASES))
        low, high = range(WIDTH // 2), range(WIDTH // 2, WIDTH)
        values = []
        for half in (low, high):
            lanes = [lane for i in half for lane in (i, WIDTH + i)]
            even, odd = write.shuffle(a, c, lanes), write.shuffle(b, d, lanes)
            values += [
                write.shuffle(even, odd, [lane for i in quarter for lane in (i, WIDTH + i)]) for quarter in (low, high)
            ]
        for i, value in enumerate(values):
            write.store(value, write.at(3, builder.add(to, number(i * WIDTH))))
        return context.get_dummy_value()

    return types.void(*given), generate
