import numpy as np
import caffe
from google.protobuf import text_format

model = caffe.proto.caffe_pb2.NetParameter()
text_format.Merge(open('deploy.prototxt').read(), model)
model.force_backward = True
open('tmp.prototxt', 'w').write(str(model))
caffe.set_random_seed(5)
net = caffe.Net('tmp.prototxt', caffe.TEST)

def objective_L2(dst):
    dst.diff[:] = dst.data

def make_step(net, step_size=1.5, end='conv', jitter=2, clip=True, objective=objective_L2):
    src = net.blobs['data']  # input image is stored in Net's 'data' blob
    dst = net.blobs[end]
    ox, oy = np.random.randint(-jitter, jitter + 1, 2)
    src.data[0] = np.roll(np.roll(src.data[0], ox, -1), oy, -2)
    net.forward(end=end)
    objective(dst)
    net.backward(start=end)
    g = src.diff[0]
    src.data[:] += step_size / np.abs(g).mean() * g
    src.data[0] = np.roll(np.roll(src.data[0], -ox, -1), -oy, -2)
    if clip:
        src.data[:] = np.clip(src.data, -100, 100)
    return float((dst.data ** 2).sum())

np.random.seed(0)
norms = []
for size in (6, 8):
    net.blobs['data'].reshape(1, 3, size, size)
    net.blobs['data'].data[0] = np.random.randn(3, size, size)
    norms.append([make_step(net) for i in range(5)])
assert all(octave[-1] > 2 * octave[0] for octave in norms), norms
print(net.blobs['conv'].data.shape, net.blobs['data'].diff.any())
