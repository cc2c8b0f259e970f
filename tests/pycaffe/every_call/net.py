"""Nets: made, run forward and backward, in parts and in batches, saved and loaded."""

import os
from collections import OrderedDict

import caffe
import numpy as np

with open("net.prototxt", "w") as file:
    file.write("""
    name: "small"
    force_backward: true
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
      inner_product_param { num_output: 4 weight_filler { type: "gaussian" } bias_filler { type: "gaussian" } } }
    layer { name: "drop" type: "Dropout" bottom: "ip" top: "ip" }
    layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
    """)
net = caffe.Net("net.prototxt", caffe.TEST)
net.save("net.caffemodel")
x = np.random.RandomState(0).randn(5, 3)
w, b = net.params["ip"][0].data, net.params["ip"][1].data


def scores(inputs):
    return inputs.dot(w.T) + b


def softmax(values):
    return np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)


# %% caffe.Net(
assert isinstance(net, caffe.Net) and net.name == "small"

# %% caffe.TRAIN/TEST
assert (caffe.TRAIN, caffe.TEST) == (0, 1)
train = caffe.Net("net.prototxt", caffe.TRAIN)
train.params["ip"][1].data[...] = 1
train.blobs["data"].reshape(50, 3)
train.forward()
assert 0 < (train.blobs["ip"].data == 0).mean() < 1  # dropped

# %% caffe.Net 2 args+phase
assert list(caffe.Net("net.prototxt", caffe.TEST).blobs) == ["data", "ip", "prob"]

# %% caffe.Net(proto, weights, phase)
again = caffe.Net("net.prototxt", "net.caffemodel", caffe.TEST)
assert np.array_equal(again.params["ip"][0].data, w)

# %% caffe.Net kw weights=
again = caffe.Net("net.prototxt", caffe.TEST, weights="net.caffemodel")
assert np.array_equal(again.params["ip"][0].data, w)

# %% phase as int (0/1)
assert np.array_equal(caffe.Net("net.prototxt", "net.caffemodel", 1).params["ip"][0].data, w)
assert caffe.Net("net.prototxt", 0).forward()["prob"].shape == (2, 4)

# %% blob.reshape(
net.blobs["data"].reshape(1, 3)
net.reshape()
assert net.blobs["prob"].data.shape == (1, 4)
net.blobs["data"].reshape(*x.shape)
assert net.forward()["prob"].shape == (5, 4)

# %% net.blobs[..].data
net.blobs["data"].data[...] = x[:2]
assert net.blobs["data"].data.dtype == np.float32
net.forward()
assert np.allclose(net.blobs["prob"].data, softmax(scores(x[:2])), atol=1e-5)

# %% net.blobs[..].diff
net.forward()
net.blobs["data"].diff[...] = 1
net.blobs["prob"].diff[...] = 0
net.backward()
assert not net.blobs["data"].diff.any()
assert net.blobs["data"].diff.shape == (2, 3)

# %% net.forward()
net.blobs["data"].data[0] = x[0]
out = net.forward()
assert list(out) == ["prob"]
assert np.allclose(out["prob"][0], softmax(scores(x[:1]))[0], atol=1e-5)

# %% net.forward(**kw)
out = net.forward(**{net.inputs[0]: x[:2]})
assert np.allclose(out["prob"], softmax(scores(x[:2])), atol=1e-5)

# %% net.forward(name=..)
assert np.allclose(net.forward(data=x[2:4])["prob"], softmax(scores(x[2:4])), atol=1e-5)

# %% net.forward(start=/end=)
assert list(net.forward(end="ip")) == ["ip"]
net.blobs["ip"].data[...] = 0
assert (net.forward(start="prob")["prob"] == 0.25).all()
assert np.allclose(net.forward(start="ip", end="ip")["ip"], b, atol=1e-6)

# %% net.forward(blobs=)
out = net.forward(blobs=["ip"], data=x[:2])
assert sorted(out) == ["ip", "prob"]
assert np.allclose(out["ip"], scores(x[:2]), atol=1e-5)

# %% forward_all
out = net.forward_all(data=x, blobs=["ip"])
assert np.allclose(out["ip"], scores(x), atol=1e-5)
assert np.allclose(out["prob"], softmax(scores(x)), atol=1e-5)

