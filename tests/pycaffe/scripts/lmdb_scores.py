# Reads a database, classifies its images one by one and in batches, and shows a confusion matrix.
import argparse
from collections import defaultdict

import lmdb
import numpy as np
import caffe
from caffe.proto import caffe_pb2

parser = argparse.ArgumentParser()
parser.add_argument('--proto', type=str, required=True)
parser.add_argument('--lmdb', type=str, required=True)
args = parser.parse_args()

rng = np.random.RandomState(0)
env = lmdb.open(args.lmdb, map_size=int(1e8))
with env.begin(write=True) as txn:
    for i in range(12):
        datum = caffe_pb2.Datum()
        datum.channels, datum.height, datum.width = 3, 6, 6
        datum.data = rng.randint(0, 256, (3, 6, 6)).astype(np.uint8).tobytes()
        datum.label = int(i % 5)
        txn.put('{:08}'.format(i).encode('ascii'), datum.SerializeToString())
env.close()

# The mean image, as compute_image_mean has it.
total = np.zeros((3, 6, 6))
lmdb_env = lmdb.open(args.lmdb, readonly=True)
with lmdb_env.begin() as txn:
    for key, value in txn.cursor():
        datum = caffe.proto.caffe_pb2.Datum()
        datum.ParseFromString(value)
        total += caffe.io.datum_to_array(datum)
    assert lmdb_env.stat()['entries'] == 12
with open('mean.binaryproto', 'wb') as f:
    f.write(caffe.io.array_to_blobproto((total / 12)[np.newaxis]).SerializeToString())

blob = caffe.proto.caffe_pb2.BlobProto()
blob.ParseFromString(open('mean.binaryproto', 'rb').read())
mean = np.array(caffe.io.blobproto_to_array(blob))[0]
assert np.allclose(mean, total / 12)

net = caffe.Net(args.proto, caffe.TEST)
net.blobs['data'].reshape(1, 3, 6, 6)
matrix = defaultdict(int)
scores = []
with lmdb_env.begin() as lmdb_txn:
    for key, value in lmdb_txn.cursor():
        datum = caffe_pb2.Datum.FromString(value)
        image = caffe.io.datum_to_array(datum).astype(np.float32) - mean
        out = net.forward_all(data=np.asarray([image]))
        scores.append(out['prob'][0])
        matrix[int(datum.label), int(out['prob'][0].argmax(axis=0))] += 1
assert sum(matrix.values()) == 12

# The same by a Data layer.
text = open(args.proto).read()
text = text[text.index('layer {'):]
with open('val.prototxt', 'w') as f:
    f.write('''layer { name: "data" type: "Data" top: "data" top: "label" transform_param { mean_file: "mean.binaryproto" }
      data_param { source: "%s" batch_size: 6 backend: LMDB } }''' % args.lmdb + text)
net.save('net.caffemodel')
val = caffe.Net('val.prototxt', 'net.caffemodel', caffe.TEST)
for batch in range(2):
    val.forward()
    assert np.allclose(val.blobs['prob'].data, scores[6 * batch:6 * batch + 6], atol=1e-5)
print([int(label) for label in val.blobs['label'].data])
