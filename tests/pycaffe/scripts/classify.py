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
