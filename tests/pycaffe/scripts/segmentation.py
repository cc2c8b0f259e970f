import caffe
import numpy as np


class SegDataLayer(caffe.Layer):
    """Pictures whose left is dark, whose middle is grey and whose right is bright, and the class of each pixel."""

    def setup(self, bottom, top):
        params = eval(self.param_str)
        self.split = params['split']
        self.random = np.random.RandomState(params.get('seed', None))
        if len(top) != 2:
            raise Exception("Need to define two tops: data and label.")
        if len(bottom) != 0:
            raise Exception("Do not define a bottom.")

    def reshape(self, bottom, top):
        borders = np.sort(self.random.randint(2, 12, 2))
        self.label = np.zeros((1, 12, 14), dtype=np.uint8)
        self.label[:, :, borders[0]:] = 1
        self.label[:, :, borders[1]:] = 2
        self.data = (self.label - 1. + 0.1 * self.random.randn(1, 12, 14)).astype(np.float32)
        self.label[0, 0, 0] = 255
        top[0].reshape(1, *self.data.shape)
        top[1].reshape(1, *self.label.shape)

    def forward(self, bottom, top):
        top[0].data[...] = self.data
        top[1].data[...] = self.label

    def backward(self, top, propagate_down, bottom):
        pass
