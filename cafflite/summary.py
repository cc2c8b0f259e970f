"""A net as a table: the output shapes, parameters and memory of every layer."""

from itertools import groupby
from typing import NamedTuple

from cafflite.net import Net
from cafflite.step import Step

HEAD = ("layer", "type", "output", "parameters", "memory")
GAP = "  "


def summary(net: Net) -> str:
    """One row a layer, in order, and the totals below.

    parameters  those that the layer makes; "shared" where all are another layer's
    memory      of the tops: their data and, where the backward pass comes by, their diffs. Nothing where they are
                the bottoms themselves (in place), and no data where these are the memory of the bottoms'.

    Layers may need scratch memory beside it.
    """
    rows: list[tuple[str, ...]] = [HEAD]
    size = net.ops.dtype.itemsize
    parameters = data = diff = 0
    for index, (step, memory) in enumerate(zip(net.steps, memories(net), strict=True)):
        made = sum(blob.count for i, blob in enumerate(step.layer.blobs) if net.param_owners[index, i] == (index, i))
        parameters, data, diff = parameters + made, data + memory.data, diff + memory.diff

        first, *more = _shapes(step)
        parameter_cell = f"{made:,}" if made else "shared" if step.layer.blobs else ""
        rows.append((step.layer.name, step.layer.type, first, parameter_cell, str(memory)))
        rows.extend(("", "", shape, "", "") for shape in more)
    totals = (
        f"{len(net.steps)} layers; {parameters:,} parameters, {size_of(size * parameters)} and as much for their "
        f"diffs; blobs of {size_of(data + diff)}: {size_of(data)} of data, {size_of(diff)} of diffs"
    )
    return "\n".join([*_aligned(rows), totals])


class Memory(NamedTuple):
    """Bytes of the tops that a layer makes, and whether it makes any."""

    data: int
    diff: int
    is_new: bool

    def __str__(self) -> str:
        return size_of(self.data + self.diff) if self.is_new else ""


def memories(net: Net) -> list[Memory]:
    """What the tops of each layer take."""
    size = net.ops.dtype.itemsize
    seen: set[int] = set()
    with_diff = blobs_with_diff(net)
    found = []
    for step in net.steps:
        new = [blob for blob in step.top if id(blob) not in seen]
        seen.update(map(id, new))
        data = 0 if step.layer.shares_data else size * sum(blob.count for blob in new)
        diff = size * sum(blob.count for blob in new if id(blob) in with_diff)
        found.append(Memory(data, diff, bool(new)))
    return found


def blobs_with_diff(net: Net) -> set[int]:
    """The ids of the blobs whose diffs the backward pass reads or writes, or that hold a loss weight."""
    found: set[int] = set()
    for step in net.steps:
        found.update(id(blob) for blob, weight in zip(step.top, step.loss_weight, strict=True) if weight)
        if step.need_backward:
            found.update(id(blob) for blob in step.top)
            found.update(id(blob) for blob, wanted in zip(step.bottom, step.propagate_down, strict=True) if wanted)
    return found


def _shapes(step: Step) -> list[str]:
    """The shapes of the tops, equal ones that follow each other as one."""
    groups = [(shape, len(list(tops))) for shape, tops in groupby(blob.shape for blob in step.top)]
    return [f"{count} x {shape}" if count > 1 else str(shape) for shape, count in groups] or ["-"]


def size_of(count: int) -> str:
    """`count` bytes in the largest unit that there is one of."""
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count >= 1024**power:
            return f"{count / 1024**power:.1f} {unit}"
    return f"{count} B"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """The rows as lines, words to the left and numbers to the right, with a rule below the head and the last row."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        GAP.join(
            cell.rjust(width) if title in HEAD[3:] else cell.ljust(width)
            for cell, width, title in zip(row, widths, HEAD, strict=True)
        ).rstrip()
        for row in rows
    ]
    rule = "-" * len(lines[0])
    return [lines[0], rule, *lines[1:], rule]
