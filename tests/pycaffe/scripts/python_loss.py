# A loss in Python, in the solver's loop: the gradient is checked, and the net learns.
import os

os.environ["GLOG_minloglevel"] = "1"
import tempfile
import numpy as np
import caffe
from google.protobuf import text_format
from caffe.proto import caffe_pb2


class EuclideanLossLayer(caffe.Layer):
    def setup(self, bottom, top):
        if len(bottom) != 2:
            raise Exception("Need two inputs to compute distance.")

    def reshape(self, bottom, top):
        if bottom[0].count != bottom[1].count:
            raise Exception("Inputs must have the same dimension.")
        self.diff = np.zeros_like(bottom[0].data, dtype=np.float32)
        top[0].reshape(1)

    def forward(self, bottom, top):
        self.diff[...] = bottom[0].data - bottom[1].data
        top[0].data[...] = np.sum(self.diff**2) / bottom[0].num / 2.

    def backward(self, top, propagate_down, bottom):
        for i in range(2):
            if not propagate_down[i]:
                continue
            if i == 0:
                sign = 1
            else:
                sign = -1
            bottom[i].diff[...] = sign * self.diff / bottom[i].num


if __name__ == "__main__":
    net = '''
    name: 'LinearRegressionExample'
    layer { type: 'DummyData' name: 'x' top: 'x'
      dummy_data_param { shape: { dim: 10 dim: 3 dim: 2 } data_filler: { type: 'gaussian' } } }
    layer { type: 'DummyData' name: 'y' top: 'y'
      dummy_data_param { shape: { dim: 10 dim: 1 } data_filler: { type: 'constant' value: 2 } } }
    layer { type: 'InnerProduct' name: 'ip' top: 'ip' bottom: 'x'
      inner_product_param { num_output: 1 weight_filler { type: 'xavier' } } }
    layer { type: '%s' name: 'loss' top: 'loss' bottom: 'ip' bottom: 'y' loss_weight: 1 %s }
    '''
    python = "python_param { module: 'python_loss' layer: 'EuclideanLossLayer' }"
    found = []
    for type_name, param in (('Python', python), ('EuclideanLoss', '')):
        with tempfile.NamedTemporaryFile('w', suffix='.prototxt', delete=False) as f:
            f.write(net % (type_name, param))
        solver = caffe_pb2.SolverParameter()
        text_format.Merge('base_lr: 0.05 lr_policy: "fixed" max_iter: 60 display: 10 random_seed: 3 snapshot_after_train: false', solver)
        solver.net = f.name
        with open('solver.prototxt', 'w') as f:
            f.write(text_format.MessageToString(solver))
        caffe.set_random_seed(7)
        s = caffe.SGDSolver('solver.prototxt')
        losses = []
        for i in range(60):
            s.step(1)
            losses.append(s.net.blobs['loss'].data.item())
        found.append(losses)
        assert losses[-1] < 0.1 * losses[0], losses
    assert np.allclose(found[0], found[1], rtol=1e-4), np.abs(np.subtract(*found)).max()
    print(s.iter, s.net.layers[-1].type)
