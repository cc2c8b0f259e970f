"""The worked example models/unrolled_lstm: the two nets compute, and learn, the same."""

import numpy as np
import pytest

import cafflite
from cafflite.proto import prototxt


@pytest.fixture
def solvers(example):
    """One for each net, of 5 steps, 4 streams and 3 hidden units, with the same weights."""
    made = [example.make_solver(make(5, 4, 3), seed=1) for make in (example.lstm_net, example.unrolled_net)]
    example.share_weights(*(solver.net for solver in made))
    return made


@pytest.mark.usefixtures("device")
def test_outputs_and_gradients_are_those_of_the_layer(example, solvers):
    bits, target = example.parity(np.random.default_rng(1), 5, 4)
    compared = list(example.differences(*(solver.net for solver in solvers), bits, target))
    assert [what for what, _, _ in compared] == [
        *("h", "score", "loss", "d W_x", "d b", "d W_h", "d W of score", "d b of score")
    ]
    for what, difference, largest in compared:
        assert difference <= 1e-5 * largest, what
        assert largest > 0, what


@pytest.mark.usefixtures("device")
def test_both_learn_alike(example, solvers):
    rng = np.random.default_rng(1)
    losses = np.array([[example.step(solver, *batch) for solver in solvers]
                       for batch in (example.parity(rng, 5, 4) for _ in range(30))])  # fmt: skip
    np.testing.assert_allclose(losses[:, 0], losses[:, 1], rtol=1e-4)
    assert losses[0] == pytest.approx(np.log(2), abs=0.05)
    for name, blob in example.weights(solvers[0].net).items():
        np.testing.assert_allclose(example.weights(solvers[1].net)[name].data, blob.data, atol=1e-4)


@pytest.mark.usefixtures("device")
def test_the_steps_share_their_parameters(solvers):
    params = solvers[1].net.params
    for t in range(2, 6):
        assert np.shares_memory(params[f"h_gates{t}"][0].data, params["h_gates1"][0].data)


def test_parity(example):
    bits, odd = example.parity(np.random.default_rng(1), 6, 2)
    assert bits.shape == odd.shape == (6, 2, 1)
    assert odd[:, 1, 0].tolist() == [sum(bits[: t + 1, 1, 0]) % 2 for t in range(6)]


def test_the_script_writes_nets_and_picture(model, run_script, tmp_path):
    ran = run_script(tmp_path, "--iterations", "2")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1].split()[:2] == ["iteration", "1"]
    assert prototxt.load_net(tmp_path / "lstm.prototxt").layer[3].type == "LSTM"
    net = cafflite.Net(str(tmp_path / "unrolled_lstm.prototxt"), cafflite.TEST)
    assert net.blobs["h"].data.shape == (8, 32, 16)
    assert (tmp_path / "unrolled_lstm.svg").read_text() == (model / "unrolled_lstm.svg").read_text()
