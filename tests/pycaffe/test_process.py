"""The log, the numbers of the processes, and the stopwatch."""

import time

import pytest

import cafflite
from cafflite.errors import BackendError


@pytest.mark.parametrize(("level", "shown"), [(None, True), (0, True), (1, False), (2, False)])
def test_the_log(capsys, monkeypatch, level, shown):
    monkeypatch.setenv("GLOG_minloglevel", "0")
    cafflite.init_log(*[] if level is None else [level, True])
    cafflite.log("hello")
    err = capsys.readouterr().err
    assert (" test_process.py:" in err and err.endswith("] hello\n")) if shown else err == ""


def test_without_a_level_the_log_stays_as_the_environment_has_it(capsys, monkeypatch):
    monkeypatch.setenv("GLOG_minloglevel", "1")
    cafflite.init_log()
    cafflite.log("hello")
    assert capsys.readouterr().err == ""


def test_layer_types_are_those_of_the_layers_folder():
    types = cafflite.layer_type_list()
    assert {"Convolution", "InnerProduct", "LSTM", "Lstm", "Python", "HDF5Data"} <= set(types)
    assert types == sorted(types)


def test_there_is_one_process(monkeypatch):
    assert cafflite.has_nccl() is False
    assert (cafflite.solver_count(), cafflite.solver_rank()) == (1, 0)
    for call in (lambda: cafflite.NCCL(None, "uid"), cafflite.NCCL.new_uid):
        with pytest.raises(BackendError, match="NCCL is not supported, as training runs in one process"):
            call()


def test_the_numbers_of_the_processes_are_kept():
    cafflite.set_multiprocess(True)
    cafflite.set_solver_count(2)
    cafflite.set_solver_rank(1)
    try:
        assert (cafflite.solver_count(), cafflite.solver_rank()) == (2, 1)
    finally:
        cafflite.set_solver_count(1)
        cafflite.set_solver_rank(0)


def test_the_timer():
    timer = cafflite.Timer()
    assert timer.ms == 0
    timer.start()
    time.sleep(0.002)
    assert timer.ms >= 2
    timer.stop()
    stopped = timer.ms
    assert stopped >= 2
    assert timer.ms == stopped
    timer.stop()
    assert timer.ms == stopped
    timer.start()
    timer.stop()
    assert timer.ms < stopped
