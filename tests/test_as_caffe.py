"""`import caffe` in a process that has called install_as_caffe()."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import cafflite

SOURCES = Path(cafflite.__file__).parents[1]


@pytest.fixture
def python(tmp_path):
    """Run code in a new process, with a Caffe of another kind in the folder `real`; give what it prints."""
    package = tmp_path / "real" / "caffe"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemError('the other caffe')")

    def run(code: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(SOURCES)}
        run = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=tmp_path, env=environment
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    return run


def test_the_modules_are_the_very_same(python):
    printed = python("""
        import cafflite
        cafflite.install_as_caffe()
        cafflite.install_as_caffe()
        import sys
        sys.path.insert(0, "real")

        import caffe
        import caffe._caffe, caffe.classifier, caffe.coord_map, caffe.detector, caffe.draw, caffe.io, caffe.net_spec
        import caffe.pycaffe, caffe.layers.base, caffe.pycaffe.net
        import caffe.proto.caffe_pb2 as caffe_pb2
        from caffe import layers as L, params as P, to_proto
        from caffe.proto import caffe_pb2 as again
        import cafflite.proto.caffe_pb2, cafflite.io, cafflite.draw, cafflite.layers.base

        assert caffe is cafflite
        assert caffe_pb2 is again is cafflite.proto.caffe_pb2
        assert caffe.io is cafflite.io is sys.modules["caffe.io"]
        assert caffe.layers is L is cafflite.layers is sys.modules["caffe.layers"]
        assert caffe.layers.base is cafflite.layers.base
        assert to_proto is cafflite.net_spec.to_proto
        assert caffe._caffe.Net is caffe.Net is caffe.pycaffe.Net
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "caffe":
                assert module.__spec__.name == module.__name__ == "cafflite" + name[5:], name
        print(L.Pooling(pool=P.Pooling.MAX).to_proto().layer[0].pooling_param.pool == P.Pooling.MAX)
    """)
    assert printed == "True\n"


def test_a_module_that_is_not_there_is_not_found(python):
    printed = python("""
        import cafflite, sys
        cafflite.install_as_caffe()
        sys.path.insert(0, "real")
        for name in ("caffe.nothing", "caffe.io.nothing", "caffe2"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                print(error.name)
        try:
            from caffe import nothing
        except ImportError as error:
            print(error.name)
    """)
    assert printed == "caffe.nothing\ncaffe.io.nothing\ncaffe2\ncafflite\n"


def test_pickles_hold_the_package_that_is_there(python):
    printed = python("""
        import cafflite, pickle
        cafflite.install_as_caffe()
        import caffe
        from caffe.proto import caffe_pb2
        net = caffe_pb2.NetParameter(name="n")
        stored = pickle.dumps([net, caffe.Net, caffe.CaffliteError("e")])
        assert b"cafflite" in stored
        print(pickle.loads(stored)[0] == net, pickle.loads(stored)[1] is cafflite.Net)
        # What another Caffe has pickled names its own modules.
        print(pickle.loads(b"ccaffe.proto.caffe_pb2\\nNetParameter\\n.") is caffe_pb2.NetParameter)
    """)
    assert printed == "True True\nTrue\n"


def test_reload(python):
    printed = python("""
        import cafflite, importlib
        cafflite.install_as_caffe()
        import caffe, caffe.net_spec, caffe.log
        for module in (caffe, caffe.net_spec, caffe.log):
            assert importlib.reload(module) is module
        import caffe as again
        print(again is cafflite, caffe.NetSpec is caffe.net_spec.NetSpec)
        caffe.log("still a function")
    """)
    assert printed == "True True\n"


def test_a_caffe_that_is_imported_already_is_not_replaced(python):
    printed = python("""
        import sys, types
        import cafflite
        sys.modules["caffe"] = types.ModuleType("caffe")
        sys.modules["caffe"].__file__ = "/opt/caffe/python/caffe/__init__.py"
        try:
            cafflite.install_as_caffe()
        except cafflite.CaffliteError as error:
            print(error)
    """)
    assert printed == (
        "another caffe, /opt/caffe/python/caffe/__init__.py, is imported already: call install_as_caffe() before\n"
    )


def test_without_it_no_caffe_is_there(python):
    printed = python("""
        import cafflite, importlib.util
        print(importlib.util.find_spec("caffe"))
    """)
    assert printed == "None\n"


def test_a_python_layer_imports_caffe(python, tmp_path):
    (tmp_path / "my_layer.py").write_text(
        "import caffe\n"
        "class Double(caffe.Layer):\n"
        "    def reshape(self, bottom, top): top[0].reshape(*bottom[0].data.shape)\n"
        "    def forward(self, bottom, top): top[0].data[...] = 2 * bottom[0].data\n"
    )
    printed = python("""
        import sys
        import cafflite
        cafflite.install_as_caffe()
        import caffe
        sys.path.insert(0, ".")
        net = caffe.Net('''
            layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }
            layer { name: "y" type: "Python" bottom: "x" top: "y" python_param { module: "my_layer" layer: "Double" } }
        ''', caffe.TEST)
        print(net.forward(x=[1, 2])["y"])
    """)
    assert printed == "[2. 4.]\n"
