# In[1]:
import os
import tempfile
import numpy as np
import caffe
from caffe import layers as L
from caffe import params as P
from caffe.proto import caffe_pb2

caffe.set_mode_cpu()
caffe.set_random_seed(11)
weights = os.path.join('.', 'pretrained.caffemodel')

# In[2]:
weight_param = dict(lr_mult=1, decay_mult=1)
bias_param = dict(lr_mult=2, decay_mult=0)
learned_param = [weight_param, bias_param]
frozen_param = [dict(lr_mult=0)] * 2


def fc_relu(bottom, nout, param=learned_param, weight_filler=dict(type='gaussian', std=0.5),
            bias_filler=dict(type='constant', value=0.1)):
    fc = L.InnerProduct(bottom, num_output=nout, param=param, weight_filler=weight_filler, bias_filler=bias_filler)
    return fc, L.ReLU(fc, in_place=True)


def caffenet(data, label=None, train=True, num_classes=10, classifier_name='fc8', learn_all=False):
    """Returns a file with a net, whose layers but the last are frozen unless learn_all."""
    n = caffe.NetSpec()
    n.data = data
    param = learned_param if learn_all else frozen_param
    n.fc6, n.relu6 = fc_relu(n.data, 16, param=param)
    if train:
        n.drop6 = fc7input = L.Dropout(n.relu6, in_place=True, dropout_ratio=0.2)
    else:
        fc7input = n.relu6
    n.fc7, n.relu7 = fc_relu(fc7input, 16, param=param)
    fc8 = L.InnerProduct(n.relu7, num_output=num_classes, param=learned_param, weight_filler=dict(type='xavier'))
    n.__setattr__(classifier_name, fc8)  # give fc8 the name specified by argument `classifier_name`
    if not train:
        n.probs = L.Softmax(fc8)
    if label is not None:
        n.label = label
        n.loss = L.SoftmaxWithLoss(fc8, n.label)
        n.acc = L.Accuracy(fc8, n.label)
    with tempfile.NamedTemporaryFile('w', delete=False) as f:  # write the net to a temporary file
        f.write(str(n.to_proto()))
        return f.name


# In[3]:
dummy_data = L.DummyData(shape=dict(dim=[1, 8]))
imagenet_net_filename = caffenet(data=dummy_data, train=False)
caffe.Net(imagenet_net_filename, caffe.TEST).save(weights)
imagenet_net = caffe.Net(imagenet_net_filename, weights, caffe.TEST)
assert np.allclose(imagenet_net.forward()['probs'].sum(), 1)


# In[4]:
def style_net(train=True, learn_all=False):
    data = L.Input(shape=dict(dim=[20, 8]))
    label = L.Input(shape=dict(dim=[20]))
    return caffenet(data=data, label=label, train=train, num_classes=5, classifier_name='fc8_flickr',
                    learn_all=learn_all)


untrained_style_net = caffe.Net(style_net(train=False), weights, caffe.TEST)
untrained_style_net.forward()
diff = untrained_style_net.params['fc7'][0].data - imagenet_net.params['fc7'][0].data
assert not diff.any()
assert untrained_style_net.blobs['probs'].data.shape == (20, 5)


# In[5]:
def solver(train_net_path, test_net_path=None, base_lr=0.001):
    s = caffe_pb2.SolverParameter()
    s.train_net = train_net_path
    if test_net_path is not None:
        s.test_net.append(test_net_path)
        s.test_interval = 1000
        s.test_iter.append(100)
    s.iter_size = 1
    s.max_iter = 100000
    s.type = 'SGD'
    s.base_lr = base_lr
    s.lr_policy = 'step'
    s.gamma = 0.1
    s.stepsize = 20000
    s.momentum = 0.9
    s.weight_decay = 5e-4
    s.display = 1000
    s.snapshot = 10000
    s.snapshot_prefix = 'finetune_flickr_style'
    s.solver_mode = caffe_pb2.SolverParameter.CPU
    with tempfile.NamedTemporaryFile('w', delete=False) as f:
        f.write(str(s))
        return f.name


# In[6]:
x = np.random.RandomState(0).randn(20, 8)
y = np.arange(20) % 5


def run_solvers(niter, solvers, disp_interval=10):
    """Run solvers for niter iterations, returning the loss and accuracy recorded each iteration."""
    blobs = ('loss', 'acc')
    loss, acc = ({name: np.zeros(niter) for name, _ in solvers} for _ in blobs)
    for it in range(niter):
        for name, s in solvers:
            s.net.blobs['data'].data[...] = x
            s.net.blobs['label'].data[...] = y
            s.step(1)  # run a single SGD step in Caffe
            loss[name][it], acc[name][it] = (s.net.blobs[b].data.copy() for b in blobs)
        if it % disp_interval == 0 or it + 1 == niter:
            loss_disp = '; '.join('%s: loss=%.3f, acc=%2d%%' % (n, loss[n][it], np.round(100 * acc[n][it]))
                                  for n, _ in solvers)
            print('%3d) %s' % (it, loss_disp))
    weights = {}
    for name, s in solvers:
        filename = 'weights.%s.caffemodel' % name
        weights[name] = os.path.join('.', filename)
        s.net.save(weights[name])
    return loss, acc, weights


style_solver = caffe.get_solver(solver(style_net(train=True), base_lr=0.02))
style_solver.net.copy_from(weights)
end_to_end = caffe.get_solver(solver(style_net(train=True, learn_all=True), base_lr=0.02))
end_to_end.net.copy_from(weights)
loss, acc, learned = run_solvers(80, [('pretrained', style_solver), ('end_to_end', end_to_end)], 20)
assert loss['end_to_end'][-5:].mean() < 0.6 * loss['end_to_end'][0], loss
frozen = caffe.Net(style_net(train=False), learned['pretrained'], caffe.TEST)
tuned = caffe.Net(style_net(train=False), learned['end_to_end'], caffe.TEST)
assert not (frozen.params['fc6'][0].data - imagenet_net.params['fc6'][0].data).any()
assert (tuned.params['fc6'][0].data - imagenet_net.params['fc6'][0].data).any()
del style_solver, end_to_end
out = tuned.forward(data=x, label=y)
print(sorted(out))
