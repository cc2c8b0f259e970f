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
