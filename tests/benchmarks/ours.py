"""The timed work, by cafflite."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import cafflite
from cafflite import log
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import NetParameter, SolverParameter
from cafflite.solvers.base import Solver

MODELS = Path(__file__).parents[2] / "models"
STEPS, STREAMS, UNITS, SYMBOLS = 50, 250, 256, 47


def network(make: Callable[[], NetParameter], train: bool) -> Callable[[], object]:
    """A forward pass in the test phase, or an iteration of SGD with momentum."""
    log.quiet = True
    if train:
        param = SolverParameter(base_lr=1e-4, momentum=0.9, lr_policy="fixed", net_param=make(), train_state={})
        solver = cafflite.get_solver(param)
        net = solver.net
    else:
        net = cafflite.Net(make(), cafflite.TEST)
    rng = np.random.default_rng(0)
    net.blobs["data"].data[...] = rng.standard_normal(net.blobs["data"].shape)
    for params in net.params.values():
        if len(params) == 3:  # BatchNorm's sums of means, which stay 0, and of variances, and their factor
            params[1].data[...] = params[2].data[...] = 1
    return (lambda: solver.step(1)) if train else net.forward


def characters(steps: int = STEPS, streams: int = STREAMS, units: int = UNITS) -> Callable[[], object]:
    """A training iteration of models/text_gen, or of a smaller or a larger net of its kind."""
    solver = text_gen_solver(steps, streams, units)
    return lambda: solver.step(1)


def text_gen_solver(steps: int = STEPS, streams: int = STREAMS, units: int = UNITS) -> Solver:
    """That of models/text_gen, with a data set of random characters, for T steps, N streams and H units."""
    import h5py

    log.quiet = True
    folder = Path(tempfile.mkdtemp())
    symbols = np.random.default_rng(0).integers(0, SYMBOLS, (2, steps * 4, streams))
    with h5py.File(folder / "data.h5", "w") as file:
        file["input_sequence"], file["target_sequence"] = symbols.astype("float32")
        file["cont_sequence"] = (np.arange(steps * 4)[:, None] > np.zeros(streams)).astype("float32")
    (folder / "list.txt").write_text(str(folder / "data.h5"))
    param = prototxt.load_solver(MODELS / "text_gen" / "solver.prototxt")
    param.net_param.CopyFrom(prototxt.load_net(MODELS / "text_gen" / "train.prototxt"))
    param.ClearField("net")
    param.display = 0
    for layer in param.net_param.layer:
        if layer.type == "HDF5Data":
            layer.hdf5_data_param.source = str(folder / "list.txt")
            layer.hdf5_data_param.batch_size = steps
        if layer.type == "LSTM":
            layer.recurrent_param.num_output = units
    return cafflite.get_solver(param)


def sine() -> Callable[[], object]:
    """A training iteration of models/sine_lstm."""
    log.quiet = True
    param = prototxt.load_solver(MODELS / "sine_lstm" / "solver.prototxt")
    param.net_param.CopyFrom(prototxt.load_net(MODELS / "sine_lstm" / "sine_lstm.prototxt"))
    param.ClearField("net")
    solver = cafflite.get_solver(param)
    solver.net.blobs["clip"].data[...] = 1
    return lambda: solver.step(1)


def one_step(units: int) -> Callable[[], object]:
    """One character through models/text_gen/deploy.prototxt."""
    log.quiet = True
    param = prototxt.load_net(MODELS / "text_gen" / "deploy.prototxt")
    for layer in param.layer:
        if layer.type == "LSTM":
            layer.recurrent_param.num_output = units
    net = cafflite.Net(param, cafflite.TEST)
    net.blobs["cont_sequence"].data[...] = 1
    return net.forward
