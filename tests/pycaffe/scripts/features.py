import numpy as np
import caffe

net = caffe.Net('deploy.prototxt', 1)
images = np.random.RandomState(1).rand(23, 3, 6, 6).astype(np.float32)
features = net.forward_all(data=images, blobs=['fc', 'conv'])
assert features['fc'].shape == (23, 5) and features['conv'].shape == (23, 4, 4, 4)
one = net.forward(data=images[:10], blobs=['fc'])
assert np.allclose(one['fc'], features['fc'][:10])
saved = one['fc'].copy()
net.forward(data=images[10:20])
assert not np.allclose(one['fc'], saved)  # the blob's own array

# The second half of the net alone.
net.blobs['fc'].data[...] = 0
assert np.allclose(net.forward(start='prob')['prob'], 0.2)
datum = caffe.io.array_to_datum((images[0] * 255).astype(np.uint8), 7)
assert (caffe.io.datum_to_array(datum) == (images[0] * 255).astype(np.uint8)).all() and datum.label == 7
print(sorted(features), net.blobs['data'].num, net.blobs['data'].channels, net.blobs['data'].width)
