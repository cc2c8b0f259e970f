"""Teach an LSTM a signal that it has to make out of its own state, and draw what it makes.

    python sine_lstm.py                                                # one window of 320 steps, 15 units
    python sine_lstm.py --layers 2 --units 7
    python sine_lstm.py --windows 3 --units 50 --iterations 10000 --random-seed 9
    python sine_lstm.py --windows 10 --units 100 --iterations 40000 --clip-gradients 1
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import cafflite
from cafflite import log
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import NetParameter
from cafflite.solvers.base import Solver

MODEL = Path(__file__).resolve().parent
WINDOW = 320  # time steps of a forward pass
AVERAGED = 200  # passes over all windows


def main() -> None:
    arguments = parse_arguments()
    log.quiet = True  # step(1) has a message for every iteration
    signal = make_signal(arguments.windows * WINDOW)
    solver = make_solver(arguments.layers, arguments.units, arguments.random_seed)
    solver.param.clip_gradients = arguments.clip_gradients
    losses = train(solver, signal, arguments.iterations)
    predicted = predict(solver, len(signal))
    loss = losses[-AVERAGED * arguments.windows :].mean()
    error = np.mean((predicted - signal) ** 2)
    print(f"training loss {loss:.5f}, mean squared error of the prediction {error:.5f}")
    draw(losses, arguments.windows, signal, predicted, arguments.output)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Teach an LSTM a signal and draw what it makes.")
    parser.add_argument("--windows", type=int, default=1, help="length of the signal in windows of 320 steps (1)")
    parser.add_argument("--layers", type=int, default=1, help="Lstm layers, one on top of the other (1)")
    parser.add_argument("--units", type=int, default=15, help="units of each (15)")
    parser.add_argument("--iterations", type=int, default=5000, help="training iterations, a window each (5000)")
    parser.add_argument("--clip-gradients", type=float, default=-1, help="the norm of all gradients at most (any)")
    parser.add_argument("--random-seed", type=int, default=1, help="makes the weights repeatable (1)")
    parser.add_argument("--output", type=Path, default=Path("sine_lstm.png"), help="the picture (sine_lstm.png)")
    return parser.parse_args()


def make_signal(length: int) -> np.ndarray:
    """The sum of four waves, sampled every 0.01, largest value 1 and mean 0."""
    t = np.arange(length) * 0.01
    slow, fast = 0.5 * np.sin(2 * t), 0.05 * (np.sin(25 * t + 10) - np.cos(17 * t + 0.8))
    signal = slow + fast - 0.02 * np.cos(45 * t + 0.3)
    signal /= np.abs(signal).max()
    return signal - signal.mean()


def make_solver(layers: int, units: int, random_seed: int) -> Solver:
    """The solver of solver.prototxt, its net with that many Lstm layers, all gates open to what they remember."""
    param = prototxt.load_solver(MODEL / "solver.prototxt")
    param.net_param.CopyFrom(stack(prototxt.load_net(MODEL / param.net), layers, units))
    param.ClearField("net")
    param.random_seed = random_seed
    solver = cafflite.get_solver(param)
    for number in range(1, layers + 1):
        bias = solver.net.params[f"lstm{number}"][2]
        bias.data[units : 2 * units] = 5  # of the forget gates
    return solver


def stack(net: NetParameter, layers: int, units: int) -> NetParameter:
    """The net with `layers` Lstm layers of `units` in place of its one."""
    stacked = NetParameter(name=net.name)
    for layer in net.layer:
        if layer.type != "Lstm":
            stacked.layer.add().CopyFrom(layer)
            continue
        for number in range(1, layers + 1):
            lstm = stacked.layer.add()
            lstm.CopyFrom(layer)
            lstm.lstm_param.num_output = units
            lstm.name = lstm.top[0] = f"lstm{number}"
            if number > 1:
                lstm.bottom[0] = f"lstm{number - 1}"
    for layer in stacked.layer:
        if layer.name == "predict":
            layer.bottom[0] = f"lstm{layers}"
    return stacked


def train(solver: Solver, signal: np.ndarray, iterations: int) -> np.ndarray:
    """Show the windows in turn, the state going on from one to the next; the loss of every iteration."""
    blobs = solver.net.blobs
    windows = signal.reshape(-1, WINDOW, 1)
    losses = np.empty(iterations)
    blobs["clip"].data[...] = 1
    for iteration in range(iterations):
        window = iteration % len(windows)
        blobs["label"].data[...] = windows[window]
        blobs["clip"].data[0] = window > 0
        solver.step(1)
        losses[iteration] = blobs["loss"].data
        if (iteration + 1) % 500 == 0:
            mean = losses[max(0, iteration + 1 - AVERAGED * len(windows)) : iteration + 1].mean()
            print(f"iteration {iteration + 1}, loss {mean:.5f}", flush=True)
    return losses


def predict(solver: Solver, length: int) -> np.ndarray:
    """The signal as the trained net makes it, one step a forward pass, with the state that it carries."""
    net = solver.test_nets[0]
    net.share_with(solver.net)
    for name in ("data", "clip", "label"):
        net.blobs[name].reshape(1, 1)
    net.reshape()
    predicted = np.empty(length)
    for step in range(length):
        net.blobs["clip"].data[...] = step > 0
        predicted[step] = net.forward()["predict"][0, 0]
    return predicted


def draw(losses: np.ndarray, windows: int, signal: np.ndarray, predicted: np.ndarray, path: Path) -> None:
    """The loss while it learned, averaged over the windows, above the signal and what the net makes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5.5), layout="constrained")
    above, below = figure.subplots(2, 1)
    passes = losses[: len(losses) // windows * windows].reshape(-1, windows).mean(axis=1)
    above.semilogy(np.arange(1, len(passes) + 1) * windows, passes, linewidth=0.8, color="tab:blue")
    above.set(xlabel="iteration", ylabel="training loss")
    below.plot(signal, color="0.6", linewidth=3, label="signal")
    below.plot(predicted, color="tab:red", linewidth=1, label="the net, step by step")
    below.set(xlabel="time step", xlim=(0, len(signal)))
    below.legend(loc="upper right", frameon=False)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    try:
        main()
    except cafflite.CaffliteError as error:
        sys.exit(str(error))
