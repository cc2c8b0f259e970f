"""The solvers of the Python interface: by name and by type, stepped, watched, and sharing weights."""

import numpy as np
import pytest

import cafflite
from cafflite.errors import PrototxtError, SolverError
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import SolverParameter
from cafflite.solvers.base import Solver

pytestmark = pytest.mark.usefixtures("device")

RULES = ["SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"]
NET = """
layer { name: "data" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
  inner_product_param { num_output: 2 weight_filler { type: "constant" value: 1 } } }
layer { name: "out" type: "InnerProduct" bottom: "y" top: "z" param { lr_mult: 2 }
  inner_product_param { num_output: 2 weight_filler { type: "constant" value: 1 } bias_term: false } }
layer { name: "loss" type: "Reduction" bottom: "z" top: "loss" loss_weight: 1 }
"""
SOLVER = 'base_lr: 0.125 lr_policy: "step" gamma: 0.5 stepsize: 2 max_iter: 3 test_iter: 1 test_interval: 100 '


def solver(settings: str = "", net: str = NET):
    made = cafflite.get_solver(f"net_param {{ {net} }} {SOLVER} {settings}")
    made.net.blobs["x"].data[...] = 1
    return made


@pytest.mark.parametrize("rule", RULES)
def test_by_name_and_by_type(tmp_path, rule):
    (tmp_path / "net.prototxt").write_text(NET)
    text = SOLVER + f'type: "{rule}" net: "{tmp_path}/net.prototxt"'
    (tmp_path / "solver.prototxt").write_text(text)
    solver_class = getattr(cafflite, f"{rule}Solver")
    for source in (str(tmp_path / "solver.prototxt"), tmp_path / "solver.prototxt", text, prototxt.load_solver(text)):
        for run in (cafflite.get_solver(source), solver_class(source)):
            assert type(run) is solver_class
            assert isinstance(run, Solver)
            assert [type(net) for net in (run.net, *run.test_nets)] == [cafflite.Net, cafflite.Net]
            run.net.blobs["x"].data[...] = 1
            before = run.net.params["ip"][0].data.copy()
            run.step(2)
            assert run.iter == 2
            assert (run.net.params["ip"][0].data != before).any()


def test_the_rate_follows_its_policy():
    run = solver()
    rates = []
    for _ in range(5):
        rates.append(run.lr)
        run.step(1)
    assert rates == [0.125, 0.125, 0.0625, 0.0625, 0.03125]
    assert (run.param.base_lr, run.param.max_iter, run.param.display) == (0.125, 3, 0)


def test_an_update_is_of_the_diffs_that_are_there():
    run = solver()
    run.net.params["ip"][0].data[...] = 0
    run.net.params["ip"][0].diff[...] = 1
    run.apply_update()
    assert (run.net.params["ip"][0].data == -0.125).all()
    assert run.iter == 1


def test_callbacks_surround_the_gradients():
    run = solver()
    seen = []
    run.add_callback(
        lambda: seen.append(("start", run.iter)),
        lambda: seen.append(("ready", float(run.net.params["ip"][1].diff[0]))),
    )
    run.step(2)
    assert [name for name, _ in seen] == ["start", "ready", "start", "ready"]
    assert seen[1] == ("ready", 4)  # 2 images, 2 outputs


def test_nets_of_a_solver_have_callbacks():
    run = solver()
    layers = []
    run.net.after_backward(layers.append)
    run.step(1)
    assert layers == [3, 2, 1, 0]


def test_solve_and_restore(tmp_path):
    run = solver(f'snapshot_prefix: "{tmp_path}/s"')
    run.solve()
    assert run.iter == 3
    run.snapshot()
    again = solver()
    again.restore(str(tmp_path / "s_iter_3.solverstate"))
    assert again.iter == 3
    assert np.array_equal(again.net.params["out"][0].data, run.net.params["out"][0].data)
    again.solve(str(tmp_path / "s_iter_3.solverstate"))
    assert again.iter == 3


def test_nets_outlive_their_solver():
    run = solver()
    nets = [run.net, *run.test_nets]
    del run
    assert [float(net.params["ip"][0].data.sum()) for net in nets] == [6, 6]
    assert nets[0].forward()["loss"] == 2 * 2 * 6


