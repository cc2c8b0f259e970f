"""The training loop: what it does when, what it lets others do, and what it refuses."""

import re

import numpy as np
import pytest

from cafflite.errors import NetError, SolverError
from cafflite.proto.caffe_pb2 import NetParameter, SolverParameter
from cafflite.proto.prototxt import parse
from cafflite.solvers import make_solver

NET = """
name: "tiny"
layer { name: "data" type: "DummyData" top: "x" top: "y"
  dummy_data_param { shape { dim: 2 dim: 3 } shape { dim: 2 dim: 1 } data_filler { type: "constant" value: VALUE } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip"
  inner_product_param { num_output: 1 weight_filler { type: "constant" value: 1 } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "y" top: "loss" }
"""


def solver(settings: str = "", value: float = 0.5):
    text = f'base_lr: 0.1 lr_policy: "fixed" max_iter: 4 snapshot_after_train: false {settings}'
    param = parse(text, SolverParameter, "solver.prototxt")
    param.net_param.CopyFrom(parse(NET.replace("VALUE", str(value)), type(param.net_param), "net.prototxt"))
    return make_solver(param)


def messages(capfd) -> list[str]:
    """The messages on stderr, without times."""
    lines = capfd.readouterr().err.splitlines()
    return [re.sub(r"\(.* iters\)", "(T)", line.partition("] ")[2]) for line in lines]


def test_what_a_run_tells(capfd):
    solver("display: 2 test_iter: 2 test_interval: 3 average_loss: 2").solve()
    found = messages(capfd)
    assert [re.sub(r"= [-+.\de]+", "= #", line) for line in found] == [
        "Solver scaffolding done.",
        "Solving tiny",
        "Learning Rate Policy: fixed",
        "Iteration 0, Testing net (#0)",
        "    Test net output #0: loss = # (* 1 = # loss)",
        "Iteration 0 (T), loss = #",
        "    Train net output #0: loss = # (* 1 = # loss)",
        "Iteration 0, lr = #",
        "Iteration 2 (T), loss = #",
        "    Train net output #0: loss = # (* 1 = # loss)",
        "Iteration 2, lr = #",
        "Iteration 3, Testing net (#0)",
        "    Test net output #0: loss = # (* 1 = # loss)",
        "Iteration 4, loss = #",
        "Optimization Done.",
    ]
    assert found[5] == "Iteration 0 (T), loss = 0.5"


def test_the_loss_shown_is_the_mean_of_the_last_ones(capfd):
    run = solver("display: 1 average_loss: 3")
    losses = []
    run.add_callback(lambda: None, lambda: losses.append(float(run.net.loss())))
    run.step(5)
    shown = [float(line.rpartition(" ")[2]) for line in messages(capfd) if "iters" in line or "(T), loss" in line]
    means = [np.mean(losses[max(0, i - 2) : i + 1]) for i in range(5)]
    assert shown == [pytest.approx(mean, rel=1e-5) for mean in means]


def test_callbacks_come_before_the_forward_pass_and_before_the_update():
    run = solver()
    seen = []
    run.add_callback(
        lambda: seen.append(("start", run.iter, float(run.net.data_buffer[0]))),
        lambda: seen.append(("ready", run.iter, float(run.net.data_buffer[0]))),
    )
    run.step(2)
    (w0, w1) = (seen[0][2], seen[2][2])
    assert seen == [("start", 0, w0), ("ready", 0, w0), ("start", 1, w1), ("ready", 1, w1)]
    assert w0 == 1 != w1


def test_apply_update_subtracts_the_gradient_and_leaves_the_update_in_the_diff():
    run = solver()
    run.net.diff_buffer[...] = [1, 2, 3, 4]
    before = run.net.data_buffer.copy()
    run.apply_update()
    np.testing.assert_allclose(run.net.diff_buffer, [0.1, 0.2, 0.3, 0.4], rtol=1e-6)
    np.testing.assert_array_equal(run.net.data_buffer, before - run.net.diff_buffer)
    assert run.iter == 1


def test_gradients_are_clipped_before_they_are_divided_and_decayed(capfd):
    run = solver("clip_gradients: 2.5 iter_size: 2 weight_decay: 0.5")
    run.net.data_buffer[...] = [1, 1, 1, 0]
    run.net.diff_buffer[...] = [3, 0, 0, 4]
    run.apply_update()
    np.testing.assert_allclose(run.net.diff_buffer, np.multiply(0.1, [0.75 + 0.5, 0.5, 0.5, 1]), rtol=1e-6)
    assert messages(capfd)[-1] == ("Gradient clipping: scaling down gradients (L2 norm 5 > 2.5) by scale factor 0.5")


def test_multipliers_hold_for_their_parameter():
    run = solver("weight_decay: 1 regularization_type: 'L1'")
    run.net.learnable[1].decay_mult = 0
    run.net.learnable[1].lr_mult = 2
    run._lay_out_runs()
    run.net.data_buffer[...] = [-1, 0, 5, 5]
    run.net.diff_buffer[...] = 1
    run.apply_update()
    np.testing.assert_allclose(run.net.diff_buffer, [0, 0.1, 0.2, 0.2], atol=1e-7)


