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
    f.write('name: "siamese"\n' + str(n.to_proto()))
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
