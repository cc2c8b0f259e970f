"""Scripts as people write them for Caffe, unchanged, through `cafflite run`.

Each stands for a kind of public script; none is one of them. A script checks with `assert` what it computes, and the
last line that it prints is compared.
"""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import cafflite

SOURCES = Path(cafflite.__file__).parents[1]

DEPLOY = """
name: "small"
input: "data"
input_shape { dim: 10 dim: 3 dim: 6 dim: 6 }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "gaussian" std: 0.1 } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "fc" type: "InnerProduct" bottom: "conv" top: "fc"
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" std: 0.1 } } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""

CLASSIFY = """
    #!/usr/bin/env python
    import argparse
    import numpy as np
    import os
    import sys
    import time

    caffe_root = '../'  # this file is expected to be in {caffe_root}/examples
    sys.path.insert(0, caffe_root + 'python')
    import caffe

    parser = argparse.ArgumentParser()
    parser.add_argument("input_file")
    parser.add_argument("--model_def")
    parser.add_argument("--pretrained_model")
    parser.add_argument("--center_only", action='store_true')
    parser.add_argument("--raw_scale", type=float, default=255.0)
    args = parser.parse_args()

    np.random.seed(0)
    mean = np.ones((3, 8, 8)) * 100
    inputs = [np.random.rand(8, 8, 3).astype(np.float32) for _ in range(3)]
    caffe.set_mode_cpu()
    net = caffe.Net(args.model_def, caffe.TEST)
    net.save(args.pretrained_model)
    classifier = caffe.Classifier(args.model_def, args.pretrained_model, image_dims=[8, 8], mean=mean.mean(1).mean(1),
                                  input_scale=1.0, raw_scale=args.raw_scale, channel_swap=[2, 1, 0])
    start = time.time()
    predictions = classifier.predict(inputs, not args.center_only)
    assert predictions.shape == (3, 5)
    assert np.allclose(predictions.sum(1), 1)

    # The same by hand, for the center crop.
    transformer = caffe.io.Transformer({'data': net.blobs['data'].data.shape})
    transformer.set_transpose('data', (2, 0, 1))
    transformer.set_mean('data', mean.mean(1).mean(1))
    transformer.set_raw_scale('data', 255)
    transformer.set_channel_swap('data', (2, 1, 0))
    net.blobs['data'].reshape(3, 3, 6, 6)
    net.blobs['data'].data[...] = [transformer.preprocess('data', x[1:7, 1:7]) for x in inputs]
    out = net.forward()
    assert np.allclose(out['prob'], predictions, atol=1e-5)
    top = [out['prob'][i].argmax() for i in range(3)]
    np.save(args.input_file, predictions)
    print(len(classifier.crop_dims), predictions.argmax(1).tolist() == top)
"""

TRAIN = """
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
"""
BATCHES = """
    import ast
    import numpy as np
    import caffe

    class Batches(caffe.Layer):
        def setup(self, bottom, top):
            self.params = ast.literal_eval(self.param_str)
            self.batch_size = self.params['batch_size']
            self.set_seed(0)
            if len(top) != 2:
                raise Exception("Need two tops: data and label.")
            if len(bottom) != 0:
                raise Exception("Do not define a bottom.")
            top[0].reshape(self.batch_size, 1, 2, 2)
            top[1].reshape(self.batch_size)

        def set_seed(self, seed):
            self.rng = np.random.RandomState(seed)

        def reshape(self, bottom, top):
            pass

        def forward(self, bottom, top):
            for i in range(self.batch_size):
                label = self.rng.randint(2)
                top[0].data[i, ...] = self.rng.rand(1, 2, 2) + label
                top[1].data[i] = label

        def backward(self, top, propagate_down, bottom):
            pass
