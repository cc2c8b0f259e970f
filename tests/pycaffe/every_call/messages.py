"""Caffe's messages, and the databases and files that are read into nets."""

import caffe
import google.protobuf.text_format
import h5py
import lmdb
import numpy as np
from caffe.proto import caffe_pb2
from google.protobuf import text_format

TEXT = 'name: "n" layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'

# %% caffe_pb2
assert caffe_pb2.PoolingParameter.AVE == caffe_pb2.PoolingParameter.PoolMethod.Value("AVE") == 1
assert caffe.proto.caffe_pb2.TEST == caffe.io.caffe_pb2.TEST == caffe.TEST

# %% NetParameter()
net = caffe_pb2.NetParameter()
net.name = "n"
layer = net.layer.add()
layer.name, layer.type = "x", "Input"
layer.top.append("x")
layer.input_param.shape.add().dim.extend([2, 3])
assert net == google.protobuf.text_format.Parse(TEXT, caffe_pb2.NetParameter())

# %% text_format.Merge
net = caffe_pb2.NetParameter()
text_format.Merge(TEXT, net)
text_format.Merge('layer { name: "y" }', net)
assert net.name == "n" and [layer.name for layer in net.layer] == ["x", "y"]

# %% text_format.MessageToString
net = text_format.Parse(TEXT, caffe_pb2.NetParameter())
assert text_format.Parse(text_format.MessageToString(net), caffe_pb2.NetParameter()) == net
with open("net.prototxt", "w") as file:
    file.write(text_format.MessageToString(net))
assert caffe.Net("net.prototxt", caffe.TEST).blobs["x"].data.shape == (2, 3)

# %% SerializeToString
net = text_format.Parse(TEXT, caffe_pb2.NetParameter())
assert caffe_pb2.NetParameter.FromString(net.SerializeToString()) == net

# %% ParseFromString
with open("net.prototxt", "w") as file:
    file.write(TEXT.replace("Input", "Parameter").replace("input_param", "parameter_param"))
caffe.Net("net.prototxt", caffe.TEST).save("net.caffemodel")
net = caffe_pb2.NetParameter()
with open("net.caffemodel", "rb") as file:
    net.ParseFromString(file.read())
assert net.layer[0].blobs[0].shape.dim[:] == [2, 3] and len(net.layer[0].blobs[0].data) == 6

# %% NetStateRule
rule = caffe_pb2.NetStateRule(phase=caffe.TRAIN)
assert rule.HasField("phase") and rule.phase == caffe_pb2.Phase.Value("TRAIN")
net = text_format.Parse(TEXT, caffe_pb2.NetParameter())
net.layer.add(name="only", type="Silence", bottom=["x"]).include.extend([rule])
with open("net.prototxt", "w") as file:
    file.write(str(net))
assert [len(caffe.Net("net.prototxt", phase).layers) for phase in (caffe.TRAIN, caffe.TEST)] == [2, 1]

# %% BlobProto()
blob = caffe_pb2.BlobProto()
blob.ParseFromString(caffe.io.array_to_blobproto(np.ones((1, 3, 2, 2))).SerializeToString())
assert np.array(caffe.io.blobproto_to_array(blob))[0].shape == (3, 2, 2)

# %% LabelMap()
labels = caffe_pb2.LabelMap()
text_format.Merge('item { name: "n01" label: 1 display_name: "cat" } item { label: 2 display_name: "dog" }', labels)
assert [item.display_name for item in labels.item if item.label == 2] == ["dog"]

# %% Datum()
datum = caffe_pb2.Datum()
datum.channels, datum.height, datum.width, datum.label = 3, 2, 2, 7
datum.data = bytes(range(12))
assert np.array_equal(caffe.io.datum_to_array(datum).ravel(), range(12)) and datum.label == 7

# %% lmdb.open
pixels = np.random.RandomState(0).randint(0, 256, (5, 3, 4, 4)).astype(np.uint8)
env = lmdb.open("train_lmdb", map_size=10**6)
with env.begin(write=True) as txn:
    for i in range(5):
        txn.put(f"{i:08}".encode("ascii"), caffe.io.array_to_datum(pixels[i], i).SerializeToString())
env.close()
with lmdb.open("train_lmdb", readonly=True) as env, env.begin() as txn:
    datum = caffe_pb2.Datum.FromString(txn.get(b"00000003"))
assert np.array_equal(np.frombuffer(datum.data, np.uint8).reshape(3, 4, 4), pixels[3]) and datum.label == 3
with open("net.prototxt", "w") as file:
    file.write("""layer { name: "data" type: "Data" top: "data" top: "label"
      data_param { source: "train_lmdb" backend: LMDB batch_size: 5 } }""")
out = caffe.Net("net.prototxt", caffe.TEST).forward()
assert np.array_equal(out["data"], pixels) and np.array_equal(out["label"], range(5))

# %% h5py.File
with h5py.File("train.h5", "w") as file:
    file.create_dataset("data", data=np.arange(6.0).reshape(3, 2))
    file["label"] = np.arange(3)
with open("train.txt", "w") as file:
    file.write("train.h5\n")
with open("net.prototxt", "w") as file:
    file.write("""layer { name: "data" type: "HDF5Data" top: "data" top: "label"
      hdf5_data_param { source: "train.txt" batch_size: 3 } }""")
out = caffe.Net("net.prototxt", caffe.TEST).forward()
assert np.array_equal(out["data"], [[0, 1], [2, 3], [4, 5]]) and np.array_equal(out["label"], range(3))
