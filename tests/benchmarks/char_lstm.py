"""One training iteration of models/text_gen, in cafflite and in PyTorch, taken in turns in one run.

    python tests/benchmarks/char_lstm.py [rounds]

Prints the median time of each, the median of the ratios round by round, and each process's peak memory. Both do the
same work: embedding, LSTM 256, dropout, inner product, softmax loss over 50 steps of 250 streams, backward, the
gradient clipped by its norm, Adam. Both use all usable cores.
"""

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

MODEL = Path(__file__).parents[2] / "models" / "text_gen"
STEPS, STREAMS, SYMBOLS = 50, 250, 47


def cafflite_iteration():
    import h5py
    import numpy as np

    import cafflite
    from cafflite import log
    from cafflite.proto import prototxt

    log.quiet = True
    folder = Path(tempfile.mkdtemp())
    symbols = np.random.default_rng(0).integers(0, SYMBOLS, (2, STEPS * 4, STREAMS))
    with h5py.File(folder / "data.h5", "w") as file:
        file["input_sequence"], file["target_sequence"] = symbols.astype("float32")
        file["cont_sequence"] = (np.arange(STEPS * 4)[:, None] > np.zeros(STREAMS)).astype("float32")
    (folder / "list.txt").write_text(str(folder / "data.h5"))
    solver = prototxt.load_solver(MODEL / "solver.prototxt")
    solver.net_param.CopyFrom(prototxt.load_net(MODEL / "train.prototxt"))
    solver.ClearField("net")
    solver.display = 0
    for layer in solver.net_param.layer:
        if layer.type == "HDF5Data":
            layer.hdf5_data_param.source = str(folder / "list.txt")
    trained = cafflite.get_solver(solver)
    return lambda: trained.step(1)


def torch_iteration():
    import torch
    from torch import nn

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    embed, lstm, drop, out = nn.Embedding(SYMBOLS, 32), nn.LSTM(32, 256), nn.Dropout(0.35), nn.Linear(256, SYMBOLS)
    parameters = [p for module in (embed, lstm, out) for p in module.parameters()]
    adam = torch.optim.Adam(parameters, 1e-3, betas=(0.2, 0.999), weight_decay=1e-4)
    symbols = torch.randint(0, SYMBOLS, (2, STEPS, STREAMS))

    def iterate():
        adam.zero_grad()
        scores = out(drop(lstm(embed(symbols[0]))[0]))
        nn.functional.cross_entropy(scores.view(-1, SYMBOLS), symbols[1].view(-1)).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()

    return iterate


def work(make, pipe) -> None:
    """Time three iterations each time the other end of `pipe` asks, and send their median."""
    iterate = make()
    for _ in range(3):
        iterate()
    while pipe.recv():
        times = []
        for _ in range(3):
            start = time.perf_counter()
            iterate()
            times.append(time.perf_counter() - start)
        pipe.send((median(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main(rounds: int) -> None:
    context = multiprocessing.get_context("spawn")
    pipes = []
    for make in (cafflite_iteration, torch_iteration):
        here, there = context.Pipe()
        context.Process(target=work, args=(make, there), daemon=True).start()
        pipes.append(here)
    times: list[list[float]] = [[], []]
    memory = [0.0, 0.0]
    for _ in range(rounds):
        for i, pipe in enumerate(pipes):
            pipe.send(True)
            seconds, memory[i] = pipe.recv()
            times[i].append(seconds)
    for pipe in pipes:
        pipe.send(False)
    for name, seconds, megabytes in zip(("cafflite", "PyTorch"), times, memory, strict=True):
        print(f"{name:9} {median(seconds) * 1e3:7.1f} ms an iteration, peak memory {megabytes:.0f} MB")
    ratios = [ours / theirs for ours, theirs in zip(*times, strict=True)]
    print(f"ratio     {median(ratios):7.2f}  (median of {rounds} rounds, {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
