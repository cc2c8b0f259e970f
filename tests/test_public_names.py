"""`import cafflite as caffe`: the names that scripts look for, and what is imported only when it is asked for."""

import inspect
import subprocess
import sys

import pytest

import cafflite
from cafflite.blob import Blob

LAZY = ("classifier", "detector", "draw", "io", "_caffe")


@pytest.mark.parametrize("name", cafflite.__all__)
def test_every_name_is_there(name):
    assert getattr(cafflite, name) is not None
    assert name in dir(cafflite)


def test_names_are_those_of_their_modules():
    assert cafflite.Classifier is cafflite.classifier.Classifier
    assert cafflite.Detector is cafflite.detector.Detector
    assert cafflite.NetSpec is cafflite.net_spec.NetSpec
    assert cafflite.params is cafflite.net_spec.params
    assert cafflite.to_proto is cafflite.net_spec.to_proto
    assert cafflite._caffe.Net is cafflite.pycaffe.Net is cafflite.Net
    assert (cafflite.TRAIN, cafflite.TEST) == (0, 1)


@pytest.mark.parametrize("name", [*cafflite._caffe.__all__, "NCCL", "Layer", "SGDSolver", "get_solver", "log"])
def test_the_names_of_the_compiled_module(name):
    assert getattr(cafflite._caffe, name) is not None
    assert not hasattr(cafflite._caffe, "__path__")


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'cafflite' has no attribute 'set_phase'"):
        cafflite.set_phase()


def test_the_version_is_that_of_the_caffe_whose_interface_it_is():
    assert cafflite.__version__ == cafflite._caffe.__version__ == "1.0.0"


def test_what_takes_long_is_imported_when_it_is_asked_for():
    code = (
        "import sys, cafflite\n"
        f"print([name for name in {LAZY} if 'cafflite.' + name in sys.modules])\n"
        "print([name for name in ('h5py', 'matplotlib', 'numba', 'PIL', 'scipy') if name in sys.modules])\n"
        "from cafflite import *\n"
        "print(io.__name__, NetSpec.__name__)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "[]\n[]\ncafflite.io NetSpec\n", run.stderr


MODULES = ("classifier", "coord_map", "detector", "draw", "io", "net_spec")


def functions_and_classes():
    for name in cafflite.__all__:
        yield name, getattr(cafflite, name)
    for module in MODULES:
        for name, found in vars(getattr(cafflite, module)).items():
            if not name.startswith("_") and getattr(found, "__module__", "") == f"cafflite.{module}":
                yield f"{module}.{name}", found


def public_parts(cls):
    for name, found in inspect.getmembers(cls):
        if not name.startswith("_") and (inspect.isfunction(found) or isinstance(found, property)):
            yield f"{cls.__name__}.{name}", found


def test_all_that_is_public_says_what_it_is():
    found = [entry for entry in functions_and_classes() if inspect.isfunction(entry[1]) or inspect.isclass(entry[1])]
    found += [part for cls in {cls for _, cls in found if inspect.isclass(cls)} | {Blob} for part in public_parts(cls)]
    assert len(found) > 100
    assert [name for name, part in found if not inspect.getdoc(part)] == []
