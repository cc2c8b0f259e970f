"""Vectors in LLVM's own instructions, and how they are moved in memory.

LLVM does not take the widest vectors by itself, nor sees that many arrays do not overlap: what has to be fast is
written out here, in kernels_tile.py and in kernels_transform.py.
"""

from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features

intrinsic: Any = extending.intrinsic  # what it makes is called without the first argument
_features = get_host_cpu_features().split(",")
# Values in a vector, and rows of a tile two vectors wide: so many sums leave registers for a row and a value.
WIDTH, ROWS = (16, 14) if "+avx512f" in _features else (8, 6) if "+avx" in _features else (4, 14)

VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
MASK = ir.VectorType(ir.IntType(1), WIDTH)
INDEX, LANE = ir.IntType(64), ir.IntType(32)


class Writer:
    """Writes instructions for the arrays among the arguments of a function."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.context, self.builder, self.kinds = context, builder, signature.args
        self.arrays: list[Any] = [
            context.make_array(kind)(context, builder, value) if isinstance(kind, types.Array) else None
            for kind, value in zip(signature.args, arguments, strict=True)
        ]

    def at(self, array: int, *index: Any) -> Any:
        """A pointer into the argument of that number."""
        return cgutils.get_item_pointer(
            self.context, self.builder, self.kinds[array], self.arrays[array], index, wraparound=False
        )

    def behind(self, pointer: Any, count: int) -> Any:
        return self.builder.gep(pointer, [number(count)])

    def load(self, pointer: Any) -> Any:
        value = self.builder.load(self.builder.bitcast(pointer, VECTOR.as_pointer()))
        value.align = 4
        return value

    def store(self, value: Any, pointer: Any) -> None:
        self.builder.store(value, self.builder.bitcast(pointer, VECTOR.as_pointer())).align = 4

    def stream(self, value: Any, pointer: Any) -> None:
        """Store it past the cache, at a multiple of the vector's size; other threads see it after `settle`."""
        store = self.builder.store(value, self.builder.bitcast(pointer, VECTOR.as_pointer()))
        store.align = 4 * WIDTH
        store.set_metadata("nontemporal", self.builder.module.add_metadata([ir.Constant(LANE, 1)]))

    def mask(self, count: Any) -> Any:
        """Of the first `count` values of a vector."""
        lanes = ir.Constant(ir.VectorType(INDEX, WIDTH), list(range(WIDTH)))
        one = self.builder.insert_element(ir.Constant(lanes.type, ir.Undefined), count, ir.Constant(LANE, 0))
        limit = self.builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(LANE, WIDTH), [0] * WIDTH))
        return self.builder.icmp_signed("<", lanes, limit)

    def masked_load(self, pointer: Any, mask: Any) -> Any:
        whole = VECTOR.as_pointer()
        name = f"llvm.masked.load.v{WIDTH}f32.p0v{WIDTH}f32"
        function = self._function(name, VECTOR, whole, LANE, MASK, VECTOR)
        zeros = ir.Constant(VECTOR, [0.0] * WIDTH)
        return self.builder.call(function, [self.builder.bitcast(pointer, whole), ir.Constant(LANE, 4), mask, zeros])

    def masked_store(self, value: Any, pointer: Any, mask: Any) -> None:
        whole = VECTOR.as_pointer()
        name = f"llvm.masked.store.v{WIDTH}f32.p0v{WIDTH}f32"
        function = self._function(name, ir.VoidType(), VECTOR, whole, LANE, MASK)
        self.builder.call(function, [value, self.builder.bitcast(pointer, whole), ir.Constant(LANE, 4), mask])

    def prefetch(self, pointer: Any) -> None:
        """Fetch what will be written there."""
        byte = ir.IntType(8).as_pointer()
        function = self._function("llvm.prefetch.p0i8", ir.VoidType(), byte, LANE, LANE, LANE)
        to_write, keep, data = (ir.Constant(LANE, value) for value in (1, 3, 1))
        self.builder.call(function, [self.builder.bitcast(pointer, byte), to_write, keep, data])

    def repeated(self, value: Any) -> Any:
        one = self.builder.insert_element(ir.Constant(VECTOR, ir.Undefined), value, ir.Constant(LANE, 0))
        return self.shuffle(one, one, [0] * WIDTH)

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(LANE, WIDTH), lanes))

    def rows(self, first: Any, last: Any, count: int) -> list[Any]:
        """The rows from `first` on, `count` of them; instead of those behind `last`, that one."""
        rows = [self.builder.add(first, number(i)) for i in range(count)]
        return [self.builder.select(self.builder.icmp_signed("<", row, last), row, last) for row in rows]

    def _function(self, name: str, result: Any, *arguments: Any) -> Any:
        return cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(result, arguments), name)


