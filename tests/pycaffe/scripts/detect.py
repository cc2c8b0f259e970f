#!/usr/bin/env python
import argparse
import csv
import os
import time

import numpy as np
import caffe

CROP_MODES = ['list', 'selective_search']
COORD_COLS = ['ymin', 'xmin', 'ymax', 'xmax']


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("input_file")
    parser.add_argument("output_file")
    parser.add_argument("--model_def")
    parser.add_argument("--pretrained_model")
    parser.add_argument("--crop_mode", default="selective_search", choices=CROP_MODES)
    parser.add_argument("--gpu", action='store_true')
    parser.add_argument("--channel_swap", default='2,1,0')
    parser.add_argument("--raw_scale", type=float)
    parser.add_argument("--context_pad", type=int, default='16')
    args = parser.parse_args(argv)

    channel_swap = [int(s) for s in args.channel_swap.split(',')]
    if args.gpu:
        caffe.set_mode_gpu()
    else:
        caffe.set_mode_cpu()
    detector = caffe.Detector(args.model_def, args.pretrained_model, mean=np.array([90., 100., 110.]),
                              raw_scale=args.raw_scale, channel_swap=channel_swap, context_pad=args.context_pad)
    t = time.time()
    rows = list(csv.DictReader(open(args.input_file)))
    windows = {}
    for row in rows:
        windows.setdefault(row['filename'], []).append([float(row[c]) for c in COORD_COLS])
    if args.crop_mode == 'list':
        detections = detector.detect_windows([(name, np.array(w)) for name, w in windows.items()])
    else:
        detections = detector.detect_selective_search(list(windows))
    feats = np.vstack([d['prediction'] for d in detections])
    np.save(args.output_file, feats)
    return detections


if __name__ == "__main__":
    from PIL import Image
    np.random.seed(0)
    for i in range(2):
        Image.fromarray(np.random.randint(0, 256, (30, 40, 3)).astype(np.uint8)).save('%d.jpg' % i)
    with open('det.csv', 'w') as f:
        f.write('filename,ymin,xmin,ymax,xmax\n0.jpg,2,3,20,30\n0.jpg,0,0,30,40\n1.jpg,5,5,9,9\n')
    caffe.Net('deploy.prototxt', caffe.TEST).save('net.caffemodel')
    common = ['det.csv', 'det.npy', '--model_def', 'deploy.prototxt', '--pretrained_model', 'net.caffemodel',
              '--raw_scale=255', '--context_pad=1']
    found = main(common + ['--crop_mode=list'])
    assert np.load('det.npy').shape == (3, 5) and np.allclose(np.load('det.npy').sum(1), 1)
    try:
        main(common)
    except Exception as error:
        print([os.path.basename(d['filename']) for d in found], 'MATLAB' in str(error))
