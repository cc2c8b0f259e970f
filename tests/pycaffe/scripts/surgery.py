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
