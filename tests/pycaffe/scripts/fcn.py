#!/usr/bin/env python
# Fully convolutional net: fc layers turned into convolutions, bilinear upsampling, a crop to the image; then training.
from __future__ import division
import os
import sys

os.environ['GLOG_minloglevel'] = '2'
caffe_root = './caffe'
sys.path.insert(0, os.path.join(caffe_root, 'python'))
import caffe
from caffe import layers as L, params as P
from caffe.coord_map import crop
import numpy as np


def transplant(new_net, net, suffix=''):
    for p in net.params:
        p_new = p + suffix
        if p_new not in new_net.params:
            print('dropping', p)
            continue
        for i in range(len(net.params[p])):
            if i > (len(new_net.params[p_new]) - 1):
                print('dropping', p, i)
                break
            if net.params[p][i].data.shape != new_net.params[p_new][i].data.shape:
                print('coercing', p, i, 'from', net.params[p][i].data.shape, 'to', new_net.params[p_new][i].data.shape)
            else:
                print('copying', p, ' -> ', p_new, i)
            new_net.params[p_new][i].data.flat = net.params[p][i].data.flat


def upsample_filt(size):
    factor = (size + 1) // 2
    center = factor - 1 if size % 2 == 1 else factor - 0.5
    og = np.ogrid[:size, :size]
    return (1 - abs(og[0] - center) / factor) * (1 - abs(og[1] - center) / factor)


def interp(net, layers):
    for l in layers:
        m, k, h, w = net.params[l][0].data.shape
        if m != k and k != 1:
            print('input + output channels need to be the same or |output| == 1')
            raise ValueError
        if h != w:
            print('filters need to be square')
            raise ValueError
        net.params[l][0].data[range(m), range(k), :, :] = upsample_filt(h)


def conv_relu(bottom, nout, ks=3, stride=1, pad=1):
    conv = L.Convolution(bottom, kernel_size=ks, stride=stride, num_output=nout, pad=pad,
                         param=[dict(lr_mult=1, decay_mult=1), dict(lr_mult=2, decay_mult=0)])
    return conv, L.ReLU(conv, in_place=True)


def fcn(split):
    n = caffe.NetSpec()
    n.data, n.label = L.Python(module='segmentation', layer='SegDataLayer', ntop=2,
                               param_str=str(dict(split=split, seed=1337)))
    n.conv1, n.relu1 = conv_relu(n.data, 4, pad=10)
    n.pool1 = L.Pooling(n.relu1, pool=P.Pooling.MAX, kernel_size=2, stride=2)
    n.fc6, n.relu6 = conv_relu(n.pool1, 8, ks=3, pad=0)
    n.drop6 = L.Dropout(n.relu6, dropout_ratio=0.1, in_place=True)
    n.score_fr = L.Convolution(n.drop6, num_output=3, kernel_size=1, pad=0, weight_filler=dict(type='xavier'),
                               param=[dict(lr_mult=1, decay_mult=1), dict(lr_mult=2, decay_mult=0)])
    n.upscore = L.Deconvolution(n.score_fr, convolution_param=dict(num_output=3, kernel_size=4, stride=2,
                                                                   bias_term=False), param=[dict(lr_mult=0)])
    n.score = crop(n.upscore, n.data)
    n.loss = L.SoftmaxWithLoss(n.score, n.label, loss_param=dict(normalize=False, ignore_label=255))
    return n.to_proto()


with open('fcn.prototxt', 'w') as f:
    f.write(str(fcn('train')))
with open('vgg.prototxt', 'w') as f:
    f.write('''
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 6 dim: 6 } } }
    layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
      convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "msra" } } }
    layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
    layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" pooling_param { kernel_size: 2 stride: 2 } }
    layer { name: "fc6" type: "InnerProduct" bottom: "pool1" top: "fc6"
      inner_product_param { num_output: 8 weight_filler { type: "msra" } } }
    layer { name: "fc8" type: "InnerProduct" bottom: "fc6" top: "fc8" inner_product_param { num_output: 2 } }
    ''')
with open('solver.prototxt', 'w') as f:
    f.write('train_net: "fcn.prototxt" base_lr: 0.002 lr_policy: "fixed" momentum: 0.9 weight_decay: 0.0005 '
            'max_iter: 200 snapshot: 0 snapshot_prefix: "fcn" test_initialization: false display: 50 average_loss: 20')

caffe.set_random_seed(1)
caffe.Net('vgg.prototxt', caffe.TEST).save('vgg.caffemodel')
vgg_net = caffe.Net('vgg.prototxt', 'vgg.caffemodel', caffe.TRAIN)

caffe.set_device(0)
caffe.set_mode_cpu()
solver = caffe.SGDSolver('solver.prototxt')
transplant(solver.net, vgg_net)
assert np.array_equal(solver.net.params['fc6'][0].data.ravel(), vgg_net.params['fc6'][0].data.ravel())
del vgg_net
interp_layers = [k for k in solver.net.params.keys() if 'up' in k]
interp(solver.net, interp_layers)
up = solver.net.params['upscore'][0].data.copy()
assert up[0, 0].sum() == 4 and not up[0, 1].any()

solver.step(1)
first = float(solver.net.blobs['loss'].data)
for _ in range(3):
    solver.step(40)
assert (solver.net.params['upscore'][0].data == up).all()
assert solver.net.blobs['score'].data.shape == solver.net.blobs['data'].data.shape[:1] + (3, 12, 14)


def fast_hist(a, b, n):
    k = (a >= 0) & (a < n)
    return np.bincount(n * a[k].astype(int) + b[k], minlength=n ** 2).reshape(n, n)


hist = np.zeros((3, 3))
for _ in range(10):
    solver.net.forward()
    hist += fast_hist(solver.net.blobs['label'].data[0, 0].flatten(),
                      solver.net.blobs['score'].data[0].argmax(0).flatten(), 3)
acc = np.diag(hist).sum() / hist.sum()
iu = np.diag(hist) / (hist.sum(1) + hist.sum(0) - np.diag(hist))
print(acc, iu, first, float(solver.net.blobs['loss'].data))
assert acc > 0.85, acc
print(interp_layers, solver.net.layers[0].split)
