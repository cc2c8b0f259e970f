"""Nets go on where they were when Caffe's mode changes."""

import numpy as np
import pytest

import cafflite
from cafflite.backend.ops import Ops
from cafflite.net import Net
from cafflite.proto import prototxt
from tests.device_twins import device_ops
from tests.strict_device import StrictOps

NET = """
force_backward: true
layer { name: "in" type: "Input" top: "x" top: "cont" top: "t"
  input_param { shape { dim: 4 dim: 2 dim: 3 } shape { dim: 4 dim: 2 } shape { dim: 4 dim: 2 dim: 5 } } }
layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" top: "h"
  recurrent_param { num_output: 5 weight_filler { type: "uniform" min: -1 max: 1 } } }
layer { name: "drop" type: "Dropout" bottom: "h" top: "h" }
layer { name: "ip" type: "InnerProduct" bottom: "h" top: "y" param { name: "w" } inner_product_param {
  axis: 2 num_output: 5 bias_term: false weight_filler { type: "xavier" } } }
layer { name: "again" type: "InnerProduct" bottom: "y" top: "z" param { name: "w" }
  inner_product_param { axis: 2 num_output: 5 bias_term: false } }
layer { name: "loss" type: "EuclideanLoss" bottom: "z" bottom: "t" top: "loss" }
"""


def one_pass(net: Net, number: int) -> dict[str, np.ndarray]:
    """Blobs and parameter diffs, on the host; the hidden state and the numbers of Dropout go on from pass to pass."""
    rng = np.random.default_rng(number)
    for name in ("x", "t"):
        net.blobs[name].data[...] = net.ops.xp.asarray(rng.standard_normal(net.blobs[name].shape), "f")
    net.blobs["cont"].data[...] = 1
    net.clear_param_diffs()
    net.forward()
    net.backward()
    found = {name: net.ops.to_host(blob.data).copy() for name, blob in net.blobs.items()}
    return found | {"x diff": net.ops.to_host(net.blobs["x"].diff), "diffs": net.ops.to_host(net.diff_buffer).copy()}


def test_a_net_that_is_moved_goes_on():
    param, host = prototxt.load_net(NET), Ops(np, "float32")
    stays, moves = (Net(param, host, seed=1) for _ in range(2))
    for number, ops in enumerate((host, StrictOps(), host)):
        moves.move(ops)
        expected = one_pass(stays, number)
        for what, array in one_pass(moves, number).items():
            np.testing.assert_array_equal(array, expected[what], err_msg=what)
    assert np.shares_memory(moves.params["ip"][0].data, moves.data_buffer)
    assert np.shares_memory(moves.params["ip"][0].data, moves.params["again"][0].data)


def test_parameters_of_another_net_come_along_from_there():
    param, host, strict = prototxt.load_net(NET), Ops(np, "float32"), StrictOps()
    net, other = (Net(param, host, seed=seed) for seed in (1, 2))
    net.share_trained_layers_with(other)
    other.move(strict)
    other.data_buffer[...] = 3
    net.move(strict)
    assert (strict.to_host(net.params["ip"][0].data) == 3).all()
    other.data_buffer[...] = 4
    assert (strict.to_host(net.params["ip"][0].data) == 4).all()
    assert all(learned.is_shared for learned in net.learnable)


def train(modes: str) -> list[np.ndarray]:
    """Two iterations, each with a test, in each of the modes, c(pu) and g(pu): what the solver has then."""
    for mode, at_first in zip(modes, [True, *[False] * len(modes)], strict=False):
        (cafflite.set_mode_gpu if mode == "g" else cafflite.set_mode_cpu)()
        if at_first:
            solver = cafflite.get_solver(
                f'net_param {{ {NET} }} type: "Adam" base_lr: 0.1 momentum: 0.9 lr_policy: "fixed" clip_gradients: 0.5 '
                "test_iter: 1 test_interval: 1 random_seed: 1"
            )
            for net in (solver.net, *solver.test_nets):
                for name in ("x", "cont", "t"):
                    net.blobs[name].data[...] = np.cos(np.arange(net.blobs[name].count)).reshape(net.blobs[name].shape)
        solver.step(2)
        assert type(solver.net.blobs["x"].data) is np.ndarray
        assert (solver.ops.xp is np) == (mode == "c")
    data = [solver.net.params[name][0].data for name in ("lstm", "ip")]
    return [*data, *map(solver.ops.to_host, solver.history), solver.test_nets[0].blobs["loss"].data]


@pytest.mark.gpu
@pytest.mark.parametrize("modes", ["ggg", "cgc", "gcg"])
def test_a_solver_goes_on_when_the_mode_changes(modes):
    device_ops()
    for found, expected in zip(train(modes), train("ccc"), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_the_mode_is_that_of_the_next_forward_pass():
    device_ops()
    net = cafflite.Net(NET, cafflite.TRAIN)
    kept = net.params["lstm"][0].data.copy()
    assert net.forward() and net.ops.xp is np
    cafflite.set_mode_gpu()
    net.backward()
    assert net.ops.xp is np
    net.forward()
    assert net.ops.xp is not np
    np.testing.assert_array_equal(net.params["lstm"][0].data, kept)
    net.backward()
