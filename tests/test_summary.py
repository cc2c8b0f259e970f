"""The table of a net: what it says, and that its columns stand under each other."""

import pytest

import cafflite
from cafflite.net import Net
from cafflite.proto import prototxt
from cafflite.summary import summary

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "parts" type: "Slice" bottom: "conv" top: "a" top: "b" top: "c"
        slice_param { slice_point: 1 slice_point: 3 } }
layer { name: "flat" type: "Flatten" bottom: "a" top: "flat" }
layer { name: "first" type: "InnerProduct" bottom: "flat" top: "x" param { name: "w" }
        inner_product_param { num_output: 10 bias_term: false weight_filler { type: "xavier" } } }
layer { name: "again" type: "InnerProduct" bottom: "flat" top: "y" param { name: "w" }
        inner_product_param { num_output: 10 bias_term: false weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "x" bottom: "y" top: "loss" }
layer { name: "rest" type: "Silence" bottom: "b" bottom: "c" }
"""

TABLE = """\
layer              type           output        parameters   memory
-------------------------------------------------------------------
data               Input          (2, 3, 8, 8)              1.5 KiB
conv               Convolution    (2, 4, 6, 6)         112  2.2 KiB
relu               ReLU           (2, 4, 6, 6)
parts              Slice          (2, 1, 6, 6)              2.2 KiB
                                  (2, 2, 6, 6)
                                  (2, 1, 6, 6)
flat               Flatten        (2, 36)                     288 B
flat_flat_0_split  Split          2 x (2, 36)                 576 B
first              InnerProduct   (2, 10)              360    160 B
again              InnerProduct   (2, 10)           shared    160 B
loss               EuclideanLoss  ()                            8 B
rest               Silence        -
-------------------------------------------------------------------
10 layers; 472 parameters, 1.8 KiB and as much for their diffs; blobs of 7.2 KiB: 3.9 KiB of data, 3.3 KiB of diffs"""


def test_the_table():
    assert cafflite.Net(NET, cafflite.TRAIN).summary() == TABLE


@pytest.mark.parametrize("force_backward", ["false", "true"])
def test_the_memory_is_what_a_forward_and_a_backward_pass_allocate(force_backward):
    net = Net(prototxt.load_net(NET + f"force_backward: {force_backward}"))
    expected = summary(net).splitlines()[-1]
    net.forward()
    net.backward()
    blobs = {id(blob): blob for step in net.steps for blob in step.top}.values()
    data = {blob._data.ctypes.data: blob._data.nbytes for blob in blobs if blob._data is not None}
    diff = [blob._diff.nbytes for blob in blobs if blob._diff is not None]
    assert expected.endswith(f"{sum(data.values()) / 1024:.1f} KiB of data, {sum(diff) / 1024:.1f} KiB of diffs")


def test_without_a_backward_pass_there_are_no_diffs():
    net = cafflite.Net(NET[: NET.index('layer { name: "loss"')], cafflite.TEST)
    assert net.summary().endswith("blobs of 3.9 KiB: 3.9 KiB of data, 0 B of diffs")


def test_other_units():
    net = cafflite.Net(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1024 dim: 1024 dim: 512 } } }'
    )
    assert "2.0 GiB" in net.summary()
    net.blobs["x"].reshape(1024, 1024)
    assert "4.0 MiB" in net.summary()
