"""Teach four recurrent nets a cosine, let each go on by itself for 200 steps, and draw what they make.

    python cosine_rnn.py                        # all four
    python cosine_rnn.py lstm gru --iterations 100
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
NETS = {"lstm": "LSTM", "gru": "GRU", "rnn": "simple RNN", "bidirectional": "bidirectional LSTM"}
STEPS, STREAMS = 25, 80  # of a batch
PIECES = 8  # batches that follow one another before the streams begin anew
PERIOD = 40  # steps
FREE = 200  # steps without the cosine


def main() -> None:
    arguments = parse_arguments()
    log.quiet = True  # step(1) has a message for every iteration
    results = {}
    for name in arguments.nets or NETS:
        solver = make_solver(name, arguments.iterations, arguments.random_seed)
        losses = train(solver, name, arguments.random_seed)
        free = go_on(solver, name)
        error = np.mean((free - cosine(STEPS + np.arange(FREE))) ** 2)
        print(f"{NETS[name]:19} loss {losses[-20:].mean():.6f}, mean squared error of {FREE} free steps {error:.6f}")
        results[name] = losses, free
    draw(results, arguments.output)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Teach recurrent nets a cosine and let them go on.")
    parser.add_argument("nets", nargs="*", help=f"of {', '.join(NETS)} (all)", choices=[*NETS, []])
    parser.add_argument("--iterations", type=int, default=600, help="training iterations (600)")
    parser.add_argument("--random-seed", type=int, default=1, help="makes a run repeatable (1)")
    parser.add_argument("--output", type=Path, default=Path("cosine_rnn.png"), help="the picture (cosine_rnn.png)")
    return parser.parse_args()


def cosine(step: np.ndarray) -> np.ndarray:
    return np.cos(2 * np.pi / PERIOD * step)


def make_solver(name: str, iterations: int, random_seed: int) -> Solver:
    """The solver of solver.prototxt, with the net of that name."""
    param = prototxt.load_solver(MODEL / "solver.prototxt")
    param.net = str(MODEL / f"{name}.prototxt")
    param.max_iter = iterations
    param.random_seed = random_seed
    return cafflite.get_solver(param)


def train(solver: Solver, name: str, random_seed: int) -> np.ndarray:
    """Show streams that begin anywhere in the cosine, piece after piece; the loss of every iteration, (max_iter,).

    A net that reads both ways is shown each piece by itself, as `go_on` shows it its windows.
    """
    rng = np.random.default_rng(random_seed)
    blobs = solver.net.blobs
    losses = np.empty(solver.param.max_iter)
    for iteration in range(len(losses)):
        piece = iteration % PIECES
        if piece == 0:
            begin = rng.integers(PERIOD, size=STREAMS)
        steps = begin + piece * STEPS + np.arange(STEPS)[:, None]
        blobs["data"].data[..., 0] = cosine(steps)
        blobs["target"].data[..., 0] = cosine(steps + 1)
        blobs["cont"].data[...] = 1
        blobs["cont"].data[0] = piece > 0 and name != "bidirectional"
        solver.step(1)
        losses[iteration] = blobs["loss"].data
    return losses


def go_on(solver: Solver, name: str) -> np.ndarray:
    """What the net makes of the cosine's first steps, each value it makes being its next input: (FREE,).

    A net that reads forward alone takes one step at a time and carries its state. One that reads both ways has to read
    the whole window again, with its last value added and the first one dropped.
    """
    net = solver.test_nets[0]
    net.share_with(solver.net)
    known = list(cosine(np.arange(STEPS)))
    steps = STEPS if name == "bidirectional" else 1
    for blob, shape in (("data", (steps, 1, 1)), ("target", (steps, 1, 1)), ("cont", (steps, 1))):
        net.blobs[blob].reshape(*shape)
    net.reshape()
    for step in range(0 if steps == 1 else STEPS - 1, STEPS + FREE - 1):
        net.blobs["data"].data[:, 0, 0] = known[step + 1 - steps : step + 1]
        net.blobs["cont"].data[...] = 1
        net.blobs["cont"].data[0] = steps == 1 and step > 0
        net.forward()
        if step + 1 >= STEPS:
            known.append(float(net.blobs["bounded"].data[-1, 0, 0]))
    return np.array(known[STEPS:])


def draw(results: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """The losses in one chart, and for each net the cosine and how it went on."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.5 * len(results) + 2.6), layout="constrained")
    above, *rows = figure.subplots(len(results) + 1, 1, gridspec_kw={"height_ratios": [1.8] + [1] * len(results)})
    time = np.arange(STEPS + FREE)
    for number, (name, (losses, free)) in enumerate(results.items()):
        colour = f"C{number}"
        above.semilogy(np.arange(1, len(losses) + 1), losses, color=colour, linewidth=1, label=NETS[name])
        axes = rows[number]
        axes.plot(time, cosine(time), color="0.7", linewidth=3)
        axes.plot(time[STEPS:], free, color=colour, linewidth=1.2)
        axes.axvline(STEPS - 0.5, color="0.4", linestyle=":", linewidth=1)
        axes.set(title=NETS[name], xlim=(0, len(time) - 1), ylim=(-1.15, 1.15), yticks=(-1, 0, 1))
    above.set(xlabel="iteration", ylabel="training loss")
    above.legend(frameon=False, ncols=2)
    rows[-1].set(xlabel="time step; from the dotted line on each net reads what it made itself")
    for axes in (above, *rows):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    try:
        main()
    except cafflite.CaffliteError as error:
        sys.exit(str(error))
