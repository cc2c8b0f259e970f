import numpy as np
import pytest
from gradient_check import build

from cafflite.backend.ops import Ops
from cafflite.errors import DataError, NetError, ShapeError

SETTINGS = "memory_data_param { batch_size: 2 channels: 1 height: 2 width: 3 }"


def layer_of(text=SETTINGS):
    return build(f'type: "MemoryData" {text}', [], ops=Ops(np, "float32"))


def arrays(count=6):
    return np.arange(count * 6, dtype=np.float32).reshape(count, 1, 2, 3), np.arange(count, dtype=np.float32)


def test_batches_go_around():
    layer, bottom, top = layer_of()
    data, labels = arrays()
    layer.reset(data, labels)
    for first in (0, 2, 4, 0, 2):
        layer.forward(bottom, top)
        np.testing.assert_array_equal(top[0].data, data[first : first + 2])
        np.testing.assert_array_equal(top[1].data, labels[first : first + 2].reshape(2, 1, 1, 1))
    state = layer.state()
    layer.reset(data[:2], labels[:2])
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, data[:2])
    layer.reset(data, labels)
    layer.restore(state)
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, data[4:])


def test_float32_is_used_as_it_is_and_the_rest_is_converted():
    layer, bottom, top = layer_of()
    data, labels = arrays()
    layer.reset(data, labels)
    data[0] = 99
    layer.forward(bottom, top)
    assert (top[0].data[0] == 99).all()
    layer.reset(data[::-1].astype(np.float64), labels.astype(int).reshape(6, 1).tolist())
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, data[:3:-1])


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        ((4, 1, 2, 2), (4,), r"shape \(4, 1, 2, 2\), expected \(M, 1, 2, 3\)"),
        ((4, 6), (4,), r"shape \(4, 6\), expected"),
        ((3, 1, 2, 3), (3,), "3 rows, expected a multiple of batch_size, 2"),
        ((0, 1, 2, 3), (0,), "0 rows"),
        ((4, 1, 2, 3), (2,), r"labels have shape \(2,\), expected \(4,\)"),
        ((4, 1, 2, 3), (4, 2), r"labels have shape \(4, 2\)"),
    ],
)
def test_arrays_that_do_not_fit(data, labels, message):
    with pytest.raises(ShapeError, match=message):
        layer_of()[0].reset(np.zeros(data), np.zeros(labels))


def test_without_data():
    layer, bottom, top = layer_of()
    with pytest.raises(DataError, match="call net.set_input_arrays"):
        layer.forward(bottom, top)


def test_its_arrays_are_not_transformed(capfd):
    layer, bottom, top = layer_of(f"{SETTINGS} transform_param {{ scale: 2 }}")
    assert "transform_param is not used" in capfd.readouterr().err
    layer.reset(*arrays())
    layer.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, arrays()[0][:2])


def test_bad_settings():
    with pytest.raises(NetError, match="height is 0"):
        layer_of("memory_data_param { batch_size: 2 channels: 1 width: 3 }")
