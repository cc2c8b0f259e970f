"""Solvers: made, stepped, watched, stopped and resumed."""

import os

import caffe
import numpy as np
from caffe.proto import caffe_pb2

with open("train.prototxt", "w") as file:
    file.write("""
    layer { name: "data" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
      inner_product_param { num_output: 2 weight_filler { type: "constant" value: 1 } bias_term: false } }
    layer { name: "loss" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }
    """)
with open("solver.prototxt", "w") as file:
    file.write("""
    net: "train.prototxt" test_iter: 1 test_interval: 100 base_lr: 0.5 lr_policy: "fixed" max_iter: 4
    snapshot_prefix: "model"
    """)
solver = caffe.SGDSolver("solver.prototxt")
solver.net.blobs["x"].data[...] = 1
weights = solver.net.params["ip"][0].data  # each has the gradient 2, of two samples

# %% caffe.SGDSolver
assert isinstance(solver, caffe.SGDSolver) and solver.type == "SGD"

# %% other Solver classes
for rule in (caffe.NesterovSolver, caffe.AdaGradSolver, caffe.RMSPropSolver, caffe.AdaDeltaSolver, caffe.AdamSolver):
    other = rule("solver.prototxt")
    other.net.blobs["x"].data[...] = 1
    other.step(1)
    assert (other.net.params["ip"][0].data != 1).all()
assert other.type == "Adam"

# %% caffe.get_solver
made = caffe.get_solver("solver.prototxt")
assert type(made) is caffe.SGDSolver and (made.net.params["ip"][0].data == 1).all()

# %% SolverParameter()
s = caffe_pb2.SolverParameter()
s.train_net = "train.prototxt"
s.test_net.append("train.prototxt")
s.test_iter.append(1)
s.test_interval = 10
s.base_lr, s.lr_policy, s.type = 0.25, "fixed", "Adam"
s.solver_mode = caffe_pb2.SolverParameter.CPU
with open("made.prototxt", "w") as file:
    file.write(str(s))
assert type(caffe.get_solver("made.prototxt")) is caffe.AdamSolver

# %% solver.net
assert isinstance(solver.net, caffe.Net) and list(solver.net.blobs) == ["x", "y", "loss"]
assert solver.net.forward()["loss"] == 12

# %% solver.test_nets
assert len(solver.test_nets) == 1
solver.test_nets[0].blobs["x"].data[...] = 2
assert solver.test_nets[0].forward()["loss"] == 24

# %% solver.iter
assert solver.iter == 0
solver.step(3)
assert solver.iter == 3

# %% solver.step
solver.step(1)
assert (weights == 0).all()
solver.step(2)
assert (weights == -2).all()

# %% solver.solve
solver.solve()
assert solver.iter == 4 and (weights == -3).all()

# %% solver.snapshot
solver.step(2)
solver.snapshot()
assert os.path.exists("model_iter_2.caffemodel") and os.path.exists("model_iter_2.solverstate")

# %% solver.restore
solver.step(2)
solver.snapshot()
solver.step(1)
solver.restore("model_iter_2.solverstate")
assert solver.iter == 2 and (solver.net.params["ip"][0].data == -1).all()

# %% solver.param
assert (solver.param.max_iter, solver.param.base_lr, solver.param.display) == (4, 0.5, 0)

# %% solver.add_callback
seen = []
solver.add_callback(lambda: seen.append("start"), lambda: seen.append(solver.net.params["ip"][0].diff.copy()))
solver.step(1)
assert seen[0] == "start" and np.array_equal(seen[1], [[2, 2, 2]] * 2)

# %% solver.apply_update
solver.net.params["ip"][0].diff[...] = 4
solver.apply_update()
assert (weights == -1).all()
