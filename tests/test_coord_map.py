"""Maps of coordinates: worked out by hand, and held against where a net puts a single point."""

import numpy as np
import pytest

import cafflite
from cafflite import layers as L
from cafflite.coord_map import compose, conv_params, coord_map, coord_map_from_to, crop, crop_params, inverse
from cafflite.errors import AxisMismatchException, CaffliteError, UndefinedMapException
from cafflite.net_spec import NetSpec, to_proto
from cafflite.proto.caffe_pb2 import TEST


def numbers(a_map):
    axis, scale, offset = a_map
    return axis, *(np.atleast_1d(part).tolist() for part in (scale, offset))


X = L.Input(shape=dict(dim=[1, 1, 100, 100]))


@pytest.mark.parametrize(
    ("top", "axis", "scale", "offset"),
    [
        (L.ReLU(X), None, [1], [0]),
        (L.Eltwise(X, X), None, [1], [0]),
        (L.Convolution(X, kernel_size=3), 1, [1], [-1]),
        (L.Convolution(X, kernel_size=3, pad=1), 1, [1], [0]),
        (L.Convolution(X, kernel_size=5, stride=2, pad=1), 1, [0.5], [-0.5]),
        (L.Convolution(X, kernel_size=[3, 5, 9]), 1, [1], [-1, -2, -4]),
        (L.Convolution(X, kernel_size=[3, 5], stride=[1, 2], pad=[0, 3]), 1, [1, 0.5], [-1, 0.5]),
        (L.Convolution(X, kernel_size=3, dilation=4), 1, [1], [-4]),
        (L.Convolution(X, kernel_h=3, kernel_w=5, stride_h=1, stride_w=2, pad_w=3), 1, [1, 0.5], [-1, 0.5]),
        (L.Convolution(X, convolution_param=dict(kernel_size=3, axis=2)), 2, [1], [-1]),
        (L.Im2col(X, convolution_param=dict(kernel_size=3, stride=2)), 1, [0.5], [-0.5]),
        (L.Pooling(X, kernel_size=2, stride=2), 1, [0.5], [-0.25]),
        (L.Pooling(X, pooling_param=dict(kernel_size=3, stride=2, pad=1)), 1, [0.5], [0]),
        (L.Deconvolution(X, convolution_param=dict(kernel_size=4, stride=2, pad=1)), 1, [2], [0.5]),
        (L.Crop(X, X), 1, [1], [0]),
        (L.Crop(X, X, axis=3, offset=7), 2, [1], [-7]),
        (L.Crop(X, X, crop_param=dict(offset=[3, 4])), 1, [1], [-3, -4]),
    ],
)
def test_the_map_of_a_layer(top, axis, scale, offset):
    assert numbers(coord_map(top.fn)) == (axis, scale, offset)
    assert numbers(coord_map_from_to(X, top)) == (axis, scale, offset)
    _, back, shift = numbers(coord_map_from_to(top, X))
    np.testing.assert_allclose(np.multiply(back, scale), 1)
    np.testing.assert_allclose(np.multiply(back, offset) + shift, 0)


@pytest.mark.parametrize(
    ("fn", "axis", "arrays"),
    [
        (L.Convolution(X, kernel_size=3).fn, 1, ([1], [3], [0])),
        (L.Convolution(X, kernel_size=[3, 5], stride=2, pad=[0, 1], dilation=2).fn, 1, ([2], [5, 9], [0, 1])),
        (L.Convolution(X, convolution_param=dict(kernel_size=3, axis=2)).fn, 2, ([1], [3], [0])),
        (L.Pooling(X, kernel_size=3, stride=2, pad=1).fn, 1, ([2], [3], [1])),
    ],
)
def test_the_windows_of_a_layer(fn, axis, arrays):
    found = conv_params(fn)
    assert (found[0], *(array.tolist() for array in found[1:])) == (axis, *arrays)


@pytest.mark.parametrize(
    ("params", "axis", "offset"), [({}, 2, [0]), ({"axis": 3, "offset": [1, 2]}, 3, [1, 2]), ({"offset": 3}, 2, [3])]
)
def test_where_a_crop_begins(params, axis, offset):
    for fn in (L.Crop(X, X, **params).fn, L.Crop(X, X, crop_param=params).fn):
        assert crop_params(fn)[0] == axis
        assert crop_params(fn)[1].tolist() == offset


def test_maps_compose_and_turn_back():
    assert compose((1, 2, 3), (1, 3, 4)) == (1, 6, 11)
    assert compose((None, 2, 3), (2, 3, 4)) == (2, 6, 11)
    assert compose((2, 2, 3), (None, 3, 4)) == (2, 6, 11)
    assert inverse((1, 2, 3)) == (1, 0.5, -1.5)


