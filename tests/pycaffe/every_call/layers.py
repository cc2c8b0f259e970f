"""Layers in Python, nets written as Python, and pictures of nets."""

import json
import os

import caffe
import caffe.draw
import numpy as np
from caffe import layers as L
from caffe import params as P
from caffe.coord_map import crop


class Scaled(caffe.Layer):
    """Multiplies its bottoms by the number in its param_str."""

    def setup(self, bottom, top):
        self.factor = json.loads(self.param_str)["factor"] if self.param_str else 2
        if len(bottom) != len(top):
            raise Exception("one top for each bottom")

    def reshape(self, bottom, top):
        for i in range(len(bottom)):
            top[i].reshape(*bottom[i].data.shape)

    def forward(self, bottom, top):
        for i in range(len(bottom)):
            top[i].data[...] = self.factor * bottom[i].data

    def backward(self, top, propagate_down, bottom):
        self.asked = propagate_down
        for i in range(len(bottom)):
            if propagate_down[i]:
                bottom[i].diff[...] = self.factor * top[i].diff


def net_with(layer, param_str="", phase=caffe.TEST):
    """A net of an input `x` (2, 3) and a layer that makes `y` of it."""
    n = caffe.NetSpec()
    n.x = L.Input(shape=dict(dim=[2, 3]))
    n.y = L.Python(n.x, module=__name__, layer=layer, param_str=param_str)
    with open("net.prototxt", "w") as file:
        file.write("force_backward: true " + str(n.to_proto()))
    return caffe.Net("net.prototxt", phase)


# %% Python layer class
net = net_with("Scaled")
assert (net.forward(x=np.ones((2, 3)))["y"] == 2).all()
assert isinstance(net.layers[1], Scaled) and net.layers[1].type == "Python"

# %% propagate_down
net = net_with("Scaled")
net.blobs["y"].diff[...] = 3
assert (net.backward()["x"] == 6).all()
assert list(net.layers[1].asked) == [True]

# %% self.param_str
net = net_with("Scaled", json.dumps(dict(factor=5)))
assert (net.forward(x=np.ones((2, 3)))["y"] == 5).all()


# %% self.param_str_
class Old(Scaled):
    def setup(self, bottom, top):
        self.factor = eval(self.param_str_)["factor"]


assert (net_with("Old", "{'factor': 7}").forward(x=np.ones((2, 3)))["y"] == 7).all()


# %% self.phase
class Phased(Scaled):
    def forward(self, bottom, top):
        top[0].data[...] = -1 if self.phase == caffe.TEST else 1


assert (net_with("Phased").forward()["y"] == -1).all()
assert (net_with("Phased", phase=caffe.TRAIN).forward()["y"] == 1).all()

# %% L.Python / P.
top = L.Python(L.Input(), module="m", layer="C", ntop=1, loss_weight=1)
layer = top.to_proto().layer[1]
assert (layer.type, layer.python_param.module, layer.loss_weight[0]) == ("Python", "m", 1)
assert (P.Pooling.MAX, P.Pooling.AVE, P.Eltwise.SUM, P.Data.LMDB) == (0, 1, 1, 1)

# %% net_spec/layers as L
conv = L.Convolution(L.Input(), kernel_size=3, num_output=4, pad=1, param=[dict(lr_mult=1), dict(lr_mult=2)])
pool = L.Pooling(L.ReLU(conv, in_place=True), pool=P.Pooling.MAX, kernel_size=2, stride=2)
data, conv, relu, pool = caffe.to_proto(pool).layer
assert conv.convolution_param.kernel_size[:] == [3] and [p.lr_mult for p in conv.param] == [1, 2]
assert relu.top[0] == relu.bottom[0] == conv.top[0] == pool.bottom[0]

# %% NetSpec()
n = caffe.NetSpec()
n.data, n.label = L.DummyData(shape=[dict(dim=[2, 3]), dict(dim=[2])], ntop=2)
n.score = L.InnerProduct(n.data, num_output=4, weight_filler=dict(type="xavier"))
n.loss = L.SoftmaxWithLoss(n["score"], n.label)
assert list(n.tops) == ["data", "label", "score", "loss"]
with open("net.prototxt", "w") as file:
    file.write(str(n.to_proto()))
assert abs(caffe.Net("net.prototxt", caffe.TRAIN).forward()["loss"] - np.log(4)) < 1e-6

# %% to_proto(
n = caffe.NetSpec()
n.a = L.Input(shape=dict(dim=[1, 2]))
n.b = L.TanH(n.a)
assert [layer.name for layer in n.to_proto().layer] == ["a", "b"]
assert [layer.type for layer in caffe.to_proto(n.b, n.a).layer] == ["Input", "TanH"]

# %% coord_map
n = caffe.NetSpec()
n.data = L.Input(shape=dict(dim=[1, 1, 20, 20]))
n.conv = L.Convolution(n.data, kernel_size=3, pad=20, num_output=1)
n.score = crop(n.conv, n.data)
assert (n.score.fn.params["crop_param"]["axis"], n.score.fn.params["crop_param"]["offset"]) == (2, [19])
with open("net.prototxt", "w") as file:
    file.write(str(n.to_proto()))
assert caffe.Net("net.prototxt", caffe.TEST).blobs["score"].data.shape == (1, 1, 20, 20)

# %% draw_net
n = caffe.to_proto(L.ReLU(L.InnerProduct(L.Input(), num_output=2), in_place=True))
caffe.draw.draw_net_to_file(n, "net.svg", "TB")
with open("net.svg") as file:
    assert "InnerProduct" in file.read()
caffe.draw.draw_net_to_file(n, "net.png")
assert os.path.getsize("net.png") > 1000
