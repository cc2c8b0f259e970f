"""The timed work, by onnxruntime: forward passes alone."""

import os
from collections.abc import Callable

import numpy as np
import onnxruntime
from onnx_net import model

from cafflite import log
from cafflite.proto.caffe_pb2 import NetParameter


def network(make: Callable[[], NetParameter], train: bool) -> Callable[[], object]:
    """A forward pass in the test phase."""
    log.quiet = True
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(model(make()).SerializeToString(), options, ["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape
    data = np.random.default_rng(0).standard_normal(shape, np.float32)
    return lambda: session.run(None, {"data": data})