def spec(kernel_size=3, stride=1, pad=0, pool=2, up=2, up_pad=0) -> NetSpec:
    """A convolution, a pooling, and a deconvolution that may undo their strides."""
    net = NetSpec()
    net.data = L.Input(shape=dict(dim=[1, 1, 40, 40]))
    net.conv = L.Convolution(net.data, num_output=1, kernel_size=kernel_size, stride=stride, pad=pad)
    net.pool = L.Pooling(net.conv, kernel_size=pool, stride=pool)
    net.relu = L.ReLU(net.pool, in_place=True)
    net.up = L.Deconvolution(net.relu, convolution_param=dict(num_output=1, kernel_size=2 * up, stride=up, pad=up_pad))
    return net


def test_a_crop_by_the_map_puts_a_point_where_it_was():
    net = spec(kernel_size=5, up=4, pool=4, pad=15, up_pad=1)
    net.crop = crop(net.up, net.data)
    ones = dict(weight_filler=dict(type="constant", value=1))
    net.conv.fn.params.update(ones)
    net.up.fn.params["convolution_param"].update(ones)
    built = cafflite.Net(net.to_proto(), TEST)
    built.blobs["data"].data[0, 0, 19, 21] = 1
    image = built.forward()["crop"][0, 0]
    assert image.shape == (40, 40)
    rows, columns = np.nonzero(image)
    assert abs(rows.mean() - 19) <= 2 and abs(columns.mean() - 21) <= 2  # within half a stride


def test_the_offset_of_a_crop_adds_up():
    net = spec()
    axis, scale, offset = coord_map_from_to(net.up, net.data)
    cropped = coord_map_from_to(L.Crop(net.up, net.data, offset=2), net.data)
    assert numbers(cropped) == numbers((axis, scale, offset + 2))


def test_the_second_bottom_of_a_crop_leads_nowhere():
    net = spec()
    other = L.Input()
    with pytest.raises(RuntimeError, match="^no layers that map coordinates connect Crop and Input"):
        coord_map_from_to(L.Crop(net.up, other), other)


def test_by_way_of_a_top_that_both_are_made_from():
    net = spec()
    branch = L.Convolution(net.conv, kernel_size=3, pad=2)
    assert numbers(coord_map_from_to(branch, net.pool)) == (1, [0.5], [-0.75])


def test_every_way_is_walked_once():
    top = X
    for _ in range(60):
        top = L.Eltwise(L.Convolution(top, kernel_size=3, pad=1), top)
    assert numbers(coord_map_from_to(top, X))[1:] == ([1], [0])


UPSAMPLING = dict(kernel_size=7, stride=2)


@pytest.mark.parametrize(
    ("top", "target", "axis", "offset"),
    [
        (L.Deconvolution(L.Convolution(X, kernel_size=5, stride=2, pad=1), convolution_param=UPSAMPLING), X, 2, [2]),
        (X, L.Convolution(X, kernel_size=[3, 5]), 2, [1, 2]),
        (X, L.Convolution(X, kernel_size=3, axis=2), 3, [1]),
        (X, L.ReLU(X), 2, [0]),
    ],
)
def test_crop_takes_what_lies_on_the_other_top(top, target, axis, offset):
    made = to_proto(crop(top, target)).layer[-1]
    assert made.type == "Crop" and len(made.bottom) == 2
    assert (made.crop_param.axis, list(made.crop_param.offset)) == (axis, offset)


CONV = L.Convolution(X, kernel_size=3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: coord_map(L.InnerProduct(X).fn), UndefinedMapException, "InnerProduct does not map coordinates"),
        (lambda: coord_map(L.Pooling(X, global_pooling=True).fn), UndefinedMapException,
         "Pooling without a kernel_size does not map coordinates"),
        (lambda: compose((1, 1, 0), (2, 1, 0)), AxisMismatchException,
         "one map begins behind axis 1, the other behind axis 2"),
        (lambda: coord_map_from_to(L.Convolution(CONV, kernel_size=3, axis=2), X), AxisMismatchException,
         "one map begins behind axis 2, the other behind axis 1"),
        (lambda: coord_map_from_to(L.InnerProduct(X), X), RuntimeError,
         "no layers that map coordinates connect InnerProduct and Input, which have to be made from one top"),
        (lambda: coord_map_from_to(X, L.Input()), RuntimeError,
         "no layers that map coordinates connect Input and Input, which have to be made from one top"),
        (lambda: crop(L.Pooling(X, kernel_size=2, stride=2), X), AssertionError,
         "cannot crop: the scale between the tops is [2.], expected 1"),
        (lambda: crop(CONV, X), AssertionError,
         "cannot crop by an offset of [-1.], expected whole numbers, 0 or more"),
        (lambda: crop(X, L.Convolution(X, kernel_size=2)), AssertionError,
         "cannot crop by an offset of [0.5], expected whole numbers, 0 or more"),
    ],
)  # fmt: skip
def test_mistakes(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, CaffliteError)
    assert str(caught.value) == message
