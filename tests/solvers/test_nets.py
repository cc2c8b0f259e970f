"""Which nets a solver asks for, and in which states."""

import os
from pathlib import Path

import pytest

from cafflite.errors import SolverError
from cafflite.proto import caffe_pb2
from cafflite.proto.caffe_pb2 import TEST, TRAIN, NetParameter, SolverParameter
from cafflite.solvers import nets


def net(name: str, **state) -> NetParameter:
    return NetParameter(name=name, state=caffe_pb2.NetState(**state) if state else None)


def described(source: nets.Source) -> tuple:
    state = source.param.state
    return source.param.name, state.phase, state.level, list(state.stage)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (dict(net_param=net("a")), ("a", TRAIN, 0, [])),
        (dict(train_net_param=net("a")), ("a", TRAIN, 0, [])),
        (dict(net_param=net("a", phase=TEST, level=1, stage=["x"])), ("a", TEST, 1, ["x"])),
        (
            dict(net_param=net("a", level=1, stage=["x"]), train_state=caffe_pb2.NetState(level=2, stage=["y"])),
            ("a", TRAIN, 2, ["x", "y"]),
        ),
        (dict(net_param=net("a", level=1), train_state=caffe_pb2.NetState(stage=["y"])), ("a", TRAIN, 1, ["y"])),
    ],
)
def test_the_training_net(settings, expected):
    assert described(nets.train_net(SolverParameter(**settings), "")) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (dict(net_param=net("a")), []),
        (dict(net_param=net("a"), test_iter=[1, 2]), [("a", TEST, 0, []), ("a", TEST, 0, [])]),
        (
            dict(net_param=net("a"), test_net_param=[net("b"), net("c")], test_iter=[1, 1, 1]),
            [("b", TEST, 0, []), ("c", TEST, 0, []), ("a", TEST, 0, [])],
        ),
        (
            dict(
                train_net_param=net("a"),
                test_net_param=[net("b", level=1, stage=["x"]), net("c")],
                test_iter=[1, 1],
                test_state=[caffe_pb2.NetState(stage=["y"]), caffe_pb2.NetState(phase=TRAIN, level=3)],
            ),
            [("b", TEST, 1, ["x", "y"]), ("c", TRAIN, 3, [])],
        ),
    ],
)
def test_the_test_nets(settings, expected):
    param = SolverParameter(test_interval=1, **settings)
    assert [described(source) for source in nets.test_nets(param, "")] == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(), "the training net is given by nothing, expected one of net, net_param, train_net, train_net_param"),
        (dict(net="a", train_net="b"), "given by net and train_net"),
        (
            dict(net_param=net("a"), test_net_param=[net("b")]),
            "test_iter is given 0 times, expected once .* the 1 test",
        ),
        (dict(train_net_param=net("a"), test_iter=[1]), "test_iter is given 1 times, expected once .* the 0 test nets"),
        (
            dict(net_param=net("a"), test_iter=[1, 1], test_state=[caffe_pb2.NetState()]),
            "test_state is given 1 times, expected none or 2",
        ),
        (dict(net_param=net("a"), test_iter=[1], test_interval=0), "test_interval is 0"),
    ],
)
def test_what_does_not_go_together(settings, message):
    param = SolverParameter(**dict(test_interval=1) | settings)
    with pytest.raises(SolverError, match=message):
        nets.train_net(param, "")
        nets.test_nets(param, "")


def test_files_are_found_from_the_working_directory_and_beside_the_solver(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    os.mkdir("job")
    Path("job/net.prototxt").write_text('name: "beside"')
    param = SolverParameter(net="net.prototxt")
    assert nets.train_net(param, "job").param.name == "beside"
    Path("net.prototxt").write_text('name: "here"')
    assert nets.train_net(param, "job").param.name == "here"


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("", "job/solver"),
        ('snapshot_prefix: "out/snap"', "out/snap"),
        ('snapshot_prefix: "out"', "out/solver"),
    ],
)
def test_the_prefix_of_snapshots(monkeypatch, tmp_path, text, prefix):
    monkeypatch.chdir(tmp_path)
    os.mkdir("job")
    os.mkdir("out")
    Path("job/solver.prototxt").write_text(f'net: "net.prototxt" {text}')
    assert nets.read_solver("job/solver.prototxt").snapshot_prefix == prefix
