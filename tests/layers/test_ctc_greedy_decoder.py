import numpy as np
import pytest

from cafflite.errors import NetError
from cafflite.layers.ctc_greedy_decoder import edit_distance
from tests.gradient_check import build

PATHS = np.array([[0, 0, 3, 0, 1, 3], [3, 2, 2, 2, 3, 3], [3, 3, 3, 3, 3, 3]]).T  # (T, N) likeliest classes of 4
X = np.eye(4)[PATHS] * 2


def decode(bottoms, settings="", tops=1):
    layer, bottom, top = build(f'type: "CTCGreedyDecoder" {settings}', bottoms, tops=tops)
    layer.forward(bottom, top)
    return [blob.data for blob in top]


def columns(*sequences):
    return np.array([[*labels, *[-1] * (6 - len(labels))] for labels in sequences]).T


def test_repeated_classes_are_merged_and_blanks_left_out():
    np.testing.assert_array_equal(decode([X])[0], columns([0, 0, 1], [2], []))


def test_without_merging():
    found = decode([X], "ctc_decoder_param { ctc_merge_repeated: false }")[0]
    np.testing.assert_array_equal(found, columns([0, 0, 0, 1], [2, 2, 2], []))


def test_another_blank():
    found = decode([X], "ctc_decoder_param { blank_index: 0 }")[0]
    np.testing.assert_array_equal(found, columns([3, 1, 3], [3, 2, 3], [3]))


@pytest.mark.parametrize("as_lengths", [True, False])
def test_what_lies_beyond_a_sequence_is_left_out(as_lengths):
    cont = np.ones((6, 3))
    cont[0] = cont[3, 0] = cont[1, 1] = cont[2, 1] = 0
    given = np.array([3.0, 1, 6]) if as_lengths else cont
    found, scores = decode([X, given], tops=2)
    np.testing.assert_array_equal(found, columns([0], [], []))
    np.testing.assert_array_equal(scores, [-6, -2, -12])


def test_accuracy():
    labels = columns([0, 0, 1], [1, 2], [0])[:3]
    lengths = np.array([6.0, 6, 6])
    expected = 1 - (0 + 1 / 2 + 1 / 1) / 3
    assert decode([X, lengths, labels], tops=2)[1] == pytest.approx(expected)
    _, scores, accuracy = decode([X, lengths, labels], tops=3)
    np.testing.assert_array_equal(scores, [-12, -12, -12])
    assert accuracy == pytest.approx(expected)


def test_accuracy_of_nothing_that_is_to_be_found():
    assert decode([X[:, 2:], np.array([6.0]), np.full((2, 1), -1.0)], tops=2)[1] == 1


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("flaw", "lawn", 2)],
)
def test_edit_distance(a, b, distance):
    assert edit_distance(list(a), list(b)) == distance


def test_accuracy_needs_labels():
    with pytest.raises(NetError, match="it has 3 tops, the last of them for the accuracy, which needs labels"):
        build('type: "CTCGreedyDecoder"', [X, (3,)], tops=3)


def test_it_has_no_gradient():
    layer, bottom, top = build('type: "CTCGreedyDecoder"', [X])
    with pytest.raises(NetError, match="no gradient"):
        layer.backward(top, [True], bottom)
