"""An LSTM of plain layers, one copy a time step, beside the LSTM layer: the same numbers, step by step in the open.

    python ../models/unrolled_lstm/unrolled_lstm.py --iterations 1000

It writes both nets (unrolled_lstm.prototxt and lstm.prototxt), compares what they compute with the same weights, trains
them side by side on the parity of bits, and draws the unrolled net for two steps (unrolled_lstm.svg).
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import cafflite
from cafflite import NetSpec, draw, log
from cafflite import layers as L
from cafflite import params as P
from cafflite.blob import Blob
from cafflite.proto.caffe_pb2 import NetParameter, SolverParameter
from cafflite.solvers.base import Solver

SMALL = dict(type="uniform", min=-0.3, max=0.3)


def main() -> None:
    arguments = parse_arguments()
    log.quiet = True
    size = (arguments.steps, arguments.streams, arguments.hidden)
    nets = {"lstm": lstm_net(*size), "unrolled_lstm": unrolled_net(*size)}
    for name, net in nets.items():
        Path(f"{name}.prototxt").write_text(str(net))
    draw.draw_net_to_file(unrolled_net(2, *size[1:]), "unrolled_lstm.svg", rankdir="TB")

    rng = np.random.default_rng(arguments.seed)
    layer, unrolled = (make_solver(net, arguments.seed) for net in nets.values())
    share_weights(layer.net, unrolled.net)
    print("the largest differences, of numbers as large as")
    for what, difference, largest in differences(layer.net, unrolled.net, *parity(rng, *size[:2])):
        print(f"  {what:16} {difference:.1e}  {largest:.1e}")
    print("loss of         LSTM  unrolled")
    for iteration in range(arguments.iterations):
        bits, target = parity(rng, *size[:2])
        losses = [step(solver, bits, target) for solver in (layer, unrolled)]
        if iteration % 100 == 0 or iteration == arguments.iterations - 1:
            print(f"iteration {iteration:4}  {losses[0]:.4f}  {losses[1]:.4f}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare an LSTM of plain layers with the LSTM layer.")
    parser.add_argument("--steps", type=int, default=8, help="time steps T, 2 or more (8)")
    parser.add_argument("--streams", type=int, default=32, help="sequences N that are read side by side (32)")
    parser.add_argument("--hidden", type=int, default=16, help="hidden units H (16)")
    parser.add_argument("--iterations", type=int, default=1000, help="training iterations (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and the bits (1)")
    return parser.parse_args()


def unrolled_net(steps: int, streams: int, hidden: int) -> NetParameter:
    """The net whose LSTM is made of plain layers. h0 and c0 are zeros: every sequence begins anew."""
    net = begin(steps, streams)
    gates = dict(num_output=4 * hidden, axis=2, weight_filler=SMALL)
    net.x_gates = L.InnerProduct(net.bits, param=[dict(name="W_x"), dict(name="b")], **gates)  # (T, N, 4H)
    net.h0, net.c0 = L.DummyData(shape=dict(dim=[1, streams, hidden]), ntop=2)
    for t, x_gates in enumerate(L.Slice(net.x_gates, ntop=steps, axis=0, name="slice_x_gates"), start=1):
        net[f"x_gates{t}"] = x_gates  # (1, N, 4H)
        net[f"h_gates{t}"] = L.InnerProduct(net[f"h{t - 1}"], param=dict(name="W_h"), bias_term=False, **gates)
        net[f"gates{t}"] = L.Eltwise(net[f"x_gates{t}"], net[f"h_gates{t}"], operation=P.Eltwise.SUM)
        add_step(net, t)
    net.h = L.Concat(*(net[f"h{t}"] for t in range(1, steps + 1)), axis=0)  # (T, N, H)
    return finish(net)


def add_step(net: NetSpec, t: int) -> None:
    """c_t = f c_before + i g and h_t = o tanh(c_t), of gates_t (1, N, 4H) and c_before (1, N, H)."""
    i, f, o, g = (f"{gate}{t}" for gate in "ifog")
    net[i], net[f], net[o], net[g] = L.Slice(net[f"gates{t}"], ntop=4, axis=2, name=f"slice{t}")
    for gate in (i, f, o):
        net[f"sigmoid_{gate}"] = L.Sigmoid(net[gate], in_place=True)
    net[f"tanh_{g}"] = L.TanH(net[g], in_place=True)
    net[f"kept{t}"] = L.Eltwise(net[f"sigmoid_{f}"], net[f"c{t - 1}"], operation=P.Eltwise.PROD)
    net[f"new{t}"] = L.Eltwise(net[f"sigmoid_{i}"], net[f"tanh_{g}"], operation=P.Eltwise.PROD)
    net[f"c{t}"] = L.Eltwise(net[f"kept{t}"], net[f"new{t}"], operation=P.Eltwise.SUM)
    net[f"tanh_c{t}"] = L.TanH(net[f"c{t}"])
    net[f"h{t}"] = L.Eltwise(net[f"sigmoid_{o}"], net[f"tanh_c{t}"], operation=P.Eltwise.PROD)


def lstm_net(steps: int, streams: int, hidden: int) -> NetParameter:
    """The net with the LSTM layer. cont is 0 in row 0 and 1 in the others: every sequence begins anew."""
    net = begin(steps, streams)
    first, others = L.DummyData(
        shape=[dict(dim=[1, streams]), dict(dim=[steps - 1, streams])],
        data_filler=[dict(type="constant", value=0), dict(type="constant", value=1)],
        ntop=2,
    )
    net.cont = L.Concat(first, others, axis=0)
    net.h = L.LSTM(net.bits, net.cont, name="lstm", recurrent_param=dict(num_output=hidden, weight_filler=SMALL))
    return finish(net)


def begin(steps: int, streams: int) -> NetSpec:
    net = NetSpec()
    net.bits, net.parity = L.Input(shape=dict(dim=[steps, streams, 1]), ntop=2)
    return net


def finish(net: NetSpec) -> NetParameter:
    net.score = L.InnerProduct(net.h, num_output=1, axis=2, weight_filler=SMALL)  # (T, N, 1)
    net.loss = L.SigmoidCrossEntropyLoss(net.score, net.parity, loss_param=dict(normalization=P.Loss.VALID))
    return net.to_proto()


def parity(rng: np.random.Generator, steps: int, streams: int) -> tuple[np.ndarray, np.ndarray]:
    """Random bits, and whether the number of ones up to each is odd; both (T, N, 1)."""
    bits = rng.integers(2, size=(steps, streams, 1))
    return bits, bits.cumsum(axis=0) % 2


def make_solver(net: NetParameter, seed: int) -> Solver:
    param = SolverParameter(net_param=net, random_seed=seed, type="Adam", lr_policy="fixed")
    param.base_lr, param.momentum, param.momentum2 = 0.01, 0.9, 0.999
    return cafflite.get_solver(param)


def step(solver: Solver, bits: np.ndarray, target: np.ndarray) -> float:
    """One iteration; the loss before its update."""
    feed(solver.net, bits, target)
    solver.step(1)
    return float(solver.net.blobs["loss"].data)


def feed(net: cafflite.Net, bits: np.ndarray, target: np.ndarray) -> None:
    net.blobs["bits"].data[...] = bits
    net.blobs["parity"].data[...] = target


def weights(net: cafflite.Net) -> dict[str, Blob]:
    """W_x (4H, 1), b (4H,), W_h (4H, H), and the W (1, H) and b (1,) of `score`: the same of both nets."""
    lstm = net.params["lstm"] if "lstm" in net.params else [*net.params["x_gates"], *net.params["h_gates1"]]
    return dict(zip(("W_x", "b", "W_h", "W of score", "b of score"), [*lstm, *net.params["score"]], strict=True))


def share_weights(source: cafflite.Net, target: cafflite.Net) -> None:
    for name, blob in weights(target).items():
        blob.data[...] = weights(source)[name].data


def differences(
    one: cafflite.Net, other: cafflite.Net, bits: np.ndarray, target: np.ndarray
) -> Iterator[tuple[str, float, float]]:
    """What is compared, the largest difference in it, and its largest number."""
    for net in (one, other):
        feed(net, bits, target)
        net.forward()
        net.backward()
    pairs = {name: (one.blobs[name].data, other.blobs[name].data) for name in ("h", "score", "loss")}
    gradients = {f"d {name}": (blob.diff, weights(other)[name].diff) for name, blob in weights(one).items()}
    for what, (a, b) in (pairs | gradients).items():
        yield what, float(abs(a - b).max()), float(abs(a).max())


if __name__ == "__main__":
    try:
        main()
    except cafflite.CaffliteError as error:
        sys.exit(str(error))
