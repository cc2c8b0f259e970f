"""`lengths` and `reverse` of LSTM, RNN and GRU, against plain walks of one sequence at a time."""

import numpy as np
import pytest

from cafflite.errors import DataError, NetError, ShapeError
from tests.gradient_check import build, check

STATES = {"LSTM": 2, "RNN": 1, "GRU": 1}
STEPS, LENGTHS = 5, np.array([5.0, 3, 0, 1])
X = np.random.default_rng(0).standard_normal((STEPS, len(LENGTHS), 3))
ONES = np.ones((STEPS, len(LENGTHS)))


def text(kind: str, options: str = "") -> str:
    return f'type: "{kind}" recurrent_param {{ num_output: 4 {options} }}'


@pytest.fixture(params=STATES)
def kind(request) -> str:
    return request.param


def walk(kind: str, x: np.ndarray, cont: np.ndarray, *others: np.ndarray, options: str = ""):
    """The tops of one forward pass, the state before it being 0.3, and the state after it."""
    layer, bottom, top = build(text(kind, options), [x, cont, *others], tops=len(others) or 1)
    for name in layer.states:
        setattr(layer, name, 0.3)
    layer.forward(bottom, top)
    return [blob.data.copy() for blob in top], [getattr(layer, name).copy() for name in layer.states]


def test_lengths_cut_each_stream(kind) -> None:
    x = X.copy()
    x[4, 1] = np.nan  # beyond the length: nothing sees it
    (found,), states = walk(kind, x, ONES, LENGTHS, options="lengths: true")
    for n, length in enumerate(LENGTHS.astype(int)):
        assert not found[length:, n].any()
        if length == 0:
            assert all((state[n] == 0.3).all() for state in states)
            continue
        (expected,), after = walk(kind, X[:length, n : n + 1], ONES[:length, :1])
        np.testing.assert_allclose(found[:length, n], expected[:, 0], rtol=1e-12)
        for state, state_after in zip(states, after, strict=True):
            np.testing.assert_allclose(state[n], state_after[0], rtol=1e-12)


@pytest.mark.parametrize("cut", [False, True])
def test_reverse_is_the_walk_of_the_reversed_sequence(kind, cut) -> None:
    lengths = LENGTHS.astype(int) if cut else [STEPS] * len(LENGTHS)
    others, options = ([LENGTHS], "lengths: true reverse: true") if cut else ([], "reverse: true")
    (found,), _ = walk(kind, X, ONES, *others, options=options)
    for n, length in enumerate(lengths):
        if length:
            cont = np.eye(length, 1) == 0  # the walk begins at the last step
            (expected,), _ = walk(kind, X[:length, n : n + 1][::-1], cont.astype(float))
            np.testing.assert_allclose(found[:length, n], expected[::-1, 0], rtol=1e-12)
        assert not found[length:, n].any()


def test_in_reverse_a_sequence_ends_where_the_next_one_begins(kind) -> None:
    """Two sequences in one stream, of 3 and 2 steps."""
    cont = ONES[:, :1].copy()
    cont[[0, 3]] = 0
    (found,), _ = walk(kind, X[:, :1], cont, options="reverse: true")
    for part in (slice(0, 3), slice(3, 5)):
        (expected,), _ = walk(kind, X[part, :1], ONES[part, :1], options="reverse: true")
        np.testing.assert_allclose(found[part], expected, rtol=1e-12)


def test_reverse_begins_with_the_exposed_state(kind) -> None:
    rng = np.random.default_rng(1)
    given = [rng.standard_normal((1, len(LENGTHS), 4)) for _ in range(STATES[kind])]
    options = "expose_hidden: true lengths: true"

    def tops(x, cont, options):
        layer, bottom, top = build(text(kind, options), [x, cont, *given, LENGTHS], tops=1 + STATES[kind])
        layer.forward(bottom, top)
        return [blob.data for blob in top]

    turned = X.copy()
    for n, length in enumerate(LENGTHS.astype(int)):
        turned[:length, n] = X[:length, n][::-1]
    found, expected = tops(X, ONES, options + " reverse: true"), tops(turned, ONES, options)
    for state, state_expected, before in zip(found[1:], expected[1:], given, strict=True):
        np.testing.assert_allclose(state, state_expected, rtol=1e-12)
        np.testing.assert_array_equal(state[0, 2], before[0, 2])  # a sequence of no steps


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("options", ["lengths: true", "reverse: true", "lengths: true reverse: true"])
def test_gradients(kind, options, static) -> None:
    cont = ONES.copy()
    cont[2, 0] = 0
    others = [(len(LENGTHS), 2)] if static else []
    check(text(kind, options), [X, cont, *others, *([LENGTHS] if "lengths" in options else [])])


@pytest.mark.parametrize("length", [6, -1, 1.5, np.nan])
def test_lengths_that_are_none(kind, length) -> None:
    layer, bottom, top = build(text(kind, "lengths: true"), [X, ONES, np.array([1, 2, length, 3])])
    with pytest.raises(DataError, match=rf"the length of sequence 2 is {length:g}, expected a whole .* from 0 to 5"):
        layer.forward(bottom, top)


def test_lengths_that_do_not_fit(kind) -> None:
    with pytest.raises(ShapeError, match=r"its lengths, the last bottom, are \(5,\), expected \(4,\)"):
        build(text(kind, "lengths: true"), [X, ONES, (5,)])
    with pytest.raises(NetError, match="it has 2 bottom blobs, expected 3 to 4"):
        build(text(kind, "lengths: true"), [X, ONES])


def test_lengths_have_no_gradient(kind) -> None:
    layer, bottom, top = build(text(kind, "lengths: true"), [X, ONES, LENGTHS])
    layer.forward(bottom, top)
    assert [layer.allow_force_backward(i) for i in range(3)] == [True, False, False]
    with pytest.raises(NetError, match="a gradient is asked for its lengths"):
        layer.backward(top, [True, False, True], bottom)
