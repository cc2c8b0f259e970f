"""The messages of caffe.proto: ``caffe_pb2.NetParameter()``, ``caffe_pb2.TRAIN``, ...

They are made from the descriptor set caffe.binpb, which every protobuf runtime from 4.25 on can load, and live in a
descriptor pool of their own, so that a program can use another caffe_pb2 beside this one.
"""

from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message_factory import GetMessageClass

POOL = DescriptorPool()
for _file in FileDescriptorSet.FromString(Path(__file__).with_name("caffe.binpb").read_bytes()).file:
    POOL.AddSerializedFile(_file.SerializeToString())
DESCRIPTOR = POOL.FindFileByName("caffe.proto")

for _name, _message in DESCRIPTOR.message_types_by_name.items():
    globals()[_name] = GetMessageClass(_message)
    globals()[_name].__module__ = __name__  # pickle finds a class through its module

for _name, _enum in DESCRIPTOR.enum_types_by_name.items():
    globals()[_name] = EnumTypeWrapper(_enum)
    globals().update({value.name: value.number for value in _enum.values})
