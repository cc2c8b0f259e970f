"""What LSTM, RNN and GRU share: gradients, and the state from one forward pass to the next."""

import numpy as np
import pytest

from cafflite import log
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.errors import DataError, NetError, ShapeError
from cafflite.layers import _recurrence
from cafflite.proto import caffe_pb2
from tests.gradient_check import build, check

CONT = np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1], [0, 0, 1]])
LSTM = 'type: "LSTM" recurrent_param { num_output: 4 }'
RNN = 'type: "RNN" recurrent_param { num_output: 4 debug_info: true }'
GRU = 'type: "GRU" recurrent_param { num_output: 4 }'
ALL = {"LSTM": LSTM, "RNN": RNN, "GRU": GRU}
EXPOSED = {kind: text.replace("4", "4 expose_hidden: true") for kind, text in ALL.items()}
STATES = {"LSTM": 2, "RNN": 1, "GRU": 1}


@pytest.fixture(params=ALL.values(), ids=ALL)
def prototxt(request) -> str:
    return request.param


@pytest.fixture(params=ALL)
def kind(request) -> str:
    return request.param


def run(layer, bottom, top, x, cont) -> np.ndarray:
    bottom[0].reshape(*x.shape)
    bottom[1].reshape(*np.shape(cont))
    bottom[0].data[...], bottom[1].data[...] = x, cont
    layer.reshape(bottom, top)
    layer.forward(bottom, top)
    return top[0].data.copy()


@pytest.mark.parametrize(
    "bottoms",
    [
        [(5, 3, 2), CONT],
        [(5, 3, 2, 2), CONT],
        [(5, 3), CONT],
        [(5, 3, 2), CONT, (3, 5)],
        [(5, 3, 2), CONT, (3, 2, 2)],
        [(5, 3, 2), CONT, (3,)],
        [(1, 1, 3), np.ones((1, 1))],
    ],
    ids=["x", "x of 4 axes", "x of 2 axes", "static", "static of 3 axes", "static of 1 axis", "one step"],
)
def test_gradients(prototxt, bottoms) -> None:
    check(prototxt, bottoms)


def test_gradients_do_not_depend_on_the_pieces(prototxt, monkeypatch) -> None:
    monkeypatch.setattr(_recurrence, "ROWS", 6)
    check(prototxt, [(5, 3, 2), CONT, (3, 2)])


def test_no_gradient_passes_the_exposed_states(kind) -> None:
    states = [(1, 3, 4)] * STATES[kind]
    wanted = [True, False] + [False] * STATES[kind]
    check(EXPOSED[kind], [(5, 3, 2), CONT, *states], propagate_down=wanted, ignored_tops=[1, 2][: STATES[kind]])
    layer, bottom, top = build(EXPOSED[kind], [(5, 3, 2), CONT, *states])
    layer.forward(bottom, top)
    for blob in (*bottom, *top):
        blob.diff[...] = 1
    layer.backward(top, [True, False] + [True] * STATES[kind], bottom)
    assert all((blob.diff == 0).all() for blob in bottom[2:])


def test_exposed_states_are_those_before_and_after(kind) -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((6, 2, 3))
    states = [rng.standard_normal((1, 2, 4)) for _ in range(STATES[kind])]
    layer, bottom, top = build(EXPOSED[kind], [x, np.ones((6, 2)), *states])
    layer.forward(bottom, top)
    whole = [blob.data.copy() for blob in top]
    halves = []
    for half in (x[:4], x[4:]):
        bottom[0].reshape(*half.shape)
        bottom[1].reshape(*half.shape[:2])
        bottom[0].data[...], bottom[1].data[...] = half, 1
        for blob, state in zip(bottom[2:], states, strict=True):
            blob.data[...] = state
        layer.reshape(bottom, top)
        layer.forward(bottom, top)
        states = [blob.data.copy() for blob in top[1:]]
        halves.append(top[0].data.copy())
    np.testing.assert_allclose(np.concatenate(halves), whole[0], rtol=1e-12)
    for state, expected in zip(states, whole[1:], strict=True):
        np.testing.assert_allclose(state, expected, rtol=1e-12)


@pytest.mark.parametrize("phase", [caffe_pb2.TRAIN, caffe_pb2.TEST])
def test_the_state_goes_on_where_cont_is_1(prototxt, phase) -> None:
    x = np.random.default_rng(0).standard_normal((6, 2, 3))
    layer, bottom, top = build(prototxt, [x, np.ones((6, 2))], phase)
    whole = run(layer, bottom, top, x, np.ones((6, 2)))
    for first in (1, 2):
        parts = [run(layer, bottom, top, x[:4], [[0] * 2] + [[1] * 2] * 3)]
        parts.append(run(layer, bottom, top, x[4:], np.ones((2, 2))))
        np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12, err_msg=f"pass {first}")


