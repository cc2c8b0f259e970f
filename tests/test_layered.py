"""The layout of graphs: what holds for each, and a few by hand."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cafflite.layered import GAP_ACROSS, GAP_ALONG, layout


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    sizes = draw(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 60)), min_size=count, max_size=count))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return [(float(w), float(h)) for w, h in sizes], edges


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_nodes_stay_apart_and_edges_lead_forward(graph):
    sizes, edges = graph
    centres, ways, (across, along) = layout(sizes, edges)
    for i, ((x, y), (width, height)) in enumerate(zip(centres, sizes, strict=True)):
        assert 0 <= x - width / 2 + 1e-6 and x + width / 2 <= across + 1e-6
        assert 0 <= y - height / 2 + 1e-6 and y + height / 2 <= along + 1e-6
        for (other_x, other_y), other in zip(centres[:i], sizes[:i], strict=True):
            apart_across = abs(x - other_x) - (width + other[0]) / 2
            apart_along = abs(y - other_y) - (height + other[1]) / 2
            assert apart_across >= GAP_ACROSS - 1e-6 or apart_along >= GAP_ALONG - 1e-6
    for (a, b), way in zip(edges, ways, strict=True):
        assert way[0] == (centres[a][0], centres[a][1] + sizes[a][1] / 2)
        assert way[-1] == (centres[b][0], centres[b][1] - sizes[b][1] / 2)
        assert [point[1] for point in way] == sorted(point[1] for point in way)
        assert len(way) % 2 == 0
        for start, end in zip(way[::2], way[1::2], strict=True):
            assert start[0] == end[0], "a straight piece is not straight"


def test_a_chain_is_a_straight_line():
    centres, ways, size = layout([(10, 20), (40, 20), (20, 20)], [(0, 1), (1, 2)])
    assert centres == [(20, 10), (20, 30 + GAP_ALONG), (20, 50 + 2 * GAP_ALONG)]
    assert all({x for x, _ in way} == {20} for way in ways)
    assert size == (40, 60 + 2 * GAP_ALONG)


def test_an_edge_goes_around_what_it_passes():
    """0 leads to 1, 2 and 3, and to 3 at once."""
    sizes = [(40.0, 10.0)] * 4
    centres, ways, _ = layout(sizes, [(0, 1), (1, 2), (2, 3), (0, 3)])
    for x, y in ways[3]:
        for centre_x, centre_y in centres[1:3]:
            assert abs(x - centre_x) > 20 or abs(y - centre_y) >= 5


def test_what_is_read_late_stands_late():
    """1 is a source with one reader, far down, and 2 as well but by way of 3."""
    sizes = [(10.0, 10.0)] * 7
    centres, _, _ = layout(sizes, [(0, 4), (4, 5), (5, 6), (1, 6), (2, 3), (3, 6)])
    rows = [y for _, y in centres]
    assert rows[1] == rows[3] == rows[5]
    assert rows[2] == rows[4]