"""

SURGERY = """
    import numpy as np
    import caffe

    net = caffe.Net('deploy.prototxt', caffe.TEST)
    net.save('fc.caffemodel')
    full = open('deploy.prototxt').read()
    full = full.replace('name: "fc" type: "InnerProduct"', 'name: "fc-conv" type: "Convolution"')
    full = full.replace('inner_product_param { num_output: 5', 'convolution_param { num_output: 5 kernel_size: 4')
    open('conv.prototxt', 'w').write(full.replace('dim: 6 dim: 6', 'dim: 9 dim: 11').replace('dim: 10', 'dim: 1'))

    net = caffe.Net('deploy.prototxt', 'fc.caffemodel', caffe.TEST)
    params = ['fc']
    fc_params = {pr: (net.params[pr][0].data, net.params[pr][1].data) for pr in params}
    net_full_conv = caffe.Net('conv.prototxt', 'fc.caffemodel', caffe.TEST)
    params_full_conv = ['fc-conv']
    conv_params = {pr: (net_full_conv.params[pr][0].data, net_full_conv.params[pr][1].data) for pr in params_full_conv}
    for pr, pr_conv in zip(params, params_full_conv):
        conv_params[pr_conv][0].flat = fc_params[pr][0].flat  # flat unrolls the arrays
        conv_params[pr_conv][1][...] = fc_params[pr][1]
    net_full_conv.save('conv.caffemodel')

    im = np.random.RandomState(0).rand(1, 3, 9, 11)
    out = net_full_conv.forward_all(data=im)
    for y in range(out['prob'].shape[2]):
        for x in range(out['prob'].shape[3]):
            net.blobs['data'].data[0] = im[0, :, y:y + 6, x:x + 6]
            net.forward()
            assert np.allclose(net.blobs['prob'].data[0], out['prob'][0, :, y, x], atol=1e-5)
    print(out['prob'].shape)
"""

DREAM = """
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
"""

FEATURES = """
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
"""

SIAMESE = """
    import numpy as np
    import caffe
    from caffe import layers as L, params as P

    def tower(bottom):
        return L.InnerProduct(bottom, num_output=2, weight_filler=dict(type='gaussian', std=1),
                              param=[dict(name='w', lr_mult=1), dict(name='b', lr_mult=2)])

    n = caffe.NetSpec()
    n.data = L.Input(shape=dict(dim=[4, 3]))
    n.data_p = L.Input(shape=dict(dim=[4, 3]))
    n.sim = L.Input(shape=dict(dim=[4]))
    n.feat = tower(n.data)
    n.feat_p = tower(n.data_p)
    n.loss = L.ContrastiveLoss(n.feat, n.feat_p, n.sim, margin=1)
    with open('siamese.prototxt', 'w') as f:
        f.write('name: "siamese"\\n' + str(n.to_proto()))
    with open('solver.prototxt', 'w') as f:
        f.write('net: "siamese.prototxt" base_lr: 0.05 lr_policy: "fixed" max_iter: 60 snapshot_after_train: false')

    solver = caffe.SGDSolver('solver.prototxt')
    deploy = caffe.Net('siamese.prototxt', caffe.TEST)
    deploy.share_with(solver.net)
    rng = np.random.RandomState(0)
    solver.net.blobs['data'].data[...] = rng.randn(4, 3)
    solver.net.blobs['data_p'].data[...] = rng.randn(4, 3)
    solver.net.blobs['sim'].data[...] = [1, 1, 0, 0]
    solver.step(1)
    first = float(solver.net.blobs['loss'].data)
    solver.solve()
    assert float(solver.net.blobs['loss'].data) < first
    for i in range(2):
        assert (solver.net.params['feat'][i].data == solver.net.params['feat_p'][i].data).all()
    x = solver.net.blobs['data'].data
    feat = deploy.forward(data=x, data_p=x, sim=np.ones(4), blobs=['feat', 'feat_p'])
    assert (feat['feat'] == feat['feat_p']).all()
    assert np.allclose(feat['feat'], x.dot(solver.net.params['feat'][0].data.T) + solver.net.params['feat'][1].data)
    print(solver.iter, float(feat['loss']))
