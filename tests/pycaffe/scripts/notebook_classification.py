# In[1]: set up Python environment: numpy for numerical routines, and a stub in the place of matplotlib
import numpy as np
import sys
caffe_root = '../'  # this file should be run from {caffe_root}/examples (otherwise change this line)
sys.path.insert(0, caffe_root + 'python')

import caffe
import os
# In[2]:
caffe.set_mode_cpu()
model_def = 'deploy.prototxt'
model_weights = 'net.caffemodel'
caffe.Net(model_def, caffe.TEST).save(model_weights)
net = caffe.Net(model_def,      # defines the structure of the model
                model_weights,  # contains the trained weights
                caffe.TEST)     # use test mode (e.g., don't perform dropout)
# In[3]: load the mean ImageNet image (as distributed with Caffe) for subtraction
np.save('mean.npy', np.random.RandomState(0).rand(3, 256, 256) * 255)
mu = np.load('mean.npy')
mu = mu.mean(1).mean(1)  # average over pixels to obtain the mean (BGR) pixel values
mean_values = list(zip('BGR', mu))
transformer = caffe.io.Transformer({'data': net.blobs['data'].data.shape})
transformer.set_transpose('data', (2, 0, 1))  # move image channels to outermost dimension
transformer.set_mean('data', mu)            # subtract the dataset-mean value in each channel
transformer.set_raw_scale('data', 255)      # rescale from [0, 1] to [0, 255]
transformer.set_channel_swap('data', (2, 1, 0))  # swap channels from RGB to BGR
# In[4]: set the size of the input (we can skip this if we're happy with the default)
net.blobs['data'].reshape(50, 3, 6, 6)
# In[5]:
from PIL import Image
Image.fromarray(np.random.RandomState(1).randint(0, 256, (36, 48, 3)).astype(np.uint8)).save('cat.jpg')
image = caffe.io.load_image('cat.jpg')
transformed_image = transformer.preprocess('data', image)
# In[6]: copy the image data into the memory allocated for the net; perform classification
net.blobs['data'].data[...] = transformed_image
output = net.forward()
output_prob = output['prob'][0]  # the output probability vector for the first image in the batch
top_inds = output_prob.argsort()[::-1][:5]  # reverse sort and take five largest items
assert abs(output_prob.sum() - 1) < 1e-5 and output_prob[top_inds[0]] == output_prob.max()
assert np.allclose(output['prob'], output_prob)  # broadcast to the whole batch
# In[7]: for each layer, show the output shape
for layer_name, blob in net.blobs.items():
    print(layer_name + '\t' + str(blob.data.shape))
for layer_name, param in net.params.items():
    print(layer_name + '\t' + str(param[0].data.shape), str(param[1].data.shape))


# In[8]:
def vis_square(data):
    """Take an array of shape (n, height, width) or (n, height, width, 3) and tile it."""
    data = (data - data.min()) / (data.max() - data.min())
    n = int(np.ceil(np.sqrt(data.shape[0])))
    padding = (((0, n ** 2 - data.shape[0]), (0, 1), (0, 1)) + ((0, 0),) * (data.ndim - 3))
    data = np.pad(data, padding, mode='constant', constant_values=1)
    data = data.reshape((n, n) + data.shape[1:]).transpose((0, 2, 1, 3) + tuple(range(4, data.ndim + 1)))
    return data.reshape((n * data.shape[1], n * data.shape[3]) + data.shape[4:])


filters = net.params['conv'][0].data
assert vis_square(filters.transpose(0, 2, 3, 1)).shape == (8, 8, 3)
feat = net.blobs['conv'].data[0, :36]
assert vis_square(feat).shape == (10, 10)
feat = net.blobs['fc'].data[0]
hist = np.histogram(feat.flat, bins=10)
assert hist[0].sum() == 5
# In[9]: deprocess what the net saw
shown = transformer.deprocess('data', net.blobs['data'].data[0])
assert shown.shape == (6, 6, 3) and np.allclose(shown, caffe.io.resize_image(image, (6, 6)), atol=1e-4)
print(os.path.basename(model_def), mean_values[0][0], feat.shape)
