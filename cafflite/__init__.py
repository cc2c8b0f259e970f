"""cafflite: Caffe without the build."""

from cafflite.backend import set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from cafflite.errors import CaffliteError
from cafflite.proto.caffe_pb2 import TEST, TRAIN
from cafflite.pycaffe import Net

__all__ = [
    "TEST",
    "TRAIN",
    "CaffliteError",
    "Net",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_random_seed",
]