def test_the_state_begins_again_after_a_change_of_streams(prototxt) -> None:
    x = np.random.default_rng(0).standard_normal((3, 3, 3))
    layer, bottom, top = build(prototxt, [x, np.ones((3, 3))])
    first = run(layer, bottom, top, x, np.ones((3, 3)))
    assert not np.allclose(run(layer, bottom, top, x, np.ones((3, 3))), first)
    run(layer, bottom, top, x[:, :2], np.ones((3, 2)))
    np.testing.assert_array_equal(run(layer, bottom, top, x, np.ones((3, 3))), first)


def test_a_reshape_to_the_same_size_keeps_the_state(prototxt) -> None:
    layer, bottom, top = build(prototxt, [(3, 2, 3), np.ones((3, 2))])
    layer.forward(bottom, top)
    before = layer.h.copy()
    layer.reshape(bottom, top)
    np.testing.assert_array_equal(layer.h, before)


def test_the_state_can_be_saved_and_written(prototxt) -> None:
    x = np.random.default_rng(0).standard_normal((3, 2, 3))
    layer, bottom, top = build(prototxt, [x, np.ones((3, 2))])
    layer.forward(bottom, top)
    saved = layer.state()
    second = run(layer, bottom, top, x, np.ones((3, 2)))
    third = run(layer, bottom, top, x, np.ones((3, 2)))
    layer.restore(saved)
    np.testing.assert_array_equal(run(layer, bottom, top, x, np.ones((3, 2))), second)
    np.testing.assert_array_equal(run(layer, bottom, top, x, np.ones((3, 2))), third)
    for name in layer.states:
        setattr(layer, name, 0)
    assert not layer.h.any()
    for name in layer.states:
        setattr(layer, name, saved[name])
    np.testing.assert_array_equal(run(layer, bottom, top, x, np.ones((3, 2))), second)
    with pytest.raises(ShapeError, match=r"'h' has shape \(5, 4\), and the layer's has \(2, 4\)"):
        layer.restore({name: np.zeros((5, 4)) for name in layer.states})


