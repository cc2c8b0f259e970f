"""The methods that a net had in 2014, held against a Transformer and the functions of today."""

import numpy as np
import pytest

import cafflite
from cafflite.errors import CaffliteError, DataError, NetError, ShapeError

NET = """
layer { name: "in" type: "Input" top: "data" top: "scale"
  input_param { shape { dim: 1 dim: 3 dim: 4 dim: 5 } shape { dim: 1 dim: 2 } } }
layer { name: "pool" type: "Pooling" bottom: "data" top: "pool" pooling_param { pool: AVE global_pooling: true } }
"""
IMAGE = np.random.default_rng(0).random((6, 7, 3), np.float32)
MEAN = np.arange(60, dtype=np.float32).reshape(3, 4, 5)


@pytest.fixture
def net(tmp_path):
    cafflite.Net(NET, cafflite.TEST).save(tmp_path / "net.caffemodel")
    return cafflite.Net(NET, str(tmp_path / "net.caffemodel"))


def test_a_net_without_a_phase_is_in_test(net):
    cafflite.set_phase_test()
    net.set_phase_test()
    assert net.phase == cafflite.TEST
    cafflite.Net(NET, cafflite.TRAIN).set_phase_train()


def test_mode_and_device_are_those_of_the_process(net, monkeypatch):
    calls = []
    for name in ("set_mode_cpu", "set_mode_gpu", "set_device"):
        monkeypatch.setattr(cafflite.backend, name, lambda *arguments, name=name: calls.append((name, *arguments)))
    net.set_device(1)
    net.set_mode_gpu()
    net.set_mode_cpu()
    assert calls == [("set_device", 1), ("set_mode_gpu",), ("set_mode_cpu",)]


@pytest.mark.parametrize("mode", ["elementwise", "channel"])
@pytest.mark.parametrize("is_file", [True, False])
def test_images_become_inputs_and_back(net, tmp_path, mode, is_file):
    np.save(tmp_path / "mean.npy", MEAN)
    net.set_mean("data", str(tmp_path / "mean.npy") if is_file else MEAN, mode=mode)
    net.set_raw_scale("data", 255)
    net.set_channel_swap("data", (2, 1, 0))
    net.set_input_scale("data", 0.5)
    transformer = cafflite.io.Transformer({"data": (1, 3, 4, 5)})
    transformer.set_transpose("data", (2, 0, 1))
    transformer.set_mean("data", MEAN if mode == "elementwise" else MEAN.mean(1).mean(1))
    transformer.set_raw_scale("data", 255)
    transformer.set_channel_swap("data", (2, 1, 0))
    transformer.set_input_scale("data", 0.5)
    made = net.preprocess("data", IMAGE)
    np.testing.assert_allclose(made, transformer.preprocess("data", IMAGE), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(net.deprocess("data", made), transformer.deprocess("data", made), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net: net.set_phase_train(), NetError, r"in TEST and stays in it: make it by .*, caffe.TRAIN\)"),
        (lambda net: cafflite.set_phase_train(), NetError, r"made in its phase: caffe.Net\(network_file, weights, "),
        (lambda net: net.set_mean("data", "none.npy"), DataError, "none.npy: the file cannot be read"),
        (lambda net: net.set_mean("data", MEAN, "mean"), NetError, "mode is 'mean', expected 'elementwise' or"),
        (lambda net: net.set_mean("data", MEAN[0, 0], "channel"), ShapeError, r"\(5,\), expected \(K, H, W\)"),
        (lambda net: net.set_mean("data", MEAN[:2]), ShapeError, r"has shape \(2, 4, 5\), expected \(3,\)"),
        (lambda net: net.preprocess("pool", IMAGE), KeyError, "'pool' is none of the inputs"),
    ],
)
def test_mistakes(net, call, error, message):
    with pytest.raises(CaffliteError, match=message) as caught:
        call(net)
    assert isinstance(caught.value, error)
