"""The worked example models/sine_lstm, short."""

import numpy as np
import pytest


def test_the_signal_has_mean_0_and_the_four_waves(example):
    signal = example.make_signal(3200)
    assert signal.mean() == pytest.approx(0, abs=1e-12)
    assert np.ptp(signal) == pytest.approx(2, rel=0.05)
    frequencies = np.abs(np.fft.rfft(signal * np.hanning(3200)))
    peaks = [n for n in range(3, 300) if frequencies[n] == frequencies[n - 3 : n + 4].max() and frequencies[n] > 8]
    assert [2 * np.pi * n / 32 for n in peaks] == pytest.approx([2, 17, 25, 45], abs=0.1)


def test_the_nets_have_the_layers_that_are_asked_for(example):
    solver = example.make_solver(layers=2, units=7, random_seed=1)
    assert [solver.net.params[name][1].shape for name in ("lstm1", "lstm2")] == [(28, 7), (28, 7)]
    for name in ("lstm1", "lstm2"):
        np.testing.assert_array_equal(solver.net.params[name][2].data, np.repeat([0, 5, 0, 0], 7))
    assert solver.net.bottom_names["predict"] == ["lstm2"]
    assert solver.test_nets[0].outputs == ["predict"]


@pytest.mark.usefixtures("device")
def test_the_state_goes_on_from_window_to_window(example):
    solver = example.make_solver(layers=1, units=5, random_seed=1)
    signal = example.make_signal(3 * example.WINDOW)
    solver.param.base_lr = 0
    example.train(solver, signal, 3)
    last = solver.net.blobs["predict"].data[:, 0]
    np.testing.assert_allclose(example.predict(solver, len(signal))[-example.WINDOW :], last, atol=1e-6)


def test_the_script_trains_predicts_and_draws(run_script, tmp_path):
    done = run_script(tmp_path, "--iterations", "500", "--output", "out.png")
    assert done.returncode == 0, done.stderr
    words = done.stdout.splitlines()[-1].replace(",", "").split()
    loss, error = float(words[2]), float(words[-1])
    assert loss < 0.1  # it begins at 0.15, with the signal's variance
    assert error == pytest.approx(2 * loss, rel=0.8)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