def test_a_layer_behind_may_work_in_place(prototxt) -> None:
    def gradients(in_place: bool) -> list[np.ndarray]:
        layer, bottom, top = build(prototxt, [(5, 3, 2), CONT])
        layer.forward(bottom, top)
        if in_place:
            top[0].data[...] = 0
        top[0].diff[...] = 1
        layer.backward(top, [True, False], bottom)
        return [blob.diff for blob in (bottom[0], *layer.blobs)]

    for found, expected in zip(gradients(True), gradients(False), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_backward_may_run_twice(prototxt) -> None:
    layer, bottom, top = build(prototxt, [(5, 3, 2), CONT, (3, 2)])
    layer.forward(bottom, top)
    top[0].diff[...] = 1
    results = []
    for _ in range(2):
        layer.backward(top, [True, False, True], bottom)
        results.append([blob.diff.copy() for blob in (bottom[0], bottom[2], *layer.blobs)])
    for i, (once, twice) in enumerate(zip(*results, strict=True)):
        np.testing.assert_allclose(twice, once if i < 2 else 2 * once, rtol=1e-12)


@pytest.mark.parametrize("unwanted", range(4))
def test_one_parameter_may_be_left_out(prototxt, unwanted) -> None:
    fixed = " ".join("param { lr_mult: 0 }" if i == unwanted else "param { }" for i in range(4))
    check(f"{prototxt} {fixed}", [(3, 3, 2), CONT[:3], (3, 2)])


@pytest.mark.parametrize("shape", [(50, 4, 3), (9, 70, 2), (4, 3, 60)], ids=["small", "joined", "apart"])
def test_float32_kernels(kind, shape) -> None:
    """The whole layer, with its kernels, against float64."""
    h = 8 if kind == "LSTM" and shape[0] == 50 else 100
    prototxt = f'type: "{kind}" recurrent_param {{ num_output: {h} }}'
    rng = np.random.default_rng(1)
    x, cont, x_static = rng.standard_normal(shape), (rng.random(shape[:2]) < 0.8).astype(float), (shape[1], 3)
    results = []
    for ops in (None, NumpyOps()):
        layer, bottom, top = build(prototxt, [x, cont, x_static], ops=ops)
        for blob in layer.blobs:
            blob.data[...] *= 3 / np.sqrt(h)
            blob.diff[...] = 0
        layer.forward(bottom, top)
        top[0].diff[...] = x.sum(axis=2, keepdims=True)
        layer.backward(top, [True, False, True], bottom)
        results.append([top[0].data, bottom[0].diff, bottom[2].diff, *[blob.diff for blob in layer.blobs]])
    for expected, found in zip(*results, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("ops", [None, NumpyOps()], ids=["float64", "float32"])
def test_no_streams(prototxt, ops) -> None:
    shape = (3, 0, 2)
    layer, bottom, top = build(prototxt, [shape, shape[:2], (shape[1], 5)], ops=ops)
    layer.forward(bottom, top)
    layer.backward(top, [True, False, True], bottom)
    assert top[0].shape == (3, 0, 4)
    assert not any(blob.diff.any() for blob in layer.blobs)


@pytest.mark.parametrize(
    "bottoms, message",
    [
        ([(4,), (4, 1)], r"its input is \(4,\), expected \(T, N, ...\)"),
        ([(0, 3, 2), (0, 3)], r"its input is \(0, 3, 2\), expected one time step or more"),
        ([(4, 3, 2), (3, 4)], r"its sequence indicators are \(3, 4\), expected \(4, 3\) as its input is \(4, 3, 2\)"),
        ([(4, 3, 2), (4, 3, 1)], r"its sequence indicators are \(4, 3, 1\), expected \(4, 3\)"),
        ([(4, 3, 2), (4, 3), (4, 2)], r"its static input is \(4, 2\), expected \(3, ...\)"),
    ],
)
def test_bottoms_that_do_not_fit(prototxt, bottoms, message) -> None:
    with pytest.raises(ShapeError, match=message):
        build(prototxt, bottoms)


def test_a_state_that_does_not_fit(kind) -> None:
    with pytest.raises(ShapeError, match=r"a state is \(1, 2, 4\), expected \(1, 3, 4\)"):
        build(EXPOSED[kind], [(4, 3, 2), (4, 3), *[(1, 2, 4)] * STATES[kind]])


def test_too_few_bottoms(kind) -> None:
    least = 2 + STATES[kind]
    with pytest.raises(NetError, match=f"{least - 1} bottom blobs, expected {least} to {least + 1}"):
        build(EXPOSED[kind], [(4, 3, 2), (4, 3), (1, 3, 4)][: STATES[kind] + 1])


def test_input_of_another_width(prototxt) -> None:
    layer, bottom, top = build(prototxt, [(4, 3, 2), (4, 3)])
    bottom[0].reshape(4, 3, 5)
    with pytest.raises(ShapeError, match=r"its input \(4, 3, 5\) has 5 values from axis 2 on, and .* made for 2"):
        layer.reshape(bottom, top)


def test_no_outputs(kind) -> None:
    with pytest.raises(NetError, match="num_output is 0, expected 1 or more"):
        build(f'type: "{kind}"', [(4, 3, 2), (4, 3)])


def test_cont_has_no_gradient(prototxt) -> None:
    layer, bottom, top = build(prototxt, [(4, 3, 2), np.ones((4, 3))])
    layer.forward(bottom, top)
    assert not layer.allow_force_backward(1)
    with pytest.raises(NetError, match="a gradient is asked for its sequence indicators"):
        layer.backward(top, [True, True], bottom)


@pytest.mark.parametrize("odd", [0.5, 2, np.nan])
def test_other_values_of_cont(kind, odd, monkeypatch, capsys) -> None:
    """Caffe's layers multiply by them; there is one warning."""
    monkeypatch.setattr(log, "quiet", False)
    cont = CONT.copy()
    cont[3, 2] = odd
    layer, bottom, top = build(ALL[kind], [(5, 3, 2), cont])
    found = f"its sequence indicators hold {odd:g} at step 3 of stream 2, expected 0 where"
    if kind == "GRU":
        with pytest.raises(DataError, match=found):
            layer.forward(bottom, top)
        return
    layer.forward(bottom, top)
    layer.forward(bottom, top)
    assert capsys.readouterr().err.count(found) == 1


@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
def test_gradients_where_cont_scales(kind) -> None:
    check(ALL[kind], [(5, 3, 2), np.where(CONT == 1, 0.5, 2)])


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_peepholes_are_of_lstm(kind) -> None:
    with pytest.raises(NetError, match=f"peephole is set, and {kind} has no cells"):
        build(ALL[kind].replace("4", "4 peephole: true"), [(4, 3, 2), (4, 3)])
