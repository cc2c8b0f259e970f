"""A compiled product of matrices that has its right side in panels, and so has nothing to lay out anew.

A BLAS copies the right matrix into an order of its own in every call. A recurrent layer multiplies by the same weights
at every time step, and so writes that order once.

The sums of a tile, some rows times the columns of a panel, stay in the registers over the whole depth. LLVM finds no
such loop by itself, nor takes the widest vectors, so its instructions are written out here.
"""

import numpy
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic

from cafflite.backend.kernels_math import f32, kernel

_features = get_host_cpu_features().split(",")
# Values in a vector, and rows of a tile two vectors wide: so many sums leave registers for a row and a value.
WIDTH, ROWS = (16, 14) if "+avx512f" in _features else (8, 6) if "+avx" in _features else (4, 14)
COLUMNS = 2 * WIDTH  # of a panel
FEW, FEWEST = ROWS // 2 + 1, ROWS // 4 + 1  # rows of the tiles for what is left over
BLOCK = 16 * ROWS  # rows that stay in the cache while all panels pass by

_VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
_INDEX, _LANE = ir.IntType(64), ir.IntType(32)


def _tile(height):
    """A function for tiles of `height` rows."""

    @intrinsic
    def tile(typing_context, a, row, rows, panels, panel, out, out_row, column, add):
        """out[out_row:, column:] = a[row:rows] panels[panel], or += with `add`: as many rows as a tile has, at most."""
        given = a, row, rows, panels, panel, out, out_row, column, add

        def generate(context, builder, signature, arguments):
            a, row, rows, panels, panel, out, out_row, column, add = arguments
            kinds = dict(zip((a, panels, out), (signature.args[i] for i in (0, 3, 5)), strict=True))
            arrays = {array: context.make_array(kind)(context, builder, array) for array, kind in kinds.items()}

            def at(array, *index):
                return cgutils.get_item_pointer(context, builder, kinds[array], arrays[array], index, wraparound=False)

            def vector(pointer):
                return builder.bitcast(pointer, _VECTOR.as_pointer())

            def load(pointer):
                value = builder.load(vector(pointer))
                value.align = 4
                return value

            def store(value, pointer):
                builder.store(value, vector(pointer)).align = 4

            def plus(index, count):
                return builder.add(index, ir.Constant(_INDEX, count))

            def repeated(value):
                one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(_LANE, 0))
                lanes = ir.Constant(ir.VectorType(_LANE, WIDTH), [0] * WIDTH)
                return builder.shuffle_vector(one, one, lanes)

            # A row too many is the last one once more: it computes the same and writes it to the same place.
            last = builder.sub(builder.sub(rows, row), ir.Constant(_INDEX, 1))
            steps = [ir.Constant(_INDEX, i) for i in range(height)]
            steps = [builder.select(builder.icmp_signed("<", step, last), step, last) for step in steps]
            lines = [builder.add(row, step) for step in steps]
            pairs = [(builder.add(out_row, step), plus(column, i)) for step in steps for i in (0, WIDTH)]
            zero = ir.Constant(_VECTOR, [0.0] * WIDTH)
            sums = [cgutils.alloca_once_value(builder, zero) for _ in pairs]
            depth = builder.extract_value(arrays[a].shape, 1)
            with cgutils.for_range(builder, depth) as loop:
                right = [load(at(panels, panel, loop.index, ir.Constant(_INDEX, i))) for i in (0, WIDTH)]
                for i, line in enumerate(lines):
                    left = repeated(builder.load(at(a, line, loop.index)))
                    for total, values in zip(sums[2 * i : 2 * i + 2], right, strict=True):
                        product = builder.fmul(left, values, flags=["contract"])
                        builder.store(builder.fadd(product, builder.load(total), flags=["contract"]), total)
            totals = [builder.load(total) for total in sums]
            places = [at(out, *pair) for pair in pairs]
            with builder.if_else(add) as (adding, replacing):
                with adding:
                    before = [load(place) for place in places]
                    for place, old, total in zip(places, before, totals, strict=True):
                        store(builder.fadd(old, total), place)
                with replacing:
                    for place, total in zip(places, totals, strict=True):
                        store(total, place)
            return context.get_dummy_value()

        return types.void(*given), generate

    return tile


_whole, _few, _fewest = _tile(ROWS), _tile(FEW), _tile(FEWEST)


@kernel
def _column_of_tiles(a, row, last, panels, panel, out, shift, column, add):
    """The product of the rows `row` to `last` of a with one panel, in the same rows of `out`, less `shift`."""
    while row < last:
        if last - row > FEW:
            _whole(a, row, last, panels, panel, out, row - shift, column, add)
            row += ROWS
        elif last - row > FEWEST:
            _few(a, row, last, panels, panel, out, row - shift, column, add)
            row += FEW
        else:
            _fewest(a, row, last, panels, panel, out, row - shift, column, add)
            row += FEWEST


@kernel
def multiply(a, panels, out, add):
    """out = a b, or out += a b with `add`, for a (M, K) and b (K, N) in `panels`."""
    rows, columns = out.shape
    whole = columns // COLUMNS
    edge = numpy.empty((BLOCK if columns % COLUMNS else 0, COLUMNS), f32)
    for row in range(0, rows, BLOCK):
        last = min(row + BLOCK, rows)
        for panel in range(whole):
            _column_of_tiles(a, row, last, panels, panel, out, 0, panel * COLUMNS, add)
        if columns % COLUMNS:
            _column_of_tiles(a, row, last, panels, whole, edge, row, 0, False)
            for i in range(row, last):
                for j in range(whole * COLUMNS, columns):
                    value = edge[i - row, j - whole * COLUMNS]
                    out[i, j] = out[i, j] + value if add else value


@kernel
def lay_out(b, panels):
    """b (K, N) in `panels` (ceil(N / COLUMNS), K, COLUMNS), with zeros behind its last column."""
    for panel in range(len(panels)):
        first = panel * COLUMNS
        count = min(COLUMNS, b.shape[1] - first)
        for k in range(len(b)):
            line, row = panels[panel, k], b[k, first : first + count]
            if count == COLUMNS:  # a number that the compiler knows
                for j in range(COLUMNS):
                    line[j] = row[j]
            else:
                line[count:] = f32(0)
                for j in range(count):
                    line[j] = row[j]


@kernel
def lay_out_transposed(b, first, panels):
    """The transpose of b (N, K) in the rows of `panels` from `first` on."""
    for panel in range(len(panels)):
        rows = b[panel * COLUMNS : (panel + 1) * COLUMNS]
        for k in range(rows.shape[1]):
            line = panels[panel, first + k]
            for j in range(len(rows)):
                line[j] = rows[j, k]
            line[len(rows) :] = f32(0)
