"""Sums of products that stay in the vector registers, in LLVM's own instructions: it finds no such loop by itself."""

from collections.abc import Callable

from llvmlite import ir
from numba import types
from numba.core import cgutils

from cafflite.backend.kernels_vector import ROWS, VECTOR, WIDTH, Writer, intrinsic, number

COLUMNS = 2 * WIDTH  # of a tile
PITCH = -(-ROWS // WIDTH) * WIDTH  # from what is in one column of a tile's rows, as they are laid out, to the next
LINE = 16  # values in a line of the cache


def tile(height: int, vectors: int) -> Callable:
    """A function for tiles of `height` rows that are so many vectors wide."""

    @intrinsic
    def function(typing_context, rows, i, panels, p, out, row, last, column, columns, add):
        """out[row : last + 1, column : column + columns] = rows[i] panels[p], or += with `add`.

        rows    (tiles, K, PITCH)     of the left matrix; in each there are no more than `height`
        panels  (panels, K, COLUMNS)  of the right matrix
        """
        given = rows, i, panels, p, out, row, last, column, columns, add

        def generate(context, builder, signature, arguments):
            _, tile, _, panel, _, row, last, column, columns, add = arguments
            write = Writer(context, builder, signature, arguments)
            zero = number(0)
            # A row too many computes anything, and is written to the place of the last one, before that.
            lines = [write.at(4, line, column) for line in write.rows(row, last, height)]
            places = [write.behind(line, i * WIDTH) for line in lines for i in range(vectors)]
            for place in places[:: max(1, LINE // WIDTH)]:
                write.prefetch(place)
            sums = [cgutils.alloca_once_value(builder, ir.Constant(VECTOR, [0.0] * WIDTH)) for _ in places]
            depth = builder.extract_value(write.arrays[0].shape, 1)
            with cgutils.for_range(builder, depth) as loop:
                left, right = write.at(0, tile, loop.index, zero), write.at(2, panel, loop.index, zero)
                values = [write.load(write.behind(right, i * WIDTH)) for i in range(vectors)]
                for i, total in enumerate(sums):
                    if i % vectors == 0:
                        factor = write.repeated(builder.load(write.behind(left, i // vectors)))
                    product = builder.fmul(factor, values[i % vectors], flags=["contract"])
                    builder.store(builder.fadd(product, builder.load(total), flags=["contract"]), total)
            totals = [builder.load(total) for total in sums]

            def finish(load, store):
                with builder.if_else(add) as (adding, replacing):
                    with adding:
                        before = [load(i, place) for i, place in enumerate(places)]
                        for i in reversed(range(len(places))):
                            store(i, builder.fadd(before[i], totals[i]), places[i])
                    with replacing:
                        for i in reversed(range(len(places))):
                            store(i, totals[i], places[i])

            whole = builder.icmp_signed(">=", columns, number(vectors * WIDTH))
            with builder.if_else(whole) as (all_of_them, some):
                with all_of_them:
                    finish(lambda i, place: write.load(place), lambda i, value, place: write.store(value, place))
                with some:
                    masks = [write.mask(builder.sub(columns, number(i * WIDTH))) for i in range(vectors)]
                    finish(
                        lambda i, place: write.masked_load(place, masks[i % vectors]),
                        lambda i, value, place: write.masked_store(value, place, masks[i % vectors]),
                    )
            return context.get_dummy_value()

        return types.void(*given), generate

    return function


def sum_of_rows(vectors: int, parts: int) -> Callable:
    """A function for weighted sums of rows, so many vectors of their columns at once, in parts that need not wait."""

    @intrinsic
    def function(typing_context, x, at, x_step, rows, row_step, count, column, out, to):
        """out[to:] += the sum of x[at + p x_step + k] rows[p row_step + k, column:] over the parts p and k < count.

        x and out are flat.
        """
        given = x, at, x_step, rows, row_step, count, column, out, to

        def generate(context, builder, signature, arguments):
            _, at, x_step, _, row_step, count, column, _, to = arguments
            write = Writer(context, builder, signature, arguments)
            places = [write.at(7, builder.add(to, number(i * WIDTH))) for i in range(vectors)]
            zero = ir.Constant(VECTOR, [0.0] * WIDTH)
            first = [write.load(place) for place in places] + [zero] * (vectors * (parts - 1))
            sums = [cgutils.alloca_once_value(builder, value) for value in first]
            with cgutils.for_range(builder, count) as loop:
                for part in range(parts):
                    k = builder.add(builder.mul(row_step, number(part)), loop.index)
                    place = builder.add(builder.add(at, builder.mul(x_step, number(part))), loop.index)
                    factor, row = write.repeated(builder.load(write.at(0, place))), write.at(3, k, column)
                    for i, total in enumerate(sums[part * vectors : (part + 1) * vectors]):
                        product = builder.fmul(factor, write.load(write.behind(row, i * WIDTH)), flags=["contract"])
                        builder.store(builder.fadd(product, builder.load(total), flags=["contract"]), total)
            for i, place in enumerate(places):
                total = builder.load(sums[i])
                for other in sums[i + vectors :: vectors]:
                    total = builder.fadd(total, builder.load(other))
                write.store(total, place)
            return context.get_dummy_value()

        return types.void(*given), generate

    return function
