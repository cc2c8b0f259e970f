"""The worked example models/lag_regression, short."""

import numpy as np
import pytest


def test_windows_end_where_they_say_and_are_cut_short_at_the_begin(example):
    signal = np.arange(1.0, 101.0)
    windows = example.Windows(signal, lag=10)
    assert windows.data.shape == (20, 90)
    np.testing.assert_array_equal(windows.lengths[:21], [*range(1, 21), 20])
    np.testing.assert_array_equal(windows.data[:, 4], [1, 2, 3, 4, 5, *[0] * 15])
    np.testing.assert_array_equal(windows.data[:, 30], np.arange(12, 32))
    np.testing.assert_array_equal(windows.targets, np.arange(11, 101))


@pytest.mark.usefixtures("device")
def test_only_the_values_of_a_window_count(example):
    solver = example.make_solver(random_seed=1)
    windows = example.Windows(example.make_signal(200), lag=10)
    chosen = np.arange(70)
    example.show(solver.net, windows, chosen)
    before = solver.net.forward()["loss"].copy(), solver.net.blobs["predict"].data.copy()
    beyond = np.arange(20)[:, None] >= windows.lengths[chosen]
    solver.net.blobs["data"].data[beyond] = 7
    after = solver.net.forward()["loss"], solver.net.blobs["predict"].data
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_rate_is_that_of_each_epoch(example):
    solver = example.make_solver(random_seed=1)
    windows = example.Windows(example.make_signal(200), lag=10)
    rates = []
    for _ in range(420):
        example.show(solver.net, windows, np.arange(70))
        solver.step(1)
        rates.append(solver.lr)
    per_epoch = np.array(rates).reshape(60, 7)[:, -1]
    assert per_epoch[[28, 43, 53, 59]] == pytest.approx([1e-2, 5e-3, 1e-4, 1e-5], rel=0.01)


def test_the_script_learns_saves_restores_and_draws(run_script, tmp_path):
    done = run_script(tmp_path, "--output", "out.png")
    assert done.returncode == 0, done.stderr
    words = done.stdout.splitlines()[-1].split()
    first, second = float(words[3]), float(words[8])
    assert max(first, second) < 0.02  # the signal's own variance is 0.22
    assert {"lag_regression_iter_210.solverstate", "out.png"} <= {path.name for path in tmp_path.iterdir()}
