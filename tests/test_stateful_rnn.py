"""StatefulRNN against the whole sequence in one forward pass."""

import numpy as np
import pytest

import cafflite
from cafflite.errors import DataError, NetError, ShapeError

pytestmark = pytest.mark.usefixtures("device")

STEPS, STREAMS = 6, 3
X = np.random.default_rng(0).standard_normal((STEPS, STREAMS, 2))
FILLER = 'weight_filler { type: "uniform" min: -1 max: 1 }'


def recurrent(kind: str, steps: int = 1, streams: int = STREAMS, options: str = "") -> str:
    return f"""
    layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: {steps} dim: {streams} dim: 2 }} }} }}
    layer {{ name: "cont" type: "Input" top: "cont" input_param {{ shape {{ dim: {steps} dim: {streams} }} }} }}
    layer {{ name: "one" type: "{kind}" bottom: "x" bottom: "cont" top: "one"
             recurrent_param {{ num_output: 4 {FILLER} {options} }} }}
    layer {{ name: "two" type: "{kind}" bottom: "one" bottom: "cont" top: "two"
             recurrent_param {{ num_output: 3 {FILLER} }} }}"""


def caffe_lstm(steps: int = 1, clip: str = 'bottom: "clip"') -> str:
    return f"""
    layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: {steps} dim: 2 }} }} }}
    layer {{ name: "clip" type: "Input" top: "clip" input_param {{ shape {{ dim: {steps} }} }} }}
    layer {{ name: "one" type: "Lstm" bottom: "x" {clip} top: "one" lstm_param {{ num_output: 4 {FILLER} }} }}"""


def whole(text: str, weights: str, x: np.ndarray) -> np.ndarray:
    net = cafflite.Net(text, cafflite.TEST, weights=weights)
    cont = next(name for name in net.inputs if name != "x")
    net.blobs[cont].data[...] = 1
    net.blobs[cont].data[0] = 0
    net.blobs["x"].data[...] = x
    return net.forward().popitem()[1].copy()


@pytest.fixture
def weights(tmp_path):
    def save(text: str) -> str:
        cafflite.Net(text, cafflite.TEST, seed=1).save(tmp_path / "net.caffemodel")
        return str(tmp_path / "net.caffemodel")

    return save


