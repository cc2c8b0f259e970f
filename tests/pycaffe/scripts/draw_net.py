#!/usr/bin/env python
from argparse import ArgumentParser, ArgumentDefaultsHelpFormatter

from google.protobuf import text_format

import caffe
import caffe.draw
from caffe.proto import caffe_pb2


def parse_args():
    parser = ArgumentParser(description=__doc__, formatter_class=ArgumentDefaultsHelpFormatter)
    parser.add_argument('input_net_proto_file')
    parser.add_argument('output_image_file')
    parser.add_argument('--rankdir', default='LR')
    parser.add_argument('--phase', default="ALL")
    parser.add_argument('--display_lrm', action='store_true')
    return parser.parse_args()


def main():
    args = parse_args()
    net = caffe_pb2.NetParameter()
    text_format.Merge(open(args.input_net_proto_file).read(), net)
    print('Drawing net to %s' % args.output_image_file)
    phase = None
    if args.phase == "TRAIN":
        phase = caffe.TRAIN
    elif args.phase == "TEST":
        phase = caffe.TEST
    elif args.phase != "ALL":
        raise ValueError("Unknown phase: " + args.phase)
    caffe.draw.draw_net_to_file(net, args.output_image_file, args.rankdir, phase, args.display_lrm)
    lines = open(args.output_image_file).read()
    assert all(layer.name in lines for layer in net.layer)


if __name__ == '__main__':
    main()
