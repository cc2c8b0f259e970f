import numpy as np
import pytest
from gradient_check import build

from cafflite.errors import NetError

UNIFORM = 'data_filler { type: "uniform" }'


def layer_of(param, tops=2):
    return build(f'type: "DummyData" dummy_data_param {{ {param} }}', [], tops=tops)


@pytest.mark.parametrize(
    ("param", "shapes"),
    [
        ("shape { dim: 2 dim: 3 }", [(2, 3), (2, 3)]),
        ("shape { dim: 2 } shape { dim: 3 dim: 4 }", [(2,), (3, 4)]),
        ("num: 2 channels: 3 height: 4 width: 5", [(2, 3, 4, 5), (2, 3, 4, 5)]),
        ("num: 2 num: 6 channels: 3 height: 4 width: 5 width: 7", [(2, 3, 4, 5), (6, 3, 4, 7)]),
    ],
)
def test_shapes(param, shapes):
    _, _, top = layer_of(param)
    assert [blob.shape for blob in top] == shapes


@pytest.mark.parametrize(
    ("fillers", "expected"),
    [("", [0, 0]), ("data_filler { value: 3 }", [3, 3]), ("data_filler { value: 3 } data_filler { }", [3, 0])],
)
def test_constants(fillers, expected):
    layer, bottom, top = layer_of(f"shape {{ dim: 4 }} {fillers}")
    layer.forward(bottom, top)
    assert [blob.data.tolist() for blob in top] == [[value] * 4 for value in expected]


def test_constants_stay_and_the_rest_is_new_each_time():
    layer, bottom, top = layer_of(f"shape {{ dim: 50 }} data_filler {{ value: 3 }} {UNIFORM}")
    top[0].data[0] = 7
    seen = []
    for _ in range(3):
        layer.forward(bottom, top)
        assert top[0].data[0] == 7
        seen.append(top[1].data.copy())
    assert len(np.unique(seen)) == 150


def test_an_exact_resume():
    layer, bottom, top = layer_of(f"shape {{ dim: 5 }} {UNIFORM}", tops=1)
    layer.forward(bottom, top)
    state = layer.state()
    layer.forward(bottom, top)
    expected = top[0].data.copy()
    again, bottom, top = layer_of(f"shape {{ dim: 5 }} {UNIFORM}", tops=1)
    again.restore(state)
    again.forward(bottom, top)
    np.testing.assert_array_equal(top[0].data, expected)


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("", "no shape"),
        ("num: 2 channels: 3 height: 4", "no shape: give one, or all of num, channels, height and width"),
        ("shape { dim: 2 } num: 1", "both shape and num"),
        ("shape { dim: 1 } shape { dim: 2 }", "2 shapes for 3 tops"),
        ("num: 1 num: 2 channels: 3 height: 4 width: 5", "2 num for 3 tops"),
        ("shape { dim: 2 } data_filler { } data_filler { }", "2 data_fillers for 3 tops"),
        ('shape { dim: 2 } data_filler { type: "x" }', "unknown filler type 'x'"),
    ],
)
def test_refused(param, message):
    with pytest.raises(NetError, match=message):
        layer_of(param, tops=3)