def test_a_net_that_takes_the_solvers_weights_follows_its_training():
    run = solver()
    other = cafflite.Net(NET, cafflite.TEST)
    run.share_weights(other)
    run.step(2)
    assert (other.params["ip"][0].data != 1).all()
    assert np.shares_memory(other.params["ip"][0].data, run.net.params["ip"][0].data)


def test_test_nets_share_the_weights_from_the_first_test_on():
    run = solver()
    run.step(1)
    assert np.shares_memory(run.test_nets[0].params["ip"][0].data, run.net.params["ip"][0].data)


@pytest.mark.parametrize("rule", RULES)
def test_a_solver_goes_on_training_the_weights_that_its_net_took_over(rule):
    momentum = "" if rule in ("AdaGrad", "RMSProp") else "momentum: 0.5"  # these two take none
    settings = f'type: "{rule}" weight_decay: 0.5 clip_gradients: 3 {momentum}'
    alone, sharing = solver(settings), solver(settings)
    other = cafflite.Net(NET.replace('name: "out"', 'name: "elsewhere"'), cafflite.TRAIN)  # shares only "ip"
    for step in range(3):
        if step == 1:
            other.params["ip"][0].data[...] = sharing.net.params["ip"][0].data
            other.params["ip"][1].data[...] = sharing.net.params["ip"][1].data
            sharing.net.share_with(other)
        for run in (alone, sharing):
            run.step(1)
    for name in ("ip", "out"):
        np.testing.assert_array_equal(sharing.net.params[name][0].data, alone.net.params[name][0].data)
    np.testing.assert_array_equal(other.params["ip"][0].data, alone.net.params["ip"][0].data)
    np.testing.assert_array_equal(other.params["ip"][1].data, alone.net.params["ip"][1].data)
    assert (other.params["elsewhere"][0].data == 1).all()


def test_two_solvers_train_one_set_of_weights():
    first, second = solver(), solver()
    first.net.share_with(second.net)
    first.step(1)
    after_one = second.net.params["ip"][0].data.copy()
    assert (after_one != 1).all()
    second.step(1)
    assert (first.net.params["ip"][0].data != after_one).all()
    assert np.array_equal(first.net.params["ip"][0].data, second.net.params["ip"][0].data)


def test_a_snapshot_holds_the_shared_weights(tmp_path):
    run = solver(f'snapshot_prefix: "{tmp_path}/s"')
    other = cafflite.Net(NET, cafflite.TRAIN)
    other.params["ip"][0].data[...] = 7
    run.net.share_with(other)
    run.snapshot()
    again = cafflite.Net(NET, cafflite.TEST, weights=tmp_path / "s_iter_0.caffemodel")
    assert (again.params["ip"][0].data == 7).all()
    other.params["ip"][0].data[...] = 0
    run.restore(tmp_path / "s_iter_0.solverstate")
    assert (other.params["ip"][0].data == 7).all()


def test_the_guard_and_the_debug_messages_see_the_shared_weights(tmp_path, capfd):
    run = solver(f'snapshot_prefix: "{tmp_path}/s" debug_info: true display: 1')
    other = cafflite.Net(NET, cafflite.TRAIN)
    run.net.share_with(other)
    other.params["out"][0].data[...] = 0
    run.step(1)
    assert "All net params (data, diff): L1 norm = (6, " in capfd.readouterr().err
    other.params["ip"][0].data[0, 0] = np.nan
    run.nan_guard = True
    with pytest.raises(SolverError, match="layer 'ip' .* parameter 0 is not finite"):
        run.snapshot()


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("missing.prototxt", PrototxtError, "missing.prototxt: the file cannot be read"),
        ('net: "missing.prototxt" lr_policy: "fixed"', PrototxtError, "missing.prototxt: the file cannot be read"),
        (SOLVER, SolverError, "<solver>: the training net is given by nothing"),
        (SOLVER + 'type: "Adm"', SolverError, "<solver>: type is 'Adm', expected one of .* did you mean 'Adam'"),
        ('type: "SGD" solver_type: ADAM ' + SOLVER, SolverError, "<text>: "),
        (SolverParameter(), SolverError, "<solver>: "),
    ],
)
def test_mistakes(source, error, message):
    with pytest.raises(error, match=message):
        cafflite.get_solver(source)
