"""The process: where caffe is found, its device, its seed, its log."""

import os
import sys

import caffe
import numpy as np

NET = """
layer { name: "x" type: "DummyData" top: "x" dummy_data_param { shape { dim: 3 } data_filler { type: "gaussian" } } }
"""


def drawn():
    """Three random numbers of a new net."""
    with open("net.prototxt", "w") as file:
        file.write(NET)
    return caffe.Net("net.prototxt", caffe.TEST).forward()["x"].copy()


# %% sys.path.insert caffe python
os.makedirs("caffe/python/caffe")
with open("caffe/python/caffe/__init__.py", "w") as file:
    file.write("raise SystemError('another caffe')")
caffe_root = "caffe/"
sys.path.insert(0, caffe_root + "python")
import caffe.coord_map  # noqa: E402
from caffe.proto import caffe_pb2  # noqa: E402

assert caffe.__name__ == "cafflite" and caffe_pb2.NetParameter(name="n").name == "n"

# %% set_mode_cpu
caffe.set_mode_cpu()
assert isinstance(drawn(), np.ndarray)

# %% set_mode_gpu
try:
    caffe.set_mode_gpu()
except RuntimeError as error:
    assert "GPU" in str(error) or "CuPy" in str(error)
assert np.isfinite(drawn()).all()  # the process goes on

# %% set_device
caffe.set_device(0)
caffe.set_mode_cpu()
assert np.isfinite(drawn()).all()

# %% set_random_seed
caffe.set_random_seed(5)
first = drawn()
assert not np.array_equal(drawn(), first)
caffe.set_random_seed(5)
assert np.array_equal(drawn(), first)

# %% init_log
before = os.environ.get("GLOG_minloglevel")
caffe.init_log(2, True)
assert os.environ["GLOG_minloglevel"] == "2"
caffe.init_log(0)
caffe.log("a message")
os.environ.pop("GLOG_minloglevel") if before is None else os.environ.update(GLOG_minloglevel=before)

# %% NCCL/set_solver_count/multiprocess
assert not caffe.has_nccl()
caffe.set_solver_count(2)
caffe.set_solver_rank(1)
caffe.set_multiprocess(True)
assert (caffe.solver_count(), caffe.solver_rank()) == (2, 1)
caffe.set_solver_count(1)
caffe.set_solver_rank(0)
caffe.set_multiprocess(False)
try:
    caffe.NCCL.new_uid()
except RuntimeError as error:
    assert "one process" in str(error)
else:
    raise AssertionError("there is no NCCL here")