@pytest.mark.parametrize(("action", "iteration"), [("stop", 1), ("snapshot", 4), ("none", 4)])
def test_an_action_is_taken_after_the_iteration_it_was_asked_in(monkeypatch, tmp_path, capfd, action, iteration):
    monkeypatch.chdir(tmp_path)
    asked = [action]
    run = solver('snapshot_prefix: "snap"')
    run.requested_action = lambda: asked.pop() if asked else "none"
    run.solve()
    assert run.iter == iteration
    assert (tmp_path / "snap_iter_1.solverstate").exists() == (action != "none")
    assert messages(capfd)[-1] == ("Optimization stopped early." if action == "stop" else "Optimization Done.")


def test_a_test_is_interrupted(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    asked = ["stop", "snapshot"]
    run = solver('snapshot_prefix: "snap" test_iter: 5 test_interval: 1')
    run.requested_action = lambda: asked.pop() if asked else "none"
    run.solve()
    assert messages(capfd)[-6:] == [
        "Snapshotting to binary proto file snap_iter_0.caffemodel",
        "Snapshotting solver state to binary proto file snap_iter_0.solverstate",
        "Test interrupted.",
        "Snapshotting to binary proto file snap_iter_0.caffemodel",
        "Snapshotting solver state to binary proto file snap_iter_0.solverstate",
        "Optimization stopped early.",
    ]


def test_the_nan_guard_names_the_first_blob_and_keeps_the_snapshot(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = solver('snapshot_prefix: "snap" snapshot: 1')
    run.nan_guard = True
    run.step(1)
    before = (tmp_path / "snap_iter_1.caffemodel").read_bytes()
    run.net.data_buffer[1] = np.inf
    message = r"^net.prototxt:5: layer 'ip' \(InnerProduct\): its parameter 0 is the first that is not finite, and the"
    with pytest.raises(SolverError, match=message):
        run.step(1)
    with pytest.raises(SolverError, match="its parameter 0 is not finite after 1 iterations"):
        run.snapshot()
    assert (tmp_path / "snap_iter_1.caffemodel").read_bytes() == before


def test_the_nan_guard_names_a_top_blob():
    run = solver(value=1e38)
    run.nan_guard = True
    run.net.data_buffer[...] = 10
    with pytest.raises(
        SolverError, match=r"layer 'ip' \(InnerProduct\): its top blob 'ip' is the first .* loss .* inf"
    ):
        run.step(1)


def test_without_the_guard_a_run_goes_on():
    run = solver(value=1e38)
    run.step(2)
    assert not np.isfinite(run.losses[-1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("iter_size: 0", "<solver>: iter_size is 0, expected 1 or more"),
        ("average_loss: 0", "<solver>: average_loss is 0"),
        ("regularization_type: 'L3' weight_decay: 1", "regularization_type is 'L3', expected one of L1, L2"),
        ("type: 'Adma'", "type is 'Adma', expected one of AdaDelta, .*SGD; did you mean 'Adam'"),
        ("type: 'AdaGrad' momentum: 0.9", "momentum is 0.9, but AdaGrad has none"),
        ("type: 'RMSProp' momentum: 0.9", "momentum is 0.9, but RMSProp has none"),
        ("type: 'RMSProp' rms_decay: 1", "rms_decay is 1"),
        ("type: 'Adam' momentum: 1", "momentum is 1, expected 0 or more and less than 1"),
        ("snapshot: 1 snapshot_prefix: 'no/such/snap'", "snapshot_prefix is 'no/such/snap', but no folder 'no/such'"),
        ("train_net: 'x'", "the training net is given by net_param and train_net"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(SolverError, match=message):
        solver(settings)


def test_a_snapshot_holds_the_updates_as_diffs_where_they_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = solver('snapshot_prefix: "snap" snapshot: 1 snapshot_diff: true')
    before = run.net.data_buffer.copy()
    run.step(1)
    model = NetParameter.FromString((tmp_path / "snap_iter_1.caffemodel").read_bytes())
    (layer,) = [layer for layer in model.layer if layer.name == "ip"]
    found = [[*blob.data, *blob.diff] for blob in layer.blobs]
    data, update = run.net.data_buffer, before - run.net.data_buffer
    expected = [[*data[:3], *update[:3]], [data[3], update[3]]]
    for numbers, rule in zip(found, expected, strict=True):
        np.testing.assert_allclose(numbers, rule, rtol=1e-5)


def test_the_old_solver_type_chooses_the_rule():
    assert solver("solver_type: ADADELTA").history_count == 2


def test_an_error_in_a_net_names_its_place():
    with pytest.raises(NetError, match="net.prototxt:3: layer 'data'"):
        solver(value="0.5 } data_filler { type: 'constant' } data_filler { type: 'constant'")
