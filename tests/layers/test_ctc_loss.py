"""CTCLoss against the sum over all paths, one by one."""

from itertools import groupby, product

import numpy as np
import pytest

from cafflite.backend.numpy_ops import NumpyOps
from cafflite.errors import DataError, NetError, ShapeError
from tests.gradient_check import build, check

LOSS = 'type: "CTCLoss"'


def by_brute_force(x: np.ndarray, labels: list[int], blank: int) -> float:
    """-log p(labels | x), for x (T, C), over all C^T paths."""
    log_prob = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    total = 0.0
    for path in product(range(x.shape[1]), repeat=len(x)):
        if [c for c, _ in groupby(path) if c != blank] == labels:
            total += np.exp(log_prob[np.arange(len(x)), path].sum())
    return -np.log(total)


def columns(sequences: list[list[int]], rows: int) -> np.ndarray:
    return np.array([labels + [-1] * (rows - len(labels)) for labels in sequences], float).reshape(-1, rows).T


def loss(x, given, labels, settings="", ops=None) -> float:
    layer, bottom, top = build(f"{LOSS} {settings}", [x, given, labels], ops=ops)
    layer.forward(bottom, top)
    return float(top[0].data)


@pytest.mark.parametrize("ops", [None, NumpyOps()], ids=["float64", "float32"])
@pytest.mark.parametrize("blank", [0, 1, 2, -1])
@pytest.mark.parametrize("places", [[], [0], [0, 1], [0, 0], [1, 0, 1], [0, 0, 1]])
def test_all_paths(places, blank, ops):
    x = 2 * np.random.default_rng(len(places)).standard_normal((5, 1, 3))
    labels = [[c for c in range(3) if c != blank % 3][place] for place in places]
    found = loss(x, np.array([5.0]), columns([labels], 4), f"ctc_loss_param {{ blank_index: {blank} }}", ops)
    assert found == pytest.approx(by_brute_force(x[:, 0], labels, blank % 3), rel=1e-10 if ops is None else 1e-5)


SEQUENCES, LENGTHS = [[0, 1], [], [2, 2], [1]], [4, 5, 3, 1]


def indicators(lengths: list[int], steps: int) -> np.ndarray:
    cont = np.ones((steps, len(lengths)))
    cont[0] = 0
    for n, length in enumerate(lengths):
        cont[length:, n] = 0
    return cont


@pytest.mark.parametrize("given", [np.array(LENGTHS, float), indicators(LENGTHS, 5)], ids=["lengths", "indicators"])
def test_the_mean_over_sequences_of_some_lengths(given):
    x = np.random.default_rng(0).standard_normal((5, 4, 4))
    each = [by_brute_force(x[:k, n], SEQUENCES[n], 3) for n, k in enumerate(LENGTHS)]
    assert loss(x, given, columns(SEQUENCES, 2)) == pytest.approx(np.mean(each), rel=1e-10)
    check(LOSS, [x, given, columns(SEQUENCES, 2)])


def test_there_is_no_gradient_beyond_a_sequence():
    layer, bottom, top = build(LOSS, [(5, 4, 4), np.array(LENGTHS, float), columns(SEQUENCES, 2)])
    layer.forward(bottom, top)
    top[0].diff[...] = 1
    layer.backward(top, [True, False, False], bottom)
    for n, length in enumerate(LENGTHS):
        assert bottom[0].diff[:length, n].all() and not bottom[0].diff[length:, n].any()


@pytest.mark.parametrize("ops", [None, NumpyOps()], ids=["float64", "float32"])
def test_long_sequences_do_not_underflow(ops):
    """500 steps in which only the right path has any probability to speak of, and a score far from it."""
    x = np.zeros((500, 1, 5))
    x[np.arange(500), 0, np.repeat([0, 4, 1, 4, 2], 100)] = 1000
    labels = columns([[0, 1, 2]], 3)
    assert loss(x, np.array([500.0]), labels, ops=ops) == pytest.approx(0, abs=1e-6)
    wrong = loss(-x, np.array([500.0]), labels, ops=ops)
    assert np.isfinite(wrong) and wrong > 100


def test_where_no_path_is_possible_the_loss_is_infinite():
    x = np.zeros((3, 1, 3))
    x[:, 0, 1] = -np.inf
    for ops in (None, NumpyOps()):
        layer, bottom, top = build(LOSS, [x, np.array([3.0]), columns([[1]], 1)], ops=ops)
        layer.forward(bottom, top)
        assert top[0].data == np.inf
        top[0].diff[...] = 1
        layer.backward(top, [True, False, False], bottom)
        assert np.isfinite(bottom[0].diff).all()


@pytest.mark.parametrize(
    ("labels", "length", "message"),
    [
        ([0, 3], 5, "label 1 of sequence 1 is 3, expected one of the classes 0 to 3 but for the blank 3"),
        ([0, 1, 4], 5, "label 2 of sequence 1 is 4, expected one"),
        ([0.5], 5, "label 0 of sequence 1 is 0.5, expected one"),
        ([np.nan], 5, "label 0 of sequence 1 is nan, expected one"),
        ([0, 1, 2], 2, "sequence 1 has 2 time steps, and its 3 labels, of which 0 are .* need 3"),
        ([1, 1, 1], 4, "sequence 1 has 4 time steps, and its 3 labels, of which 2 are the same .* need 5"),
        ([0], 6, "the length of sequence 1 is 6, expected a whole number from 1 to 5"),
        ([], 0, "the length of sequence 1 is 0, expected a whole number from 1 to 5"),
    ],
)
def test_sequences_that_cannot_be(labels, length, message):
    with pytest.raises(DataError, match=message):
        loss(np.zeros((5, 2, 4)), np.array([5.0, length]), columns([[0], labels], 3))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(5, 4), (5,), (3, 4)], r"its input is \(5, 4\), expected \(T, N, C\)"),
        ([(0, 2, 4), (2,), (3, 2)], r"its input is \(0, 2, 4\), expected \(T, N, C\): one time step or more"),
        ([(5, 2, 4), (2, 5), (3, 2)], r"its sequence indicators are \(2, 5\), expected \(5, 2\), or lengths .* \(2,\)"),
        ([(5, 2, 4), (2,), (2, 3)], r"its labels are \(2, 3\), expected \(L, 2\): a column for each sequence"),
    ],
)
def test_bottoms_that_do_not_fit(shapes, message):
    with pytest.raises(ShapeError, match=message):
        build(LOSS, shapes)


def test_indicators_are_0_and_1():
    layer, bottom, top = build(LOSS, [(3, 1, 4), np.array([[0], [0.5], [1]]), np.array([[1.0]])])
    with pytest.raises(DataError, match="its sequence indicators hold 0.5 at step 1 of stream 0, expected 0 where"):
        layer.forward(bottom, top)


def test_a_blank_that_is_no_class():
    with pytest.raises(NetError, match="blank_index is 4, and its input has the 4 classes 0 to 3"):
        build(f"{LOSS} ctc_loss_param {{ blank_index: 4 }}", [(5, 2, 4), (2,), (3, 2)])


@pytest.mark.parametrize(("wanted", "what"), [([True, True, False], "indicators"), ([True, False, True], "labels")])
def test_what_has_no_gradient(wanted, what):
    layer, bottom, top = build(LOSS, [(5, 4, 4), np.array(LENGTHS, float), columns(SEQUENCES, 2)])
    layer.forward(bottom, top)
    with pytest.raises(NetError, match=f"{what} have no gradient"):
        layer.backward(top, wanted, bottom)