def number(value: int) -> ir.Constant:
    return ir.Constant(INDEX, value)


@intrinsic
def turn(typing_context, x, row, last, column, out, to, lane):
    """out[to + j, lane + i] = x[row + i, column + j], for i and j up to WIDTH; instead of rows behind `last`, that one.

    The values of a row of x, and of one of out, lie behind one another.
    """
    given = x, row, last, column, out, to, lane

    def generate(context, builder, signature, arguments):
        _, row, last, column, _, to, lane = arguments
        write = Writer(context, builder, signature, arguments)
        values = [write.load(write.at(0, line, column)) for line in write.rows(row, last, WIDTH)]
        half = 1
        while half < WIDTH:  # blocks of two by two, four by four and so on are turned, of parts that are
            low = [i if i // half % 2 == 0 else WIDTH + i - half for i in range(WIDTH)]
            high = [i + half if i // half % 2 == 0 else WIDTH + i for i in range(WIDTH)]
            for i in range(WIDTH):
                if i // half % 2 == 0:
                    a, b = values[i], values[i + half]
                    values[i], values[i + half] = write.shuffle(a, b, low), write.shuffle(a, b, high)
            half *= 2
        for j, value in enumerate(values):
            write.store(value, write.at(4, builder.add(to, number(j)), lane))
        return context.get_dummy_value()

    return types.void(*given), generate


@intrinsic
def move(typing_context, x, row, column, out, to, lane):
    """out[to, lane : lane + WIDTH] = x[row, column : column + WIDTH], of rows whose values lie behind one another."""
    given = x, row, column, out, to, lane

    def generate(context, builder, signature, arguments):
        _, row, column, _, to, lane = arguments
        write = Writer(context, builder, signature, arguments)
        write.store(write.load(write.at(0, row, column)), write.at(3, to, lane))
        return context.get_dummy_value()

    return types.void(*given), generate


@intrinsic
def move_some(typing_context, x, row, column, count, out, to, lane):
    """As `move`, but zeros for all values but the first `count`."""
    given = x, row, column, count, out, to, lane

    def generate(context, builder, signature, arguments):
        _, row, column, count, _, to, lane = arguments
        write = Writer(context, builder, signature, arguments)
        values = write.masked_load(write.at(0, row, column), write.mask(count))
        write.store(values, write.at(4, to, lane))
        return context.get_dummy_value()

    return types.void(*given), generate


@intrinsic
def copy_some(typing_context, x, at, count, out, to):
    """out[to:] = x[at:], the first `count` values of a vector, of flat arrays."""
    given = x, at, count, out, to

    def generate(context, builder, signature, arguments):
        _, at, count, _, to = arguments
        write = Writer(context, builder, signature, arguments)
        mask = write.mask(count)
        write.masked_store(write.masked_load(write.at(0, at), mask), write.at(3, to), mask)
        return context.get_dummy_value()

    return types.void(*given), generate


@intrinsic
def settle(typing_context):
    """Let other threads see all that has been stored."""

    def generate(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate
