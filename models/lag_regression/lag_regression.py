"""Teach an LSTM to predict a modulated sine some steps ahead, on the first half of it, and draw it for both halves.

Half way the training is saved and restored, as one would to go on another day. Run it in a folder to work in:

    python ../models/lag_regression/lag_regression.py --lag 10
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import cafflite
from cafflite import log
from cafflite.proto import prototxt
from cafflite.solvers.base import Solver

MODEL = Path(__file__).resolve().parent
LENGTH = 1000  # of the signal
WIDTH, BATCH = 20, 70  # values in a window, windows in a batch


def main() -> None:
    arguments = parse_arguments()
    log.quiet = True  # step(1) has a message for every iteration
    signal = make_signal(LENGTH)
    windows = Windows(signal, arguments.lag)
    half = int(np.searchsorted(windows.ends + arguments.lag, LENGTH // 2))
    rng = np.random.default_rng(arguments.random_seed)

    solver = make_solver(arguments.random_seed)
    epochs = solver.param.max_iter // (half // BATCH)
    losses = [train(solver, windows, half, rng) for _ in range(epochs // 2)]
    solver.snapshot()
    state = f"lag_regression_iter_{solver.iter}.solverstate"
    print(f"epoch {epochs // 2}, loss {losses[-1]:.6f}, saved in {state}")
    solver = make_solver(arguments.random_seed)
    solver.restore(state)
    losses += [train(solver, windows, half, rng) for _ in range(epochs - epochs // 2)]

    predicted = predict(solver, windows)
    errors = (predicted - windows.targets) ** 2
    print(f"epoch {epochs}, loss {losses[-1]:.6f}")
    print(f"mean squared error {errors[:half].mean():.5f} in the first half, {errors[half:].mean():.5f} in the second")
    draw(losses, signal, windows, predicted, half, arguments.output)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Teach an LSTM to predict a modulated sine some steps ahead.")
    parser.add_argument("--lag", type=int, default=10, help="steps from the end of a window to what it predicts (10)")
    parser.add_argument("--random-seed", type=int, default=1, help="makes a run repeatable (1)")
    parser.add_argument("--output", type=Path, default=Path("lag_regression.png"), help="the picture")
    return parser.parse_args()


def make_signal(length: int) -> np.ndarray:
    """A sine of 25 steps whose height swells and falls in 160."""
    t = np.arange(length)
    return (0.6 + 0.4 * np.sin(2 * np.pi / 160 * t)) * np.sin(2 * np.pi / 25 * t)


class Windows:
    """The windows of a signal, one that ends at each of its values as far as there is something to predict.

    data     (T, windows)  the values, from step 0 on; the first windows are cut short by the signal's begin
    lengths  (windows,)    how many values each has
    ends     (windows,)    the place of its last value
    targets  (windows,)    the value `lag` steps behind that
    """

    def __init__(self, signal: np.ndarray, lag: int) -> None:
        self.ends = np.arange(len(signal) - lag)
        self.targets = signal[lag:]
        self.lengths = np.minimum(self.ends + 1, WIDTH)
        begins = self.ends + 1 - self.lengths
        places = begins + np.arange(WIDTH)[:, None]
        self.data = np.where(np.arange(WIDTH)[:, None] < self.lengths, signal[np.minimum(places, len(signal) - 1)], 0)


def make_solver(random_seed: int) -> Solver:
    """The solver of solver.prototxt."""
    param = prototxt.load_solver(MODEL / "solver.prototxt")
    param.net = str(MODEL / param.net)
    param.random_seed = random_seed
    return cafflite.get_solver(param)


def show(net: cafflite.Net, windows: Windows, chosen: np.ndarray) -> None:
    """Put the chosen windows into the net's inputs."""
    blobs = net.blobs
    blobs["data"].data[..., 0] = windows.data[:, chosen]
    blobs["cont"].data[...] = np.arange(WIDTH)[:, None] > 0
    blobs["lengths"].data[...] = windows.lengths[chosen]
    blobs["last"].data[...] = (windows.lengths[chosen] - 1) * len(chosen) + np.arange(len(chosen))
    blobs["target"].data[:, 0] = windows.targets[chosen]


def train(solver: Solver, windows: Windows, half: int, rng: np.random.Generator) -> float:
    """One epoch over the first `half` windows, in random order; its mean loss."""
    losses = []
    for batch in rng.permutation(half)[: half // BATCH * BATCH].reshape(-1, BATCH):
        show(solver.net, windows, batch)
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    return float(np.mean(losses))


def predict(solver: Solver, windows: Windows) -> np.ndarray:
    """What the net says for every window, (windows,)."""
    net = solver.test_nets[0]
    net.share_with(solver.net)
    predicted = np.empty(len(windows.ends))
    for begin in range(0, len(predicted), BATCH):
        chosen = np.minimum(np.arange(begin, begin + BATCH), len(predicted) - 1)
        show(net, windows, chosen)
        predicted[chosen] = net.forward()["predict"][:, 0]
    return predicted


def draw(
    losses: list[float], signal: np.ndarray, windows: Windows, predicted: np.ndarray, half: int, path: Path
) -> None:
    """The loss of each epoch above the signal and the prediction in both halves."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    above, below = figure.subplots(2, 1)
    above.semilogy(np.arange(1, len(losses) + 1), losses, color="tab:blue", linewidth=1)
    above.axvline(len(losses) // 2 + 0.5, color="0.4", linestyle=":", linewidth=1)
    above.set(xlabel="epoch; at the dotted line the training was saved and restored", ylabel="training loss")
    below.plot(signal, color="0.7", linewidth=3, label="signal")
    places = windows.ends + len(signal) - len(windows.ends)
    below.plot(places[:half], predicted[:half], color="tab:blue", linewidth=1, label="predicted, first half")
    below.plot(places[half:], predicted[half:], color="tab:red", linewidth=1, label="predicted, second half")
    below.set(xlabel="time step", xlim=(0, len(signal)), ylim=(-1.1, 1.5))
    below.legend(frameon=False, ncols=3, loc="upper center")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    try:
        main()
    except cafflite.CaffliteError as error:
        sys.exit(str(error))
