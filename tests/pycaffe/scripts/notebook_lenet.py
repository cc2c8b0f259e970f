# In[1]:
import os
import numpy as np
import h5py
import caffe
from caffe import layers as L, params as P

rng = np.random.RandomState(0)
for split, count in (('train', 256), ('test', 64)):
    label = rng.randint(0, 4, count)
    data = 0.3 * rng.randn(count, 1, 12, 12)
    for i in range(count):
        y, x = divmod(label[i], 2)
        data[i, 0, 6 * y:6 * y + 6, 6 * x:6 * x + 6] += 1
    with h5py.File(split + '.h5', 'w') as f:
        f['data'], f['label'] = data.astype(np.float32), label.astype(np.float32)
    open(split + '.txt', 'w').write(split + '.h5\n')


# In[2]:
def lenet(source, batch_size):
    n = caffe.NetSpec()
    n.data, n.label = L.HDF5Data(batch_size=batch_size, source=source, ntop=2)
    n.conv1 = L.Convolution(n.data, kernel_size=5, num_output=6, weight_filler=dict(type='xavier'))
    n.pool1 = L.Pooling(n.conv1, kernel_size=2, stride=2, pool=P.Pooling.MAX)
    n.fc1 = L.InnerProduct(n.pool1, num_output=20, weight_filler=dict(type='xavier'))
    n.relu1 = L.ReLU(n.fc1, in_place=True)
    n.score = L.InnerProduct(n.relu1, num_output=4, weight_filler=dict(type='xavier'))
    n.loss = L.SoftmaxWithLoss(n.score, n.label)
    return n.to_proto()


with open('lenet_auto_train.prototxt', 'w') as f:
    f.write(str(lenet('train.txt', 64)))
with open('lenet_auto_test.prototxt', 'w') as f:
    f.write(str(lenet('test.txt', 64)))

# In[3]:
from caffe.proto import caffe_pb2
s = caffe_pb2.SolverParameter()
s.random_seed = 0xCAFFE
s.train_net = 'lenet_auto_train.prototxt'
s.test_net.append('lenet_auto_test.prototxt')
s.test_interval = 500
s.test_iter.append(1)
s.max_iter = 1000
s.type = "SGD"
s.base_lr = 0.01
s.momentum = 0.9
s.weight_decay = 5e-4
s.lr_policy = 'inv'
s.gamma = 0.0001
s.power = 0.75
s.display = 1000
s.snapshot = 5000
s.snapshot_prefix = 'custom_net'
s.solver_mode = caffe_pb2.SolverParameter.CPU
with open('solver.prototxt', 'w') as f:
    f.write(str(s))

# In[4]:
solver = None  # ignore this workaround for lmdb data (can't instantiate two solvers on the same data)
solver = caffe.get_solver('solver.prototxt')
[(k, v.data.shape) for k, v in solver.net.blobs.items()]
[(k, v[0].data.shape) for k, v in solver.net.params.items()]
solver.net.forward()  # train net
out = solver.test_nets[0].forward()  # test net (there can be more than one)
assert abs(out['loss'] - np.log(4)) < 1
tiled = solver.net.blobs['data'].data[:8, 0].transpose(1, 0, 2).reshape(12, 8 * 12)
assert tiled.shape == (12, 96)

# In[5]:
solver.step(1)
im = solver.net.params['conv1'][0].diff[:, 0].reshape(2, 3, 5, 5).transpose(0, 2, 1, 3).reshape(2 * 5, 3 * 5)
assert im.any()

# In[6]:
niter = 60
test_interval = 20
train_loss = np.zeros(niter)
test_acc = np.zeros(int(np.ceil(niter / test_interval)))
output = np.zeros((niter, 8, 4))
for it in range(niter):
    solver.step(1)  # SGD by Caffe
    train_loss[it] = solver.net.blobs['loss'].data
    solver.test_nets[0].forward(start='conv1')
    output[it] = solver.test_nets[0].blobs['score'].data[:8]
    if it % test_interval == 0:
        correct = 0
        for test_it in range(2):
            solver.test_nets[0].forward()
            correct += sum(solver.test_nets[0].blobs['score'].data.argmax(1) == solver.test_nets[0].blobs['label'].data)
        test_acc[it // test_interval] = correct / 128.
assert train_loss[-1] < 0.2 * train_loss[0] and test_acc[-1] > 0.95, (train_loss, test_acc)
assert not np.array_equal(output[0], output[-1])
print(solver.iter, len(test_acc))
