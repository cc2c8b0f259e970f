"""The switch between CPU and GPU on machines that have no GPU to use."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import cafflite
from cafflite import backend
from cafflite.backend.numpy_ops import NumpyOps
from cafflite.backend.ops import Ops
from cafflite.errors import BackendError

WITHOUT_CUPY = pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed here")


@WITHOUT_CUPY
@pytest.mark.parametrize("device", [0, 1])
def test_without_cupy_the_gpu_mode_says_how_to_get_it(device):
    cafflite.set_device(device)
    with pytest.raises(BackendError, match=r"needs CuPy.*pip install 'cafflite\[gpu\]'"):
        cafflite.set_mode_gpu()
    cafflite.set_device(0)
    assert isinstance(backend.current_ops(), NumpyOps)  # the mode is as it was


def test_types_of_number():
    assert backend.current_ops().dtype == np.float32
    double = backend.current_ops("float64")
    assert double.dtype == np.float64
    assert type(double) is Ops


def test_without_numba_the_readable_twins_take_over():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'numba' else find(name, *rest)\n"
        "import cafflite; from cafflite import backend\n"
        "net = cafflite.Net('''\n"
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }\n'
        'layer { name: "p" type: "Pooling" bottom: "x" top: "p" pooling_param { kernel_size: 2 } }\n'
        'layer { name: "s" type: "Softmax" bottom: "p" top: "s" }\n'
        "''', cafflite.TEST)\n"
        "print(type(backend.current_ops()).__name__, net.forward()['s'].shape)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "Ops (2, 3, 7, 7)\n", run.stderr


@pytest.mark.parametrize("seed", [0, 7])
def test_the_seed_sets_the_seeds_of_all_nets_to_come(seed):
    backend.set_random_seed(seed)
    first = [backend.next_seed() for _ in range(3)]
    backend.set_random_seed(seed)
    assert [backend.next_seed() for _ in range(3)] == first
    assert len(set(first)) == 3
