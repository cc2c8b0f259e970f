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
