"""The layered layout of a directed graph without cycles: nodes on ranks, edges from rank to rank.

After Sugiyama, Tagawa and Toda (1981): ranks by the longest way from a source, a bend where an edge passes a rank, the
order on each rank by the means of the neighbours, and then the places, as near to the neighbours as that order allows.
"""

from graphlib import TopologicalSorter
from itertools import accumulate, pairwise
from typing import NamedTuple

Point = tuple[float, float]  # across and along the direction of the ranks
Edge = tuple[int, int]  # from a node to a node, by their numbers

BEND = (6.0, 0.0)  # the size of what an edge takes on a rank that it passes
GAP_ACROSS, GAP_ALONG = 16.0, 30.0
SWEEPS = 20


class Layout(NamedTuple):
    """Places from (0, 0) on.

    centres  of the nodes
    ways     of the edges, from border to border: straight to the next point, curved to the next, and so on in turn
    size     of the whole
    """

    centres: list[Point]
    ways: list[list[Point]]
    size: Point


def layout(sizes: list[Point], edges: list[Edge]) -> Layout:
    """Lay out nodes of the given sizes, one at least."""
    count = len(sizes)
    ranks = _ranks(count, edges)
    chains = _chains(edges, ranks)
    sizes = sizes + [BEND] * (len(ranks) - count)
    above: list[list[int]] = [[] for _ in ranks]
    below: list[list[int]] = [[] for _ in ranks]
    for a, b in sorted({link for chain in chains for link in pairwise(chain)}):
        above[b].append(a)
        below[a].append(b)
    rows: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    for node, rank in enumerate(ranks):
        rows[rank].append(node)
    _sort(rows, above, below)
    across = _places(rows, [size[0] for size in sizes], above, below)

    thick = [max(sizes[node][1] for node in row) for row in rows]
    starts = [0.0, *accumulate(extent + GAP_ALONG for extent in thick)]
    along = [starts[rank] + thick[rank] / 2 for rank in ranks]

    def way(chain: list[int]) -> list[Point]:
        first, last = chain[0], chain[-1]
        points = [(across[first], along[first] + sizes[first][1] / 2)]
        for a, b in pairwise(chain):
            points += [(across[a], starts[ranks[a]] + thick[ranks[a]]), (across[b], starts[ranks[b]])]
        return [*points, (across[last], along[last] - sizes[last][1] / 2)]

    right = max(place + size[0] / 2 for place, size in zip(across, sizes, strict=True))
    centres = list(zip(across, along, strict=True))[:count]
    return Layout(centres, [way(chain) for chain in chains], (right, starts[-1] - GAP_ALONG))


def _ranks(count: int, edges: list[Edge]) -> list[int]:
    parents: dict[int, list[int]] = {node: [] for node in range(count)}
    children: dict[int, list[int]] = {node: [] for node in range(count)}
    for a, b in edges:
        parents[b].append(a)
        children[a].append(b)
    order = list(TopologicalSorter(parents).static_order())
    ranks = [0] * count
    loose = set()  # a source, or a chain of single nodes behind one: it can come down to what reads it
    for node in order:
        ranks[node] = max((ranks[parent] + 1 for parent in parents[node]), default=0)
        if (
            all(parent in loose and len(children[parent]) == 1 for parent in parents[node][:1])
            and len(parents[node]) < 2
        ):
            loose.add(node)
    for node in reversed(order):
        if node in loose and children[node]:
            ranks[node] = min(ranks[child] for child in children[node]) - 1
    return ranks


def _chains(edges: list[Edge], ranks: list[int]) -> list[list[int]]:
    """Each edge by way of a bend on each rank between its nodes, which is appended to `ranks`.

    The edges of one node go together as far as they can.
    """
    bends: dict[tuple[int, int], int] = {}
    chains = []
    for a, b in edges:
        chain = [a]
        for rank in range(ranks[a] + 1, ranks[b]):
            if (a, rank) not in bends:
                bends[a, rank] = len(ranks)
                ranks.append(rank)
            chain.append(bends[a, rank])
        chains.append([*chain, b])
    return chains


def _sort(rows: list[list[int]], above: list[list[int]], below: list[list[int]]) -> None:
    """Sort the nodes of each row by the mean place of their neighbours, over and over, down and up."""
    place = {node: i for row in rows for i, node in enumerate(row)}

    def mean(node: int, neighbours: list[list[int]]) -> float:
        near = neighbours[node]
        return sum(place[other] for other in near) / len(near) if near else place[node]

    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            neighbours = above if down else below
            row.sort(key=lambda node: mean(node, neighbours))
            place.update({node: i for i, node in enumerate(row)})


def _places(rows: list[list[int]], widths: list[float], above: list[list[int]], below: list[list[int]]) -> list[float]:
    """Where the nodes stand across, from 0 on: near to their neighbours, and apart from each other."""
    places = [0.0] * len(widths)
    gaps = [[0.0, *accumulate((widths[a] + widths[b]) / 2 + GAP_ACROSS for a, b in pairwise(row))] for row in rows]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row, offsets in list(zip(rows, gaps, strict=True))[:: 1 if down else -1]:
            wanted = []
            for node in row:
                near = (above if down else below)[node] or (below if down else above)[node]
                if sweep >= SWEEPS - 4:
                    near = above[node] + below[node]
                wanted.append(sum(places[other] for other in near) / len(near) if near else places[node])
            for node, place in zip(row, _apart(wanted, offsets), strict=True):
                places[node] = place
    left = min(place - width / 2 for place, width in zip(places, widths, strict=True))
    return [place - left for place in places]


def _apart(wanted: list[float], offsets: list[float]) -> list[float]:
    """The places nearest to `wanted` in squares that are as far apart as `offsets` asks: blocks that touch merge."""
    blocks: list[tuple[float, int]] = []  # mean, count
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while blocks and blocks[-1][0] >= mean:
            other, others = blocks.pop()
            mean, count = (mean * count + other * others) / (count + others), count + others
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
