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