@pytest.mark.parametrize("steps", [1, STEPS])
@pytest.mark.parametrize("kind", ["LSTM", "RNN", "GRU"])
def test_steps_are_those_of_the_whole_sequence(kind, steps, weights):
    """Also from the prototxt of a net that takes a sequence at a time."""
    file = weights(recurrent(kind))
    rnn = cafflite.StatefulRNN(recurrent(kind, steps), file)
    found = [rnn.step(x=x)["two"] for x in X]
    np.testing.assert_allclose(np.concatenate(found), whole(recurrent(kind, STEPS), file, X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("steps", [1, STEPS])
def test_caffe_lstm(steps, weights):
    file = weights(caffe_lstm())
    rnn = cafflite.StatefulRNN(caffe_lstm(steps), file)
    found = [rnn.step(x=x[:1])["one"] for x in X]
    np.testing.assert_allclose(np.concatenate(found), whole(caffe_lstm(STEPS), file, X[:, 0]), rtol=1e-4, atol=1e-6)


def test_one_stream_begins_again():
    rnn = cafflite.StatefulRNN(recurrent("GRU"))
    first = [rnn.step(x=x)["two"] for x in X[:3]]
    rnn.reset(1)
    again = rnn.step(x=X[0])["two"]
    np.testing.assert_allclose(again[:, 1], first[0][:, 1], rtol=1e-5)
    assert not np.allclose(again[:, [0, 2]], first[0][:, [0, 2]])
    rnn.reset()
    np.testing.assert_array_equal(rnn.step(x=X[0])["two"], first[0])


@pytest.mark.parametrize("net", [recurrent("LSTM", streams=1), caffe_lstm()], ids=["LSTM", "Lstm"])
def test_the_state_can_be_kept_and_taken_back(net):
    rnn = cafflite.StatefulRNN(net)
    rnn.step(x=X[0, :1])
    state = rnn.get_state()
    assert {kind: array.shape for kind, array in state["one"].items()} == {"h": (1, 4), "c": (1, 4)}
    expected = rnn.step(x=X[1, :1])
    rnn.step(x=X[2, :1])
    rnn.set_state(state)
    for name, array in rnn.step(x=X[1, :1]).items():
        np.testing.assert_array_equal(array, expected[name])


def test_the_state_of_one_stream_can_go_to_another():
    rnn = cafflite.StatefulRNN(recurrent("LSTM"))
    rnn.step(x=X[0])
    rnn.set_state(rnn.get_state(0), stream=2)
    found = rnn.step(x=np.repeat(X[1, :1], STREAMS, axis=0))["two"]
    np.testing.assert_allclose(found[:, 2], found[:, 0], rtol=1e-6)
    assert not np.allclose(found[:, 1], found[:, 0])


def test_a_net_is_taken_as_it_is():
    net = cafflite.Net(recurrent("RNN"), cafflite.TEST)
    assert cafflite.StatefulRNN(net).net is net


def test_a_state_of_another_batch_size():
    one, three = cafflite.StatefulRNN(recurrent("LSTM", streams=1)), cafflite.StatefulRNN(recurrent("LSTM"))
    before = three.get_state()
    with pytest.raises(ShapeError, match=r"the state 'h' of layer 'one' has shape \(1, 4\), expected \(3, 4\)"):
        three.set_state(one.get_state())
    with pytest.raises(NetError, match="the state is of {'one': .*}, expected {'one': .*, 'two': .*}"):
        three.set_state({"one": before["one"]})
    for stream in (-1, 3):
        with pytest.raises(NetError, match=f"there is no stream {stream}: the net has 3, from 0 on"):
            three.reset(stream)


def test_inputs_that_do_not_fit():
    rnn = cafflite.StatefulRNN(recurrent("LSTM"))
    with pytest.raises(NetError, match=r"arrays are given for \['cont', 'x'\], but a step takes \['x'\]"):
        rnn.step(x=X[0], cont=1)
    with pytest.raises(ShapeError, match=r"the array for 'x' has shape \(2,\), expected \(1, 3, 2\) or \(3, 2\)"):
        rnn.step(x=X[0, 0])
    with pytest.raises(DataError, match="what is given for 'x' is no array"):
        rnn.step(x=[[1, 2], [3]])
    with pytest.raises(DataError, match="the array for 'x' is of complex128, expected real numbers"):
        rnn.step(x=X[0] + 1j)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        ('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }', "the net has no recurrent"),
        (recurrent("GRU", options="reverse: true"), r"layer 'one' \(GRU\) has reverse"),
        (caffe_lstm(clip=""), r"layer 'one' \(Lstm\) has no clip, and so forgets at each step"),
        (
            recurrent("RNN").replace('"Input" top: "cont" input_param', '"DummyData" top: "cont" dummy_data_param'),
            r"layer 'one' \(RNN\) has the sequence indicators 'cont', expected an input of the net",
        ),
    ],
    ids=["no recurrent layer", "reverse", "no clip", "cont is no input"],
)
def test_nets_that_cannot_go_step_by_step(net, message):
    with pytest.raises(NetError, match=message):
        cafflite.StatefulRNN(net)


def test_a_static_input_may_pass_through_other_layers(weights):
    """It has no time steps to cut, though no recurrent layer reads it itself."""
    text = f"""
    layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: {STEPS} dim: {STREAMS} dim: 2 }} }} }}
    layer {{ name: "cont" type: "Input" top: "cont" input_param {{ shape {{ dim: {STEPS} dim: {STREAMS} }} }} }}
    layer {{ name: "image" type: "Input" top: "image" input_param {{ shape {{ dim: {STREAMS} dim: 5 }} }} }}
    layer {{ name: "ip" type: "InnerProduct" bottom: "image" top: "ip"
             inner_product_param {{ num_output: 4 weight_filler {{ type: "xavier" }} }} }}
    layer {{ name: "relu" type: "ReLU" bottom: "ip" top: "ip" }}
    layer {{ name: "one" type: "GRU" bottom: "x" bottom: "cont" bottom: "ip" top: "one"
             recurrent_param {{ num_output: 4 {FILLER} }} }}"""
    image = np.random.default_rng(1).standard_normal((STREAMS, 5))
    file = weights(text)
    net = cafflite.Net(text, cafflite.TEST, weights=file)
    expected = net.forward(x=X, cont=np.arange(STEPS)[:, None] > np.zeros(STREAMS), image=image)["one"].copy()
    rnn = cafflite.StatefulRNN(text, file)
    found = [rnn.step(x=x, image=image)["one"][0] for x in X]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
