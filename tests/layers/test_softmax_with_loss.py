import numpy as np
import pytest
from gradient_check import build, check

import cafflite
from cafflite.errors import DataError, NetError, ShapeError

X = np.random.default_rng(0).standard_normal((2, 4, 3))  # classes on axis 1
LABELS = np.array([[0.0, 3, 1], [1, 2, 1]])
LOSSES = -np.log(np.exp(X) / np.exp(X).sum(axis=1, keepdims=True))[
    np.arange(2)[:, None], LABELS.astype(int), np.arange(3)
]


def loss(param, labels=LABELS):
    layer, bottom, top = build(f'type: "SoftmaxWithLoss" {param}', [X, labels])
    layer.forward(bottom, top)
    return float(top[0].data)


@pytest.mark.parametrize(
    ("param", "divisor", "divisor_with_ignored"),
    [
        ("", 6, 3),
        ("normalization: VALID", 6, 3),
        ("normalization: FULL", 6, 6),
        ("normalization: BATCH_SIZE", 2, 2),
        ("normalization: NONE", 1, 1),
        ("normalize: true", 6, 3),
        ("normalize: false", 2, 2),
        ("normalize: false normalization: FULL", 6, 6),
    ],
)
def test_normalization(param, divisor, divisor_with_ignored):
    assert loss(f"loss_param {{ {param} }}") == pytest.approx(LOSSES.sum() / divisor)
    counted = LOSSES[LABELS != 1].sum()
    assert loss(f"loss_param {{ ignore_label: 1 {param} }}") == pytest.approx(counted / divisor_with_ignored)


@pytest.mark.parametrize("param", ["", "normalization: VALID", "normalization: NONE"])
def test_everything_ignored_is_no_loss(param):
    assert loss(f"loss_param {{ ignore_label: 255 {param} }}", np.full((2, 3), 255.0)) == 0


@pytest.mark.parametrize("param", ["", "ignore_label: 1", "ignore_label: -1 normalization: BATCH_SIZE"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_gradient(param, axis):
    labels = np.random.default_rng(1).integers(2, size=[n for i, n in enumerate((2, 2, 2)) if i != axis % 3])
    text = f'type: "SoftmaxWithLoss" softmax_param {{ axis: {axis} }} loss_param {{ {param} }}'
    check(text, [(2, 2, 2), labels.astype(float)])


def test_a_probability_of_zero_counts_as_the_least_float():
    layer, bottom, top = build('type: "SoftmaxWithLoss"', [np.array([[0.0, 1000]]), np.zeros(1)])
    layer.forward(bottom, top)
    assert float(top[0].data) == pytest.approx(87.3365, abs=1e-4)


def test_labels_are_cut_to_whole_numbers():
    assert loss("", LABELS + 0.9) == loss("")


@pytest.mark.parametrize(
    ("wrong", "place", "message"),
    [
        (4, (1, 2), r"label 4 in row 1 \(at \(1, 2\)\) is out of range, expected 0 to 3"),
        (-1, (0, 0), r"label -1 in row 0"),
        (np.nan, (1, 0), r"label nan in row 1"),
        (1e20, (0, 1), r"label 1e\+20 in row 0"),
    ],
)
def test_a_label_out_of_range_is_named(wrong, place, message):
    labels = LABELS.copy()
    labels[place] = wrong
    with pytest.raises(DataError, match=message):
        loss("", labels)
    with pytest.raises(DataError, match="row"):
        loss("loss_param { ignore_label: 255 }", labels)


def test_a_row_of_one_label_is_named_by_its_number():
    layer, bottom, top = build('type: "SoftmaxWithLoss"', [(3, 5), np.array([0.0, 4, 5]).reshape(3, 1)])
    with pytest.raises(DataError, match="label 5 in row 2 is out of range, expected 0 to 4"):
        layer.forward(bottom, top)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(3, 4), (3, 2)], r"labels \(3, 2\) are 6 values, and predictions \(3, 4\) .* axis 1 need 3"),
        ([(3, 4), (2,)], r"\(3, 4\) and labels \(2,\) differ in their first axis"),
        ([(3, 0), (3,)], "no classes on axis 1"),
        ([(3,), (3,)], "axis 1 is out of range"),
    ],
)
def test_refused_shapes(shapes, message):
    with pytest.raises(ShapeError, match=message):
        build('type: "SoftmaxWithLoss"', shapes)


def test_labels_have_no_gradient():
    layer, bottom, top = build('type: "SoftmaxWithLoss"', [X, LABELS])
    layer.forward(bottom, top)
    with pytest.raises(NetError, match="labels have no gradient.*propagate_down: false"):
        layer.backward(top, [True, True], bottom)


def test_no_samples():
    layer, bottom, top = build('type: "SoftmaxWithLoss"', [(0, 3), (0,)])
    layer.forward(bottom, top)
    layer.backward(top, [True, False], bottom)
    assert float(top[0].data) == 0


def test_an_error_names_the_line(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }\n'
        'layer { name: "l" type: "Input" top: "l" input_param { shape { dim: 2 } } }\n'
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "l" top: "loss" }\n'
    )
    net = cafflite.Net(path, cafflite.TRAIN)
    net.blobs["l"].data[1] = 3
    with pytest.raises(DataError, match=r"net.prototxt:3: layer 'loss' \(SoftmaxWithLoss\): label 3 in row 1"):
        net.forward()