# %% net.backward(
net.forward(data=x[:2])
net.blobs["ip"].diff[...] = 1
diffs = net.backward(start="ip")
assert list(diffs) == ["data"]
assert np.allclose(diffs["data"], [w.sum(axis=0)] * 2, atol=1e-5)

# %% forward_backward_all
found, diffs = net.forward_backward_all(data=x, prob=np.zeros((5, 4)), blobs=["ip"], diffs=["ip"])
assert np.allclose(found["ip"], scores(x), atol=1e-5)
assert sorted(diffs) == ["data", "ip"] and diffs["data"].shape == (5, 3) and not diffs["ip"].any()

# %% net.params[..]
assert isinstance(net.params, OrderedDict) and list(net.params) == ["ip"]
assert [p.data.shape for p in net.params["ip"]] == [(4, 3), (4,)]

# %% net.params[..][i].data
net.params["ip"][0].data.flat = 0
net.params["ip"][1].data[...] = [1, 2, 3, 4]
assert np.array_equal(net.forward(data=x[:2], blobs=["ip"])["ip"], [[1, 2, 3, 4]] * 2)

# %% net.params .diff
net.forward(data=x[:2])
net.blobs["ip"].diff[...] = 1
net.backward(start="ip")
assert np.allclose(net.params["ip"][0].diff, [x[:2].sum(axis=0)] * 4, atol=1e-5)
assert (net.params["ip"][1].diff == 2).all()

# %% clear_param_diffs
net.params["ip"][1].diff[...] = 1
net.clear_param_diffs()
assert not net.params["ip"][1].diff.any()

# %% net.save(
net.save("again.caffemodel")
assert os.path.getsize("again.caffemodel") == os.path.getsize("net.caffemodel") > 4 * (w.size + b.size)

# %% copy_from
other = caffe.Net("net.prototxt", caffe.TEST)
assert not np.array_equal(other.params["ip"][0].data, w)
other.copy_from("net.caffemodel")
assert np.array_equal(other.params["ip"][0].data, w)

# %% share_with
other = caffe.Net("net.prototxt", caffe.TEST)
other.share_with(net)
w[...] = 7
assert (other.params["ip"][0].data == 7).all()

# %% net.inputs/outputs
assert (net.inputs, net.outputs) == (["data"], ["prob"])

# %% net.top_names/bottom_names
assert net.top_names == OrderedDict(data=["data"], ip=["ip"], drop=["ip"], prob=["prob"])
assert net.bottom_names == OrderedDict(data=[], ip=["data"], drop=["ip"], prob=["ip"])

# %% net.layers
assert [layer.type for layer in net.layers] == ["Input", "InnerProduct", "Dropout", "Softmax"]
assert isinstance(net.layers[0], caffe.Layer)

# %% layer.blobs
layer = net.layers[list(net._layer_names).index("ip")]
assert len(layer.blobs) == 2 and layer.blobs[0].data.shape == (4, 3)
assert np.shares_memory(layer.blobs[0].data, w)

# %% net._layer_names
assert [name for name in net._layer_names] == ["data", "ip", "drop", "prob"]

# %% net._blob_names
assert list(net._blob_names) == list(net.blobs) == ["data", "ip", "prob"]

# %% blob_loss_weights
assert net.blob_loss_weights == OrderedDict(data=0, ip=0, prob=0)
with open("loss.prototxt", "w") as file:
    file.write(open("net.prototxt").read() + 'layer { type: "Reduction" bottom: "prob" top: "sum" loss_weight: 3 }')
assert caffe.Net("loss.prototxt", caffe.TEST).blob_loss_weights["sum"] == 3

# %% _set_input_arrays
with open("memory.prototxt", "w") as file:
    file.write("""layer { name: "data" type: "MemoryData" top: "data" top: "label"
      memory_data_param { batch_size: 2 channels: 1 height: 2 width: 3 } }""")
memory = caffe.Net("memory.prototxt", caffe.TEST)
images, labels = np.random.rand(4, 1, 2, 3).astype(np.float32), np.arange(4, dtype=np.float32)
memory._set_input_arrays(images, labels.reshape(4, 1, 1, 1))
memory.forward()
assert np.array_equal(memory.forward()["label"].ravel(), [2, 3])
memory.set_input_arrays(images, labels)
assert np.array_equal(memory.forward()["data"], images[:2])