"""

WRAPPER = """
    import os
    import sys
    import numpy as np
    import caffe
    from caffe.proto import caffe_pb2
    import google.protobuf as pb2
    import google.protobuf.text_format

    class SolverWrapper(object):
        def __init__(self, solver_prototxt, output_dir, pretrained_model=None):
            self.output_dir = output_dir
            caffe.init_log(1)
            self.solver = caffe.SGDSolver(solver_prototxt)
            if pretrained_model is not None:
                self.solver.net.copy_from(pretrained_model)
            self.solver_param = caffe_pb2.SolverParameter()
            with open(solver_prototxt, 'rt') as f:
                pb2.text_format.Merge(f.read(), self.solver_param)
            self.solver.net.layers[0].set_roidb([1.0, 2.0, 4.0])

        def snapshot(self):
            net = self.solver.net
            orig_0 = net.params['bbox_pred'][0].data.copy()
            net.params['bbox_pred'][0].data[...] = net.params['bbox_pred'][0].data * 3
            filename = os.path.join(self.output_dir, self.solver_param.snapshot_prefix
                                    + '_iter_{:d}'.format(self.solver.iter) + '.caffemodel')
            net.save(str(filename))
            net.params['bbox_pred'][0].data[...] = orig_0
            return filename

        def train_model(self, max_iters):
            paths = []
            while self.solver.iter < max_iters:
                self.solver.step(1)
                if self.solver.iter % 2 == 0:
                    paths.append(self.snapshot())
            return paths

    os.mkdir('out')
    open('train.prototxt', 'w').write('''
    layer { name: "roi-data" type: "Python" top: "rois" top: "target"
      python_param { module: "roi_data" layer: "RoIDataLayer" param_str: "{'num': 3}" } }
    layer { name: "bbox_pred" type: "InnerProduct" bottom: "rois" top: "bbox_pred"
      inner_product_param { num_output: 1 bias_term: false weight_filler { type: "constant" value: 1 } } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "bbox_pred" bottom: "target" top: "loss" }
    ''')
    open('solver.prototxt', 'w').write('train_net: "train.prototxt" base_lr: 0.01 lr_policy: "step" gamma: 0.1 '
                                       'stepsize: 50000 display: 20 momentum: 0.9 snapshot: 0 snapshot_prefix: "r"')
    np.random.seed(3)
    caffe.set_random_seed(3)
    caffe.set_mode_cpu()
    sw = SolverWrapper('solver.prototxt', 'out')
    paths = sw.train_model(4)
    test = caffe.Net('train.prototxt', paths[-1], caffe.TEST)
    assert np.allclose(test.params['bbox_pred'][0].data, 3 * sw.solver.net.params['bbox_pred'][0].data)
    assert sw.solver.net.params['bbox_pred'][0].data > 1  # on the way to 2
    print(paths, sw.solver.net.layers[0].params['num'])
"""
ROI_DATA = """
    import ast
    import caffe

    class RoIDataLayer(caffe.Layer):
        def set_roidb(self, roidb):
            self._roidb = roidb

        def setup(self, bottom, top):
            self.params = ast.literal_eval(self.param_str_)
            self._roidb = [0] * self.params['num']
            self._name_to_top_map = {'rois': 0, 'target': 1}
            top[0].reshape(self.params['num'], 1)
            top[1].reshape(self.params['num'], 1)

        def forward(self, bottom, top):
            for name, factor in (('rois', 1), ('target', 2)):
                blob = top[self._name_to_top_map[name]]
                blob.reshape(len(self._roidb), 1)
                blob.data[:, 0] = [factor * x for x in self._roidb]

        def backward(self, top, propagate_down, bottom):
            pass

        def reshape(self, bottom, top):
            pass
"""

SCRIPTS = {
    "classify": (CLASSIFY, "o.npy --model_def deploy.prototxt --pretrained_model w.caffemodel --center_only", "2 True"),
    "train": (TRAIN, "", "200 200 4"),
    "surgery": (SURGERY, "", "(1, 5, 4, 6)"),
    "dream": (DREAM, "", "(1, 4, 6, 6) True"),
    "features": (FEATURES, "", "['conv', 'fc', 'prob'] 10 3 6"),
    "siamese": (SIAMESE, "", "60 0.0"),
    "wrapper": (WRAPPER, "", "['out/r_iter_2.caffemodel', 'out/r_iter_4.caffemodel'] 3"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_unchanged(tmp_path, name):
    script, arguments, printed = SCRIPTS[name]
    files = {"deploy.prototxt": DEPLOY, "script.py": script, "batches.py": BATCHES, "roi_data.py": ROI_DATA}
    for file, text in files.items():
        (tmp_path / file).write_text(dedent(text))
    run = subprocess.run(
        [sys.executable, "-m", "cafflite.tools.main", "run", "script.py", *arguments.split()],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SOURCES)},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == printed
