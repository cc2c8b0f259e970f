"""The worked example models/cosine_rnn, short."""

import numpy as np
import pytest

NETS = ("lstm", "gru", "rnn", "bidirectional")


@pytest.mark.parametrize("name", NETS)
def test_a_net_learns(example, name):
    solver = example.make_solver(name, iterations=32, random_seed=1)
    losses = example.train(solver, name, random_seed=1)
    assert losses[-4:].mean() < 0.5 * losses[:4].mean()
    free = example.go_on(solver, name)
    assert free.shape == (example.FREE,) and np.abs(free).max() <= 1  # HardTanh


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("name", NETS)
def test_what_goes_on_alone_begins_as_the_training_net_would(example, name):
    solver = example.make_solver(name, iterations=1, random_seed=1)
    net = solver.net
    net.blobs["data"].data[:, :, 0] = example.cosine(np.arange(example.STEPS))[:, None]
    net.blobs["cont"].data[...] = np.arange(example.STEPS)[:, None] > 0
    net.forward()
    assert example.go_on(solver, name)[0] == pytest.approx(net.blobs["bounded"].data[-1, 0, 0], abs=1e-5)


@pytest.mark.parametrize(("name", "goes_on"), [("gru", 1), ("bidirectional", 0)])
def test_a_net_that_reads_both_ways_is_trained_on_windows_without_a_state(example, name, goes_on):
    """As it is asked: trained with a state, it loses the height of the cosine where it has none."""
    solver = example.make_solver(name, iterations=2, random_seed=1)
    example.train(solver, name, random_seed=1)
    cont = solver.net.blobs["cont"].data
    assert set(cont[0]) == {goes_on} and set(cont[1:].ravel()) == {1}


def test_the_gradient_goes_back_over_one_batch(example):
    net = example.make_solver("bidirectional", iterations=1, random_seed=1).net
    assert net.blobs["forward"].shape[0] == example.STEPS
    assert net.blobs["last"].shape == (1, example.STREAMS, 1)


def test_the_script_trains_goes_on_and_draws(run_script, tmp_path):
    done = run_script(tmp_path, "gru", "rnn", "--iterations", "6", "--output", "out.png")
    assert done.returncode == 0, done.stderr
    assert [line.split(" loss")[0].strip() for line in done.stdout.splitlines()] == ["GRU", "simple RNN"]
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
