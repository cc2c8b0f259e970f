import numpy as np
import os
import tempfile
import caffe
from caffe import layers as L, params as P
from caffe.proto import caffe_pb2
from google.protobuf import text_format

def net(batch_size, phase):
    n = caffe.NetSpec()
    n.data, n.label = L.Python(module='batches', layer='Batches', ntop=2,
                               param_str=str(dict(batch_size=batch_size, phase=phase)))
    n.ip1 = L.InnerProduct(n.data, num_output=8, weight_filler=dict(type='xavier'),
                           param=[dict(lr_mult=1), dict(lr_mult=2)])
    n.relu1 = L.ReLU(n.ip1, in_place=True)
    n.score = L.InnerProduct(n.relu1, num_output=2, weight_filler=dict(type='xavier'))
    n.acc = L.Accuracy(n.score, n.label)
    n.loss = L.SoftmaxWithLoss(n.score, n.label)
    return n.to_proto()

for phase in ('train', 'test'):
    with open(phase + '.prototxt', 'w') as f:
        f.write(str(net(16, phase)))

s = caffe_pb2.SolverParameter()
s.train_net = 'train.prototxt'
s.test_net.append('test.prototxt')
s.test_interval = 1000
s.test_iter.append(1)
s.base_lr = 0.1
s.momentum = 0.9
s.lr_policy = 'fixed'
s.max_iter = 200
s.random_seed = 1
s.snapshot_prefix = 'model'
s.solver_mode = caffe_pb2.SolverParameter.CPU
with tempfile.NamedTemporaryFile('w', delete=False) as f:
    f.write(text_format.MessageToString(s))

caffe.set_device(0)
caffe.set_mode_cpu()
solver = caffe.get_solver(f.name)
solver.net.layers[0].set_seed(3)
print([(k, v.data.shape) for k, v in solver.net.blobs.items()])
print([(k, v[0].data.shape, v[1].data.shape) for k, v in solver.net.params.items()])

niter = 200
train_loss = np.zeros(niter)
test_acc = []
for it in range(niter):
    solver.step(1)
    train_loss[it] = solver.net.blobs['loss'].data
    if it % 50 == 0:
        solver.test_nets[0].forward()
        test_acc.append(float(solver.test_nets[0].blobs['acc'].data))
assert train_loss[-20:].mean() < 0.5 * train_loss[:5].mean(), train_loss
solver.snapshot()
assert os.path.exists('model_iter_200.caffemodel')

again = caffe.get_solver(f.name)
again.restore('model_iter_200.solverstate')
assert (again.net.params['ip1'][0].data == solver.net.params['ip1'][0].data).all()
print(again.iter, solver.iter, len(test_acc))
