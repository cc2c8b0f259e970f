"""`cafflite run`: a script as Python runs it, with cafflite in the place of caffe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cafflite
from cafflite.tools.main import main
from tests.device_twins import device_ops

SOURCES = Path(cafflite.__file__).parents[1]


@pytest.fixture
def folder(tmp_path):
    """What a script may be started beside: another Caffe, and a module of its own."""
    (tmp_path / "caffe" / "python" / "caffe").mkdir(parents=True)
    (tmp_path / "caffe" / "python" / "caffe" / "__init__.py").write_text("raise SystemError('the other caffe')")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "beside.py").write_text("value = 5")
    return tmp_path


def run(folder: Path, script: str, *arguments: str, program=("-m", "cafflite.tools.main", "run")):
    """Run `script`, as job/script.py, in a new process."""
    (folder / "job" / "script.py").write_text(script)
    command = [sys.executable, *program, *arguments]
    environment = os.environ | {"PYTHONPATH": str(SOURCES)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


SEEN = """
import os, pickle, sys
import beside
assert __name__ == "__main__" and sys.modules["__main__"].beside is beside
class Kept: pass
assert type(pickle.loads(pickle.dumps(Kept()))) is Kept
print(sys.argv[1:], __file__, sys.path[0], beside.value, __doc__, __spec__)
"""


def test_the_script_sees_what_python_shows_it(folder):
    arguments = ["job/script.py", "a", "--help", "-x", "--quiet=3", "--", "b c", ""]
    ours, pythons = run(folder, SEEN, *arguments), run(folder, SEEN, *arguments, program=())
    assert ours.stderr == pythons.stderr == ""
    assert ours.stdout == pythons.stdout
    assert str(arguments[1:]) in ours.stdout


def test_a_module(folder):
    script = SEEN.replace(", __doc__, __spec__", "")
    (folder / "beside.py").write_text("value = 6")
    ours = run(folder, script, "-m", "job.script", "--help")
    assert ours.stderr == ""
    assert ours.stdout == run(folder, script, "-m", "job.script", "--help", program=()).stdout
    assert "['--help']" in ours.stdout


def test_caffe_is_cafflite_whatever_stands_on_the_path(folder):
    script = """
import sys
sys.path.insert(0, "caffe/python")
import caffe
from caffe.proto import caffe_pb2
print(caffe.__name__, caffe_pb2.__name__, caffe.__version__)
"""
    assert run(folder, script, "job/script.py").stdout == "cafflite cafflite.proto.caffe_pb2 1.0.0\n"


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("", 0),
        ("raise SystemExit", 0),
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit('it is over')", 1),
        ("def f():\n    raise ValueError('x')\ntry:\n    f()\nexcept ValueError:\n    1 // 0", 1),
        ("x = (", 1),
        ("import broken", 1),
        ("import sys; sys.excepthook = lambda *error: print('mine', error[0])\n1 // 0", 1),
        ("import os; os._exit(9)", 9),
        ("raise BrokenPipeError", 1),
        ("from __future__ import annotations\ndef f(x: y): pass\nprint(f.__annotations__)", 0),
        ("def f(x: int): pass\nprint(f.__annotations__)", 0),
        ("# -*- coding: latin-1 -*-\nprint(ascii('\u00e4'))", 0),
        ("import atexit; x = 3; atexit.register(lambda: print(x))", 0),
    ],
)
def test_status_and_traceback_are_those_of_python(folder, script, status):
    (folder / "job" / "broken.py").write_text("import no_such_module")
    ours, pythons = run(folder, script, "job/script.py"), run(folder, script, "job/script.py", program=())
    assert (ours.returncode, ours.stdout, ours.stderr) == (pythons.returncode, pythons.stdout, pythons.stderr)
    assert ours.returncode == status


def test_an_interrupted_script(folder):
    ours = run(folder, "raise KeyboardInterrupt", "job/script.py")
    assert ours.returncode == 130
    assert ours.stderr.endswith("    raise KeyboardInterrupt\nKeyboardInterrupt\n")


def test_an_error_of_the_library_has_the_scripts_traceback(folder):
    ours = run(folder, "import caffe\ncaffe.Net('none.prototxt', caffe.TEST)", "job/script.py")
    assert ours.returncode == 1
    first, second, *_, last = ours.stderr.splitlines()
    assert first == "Traceback (most recent call last):"
    assert second == f'  File "{folder}/job/script.py", line 2, in <module>'
    assert last == "cafflite.errors.PrototxtError: none.prototxt: the file cannot be read: No such file or directory"


ON_GPU = """
import caffe
caffe.set_device(99)
caffe.set_mode_gpu()
caffe.set_device(0)
net = caffe.Net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }', caffe.TEST)
print(net.forward(x=[3])["x"])
"""


def test_a_script_for_a_gpu_stays_on_the_cpu_with_a_flag(folder):
    ours = run(folder, ON_GPU, "--cpu", "job/script.py")
    assert (ours.returncode, ours.stdout) == (0, "[3.]\n")
    (warning,) = ours.stderr.splitlines()
    assert warning.endswith("] set_mode_gpu and set_device are left out: this runs on the CPU, as --cpu asks for")


def test_without_a_gpu_the_error_names_the_flag(folder):
    ours = run(folder, ON_GPU, "job/script.py")
    assert ours.returncode == 1
    assert ours.stdout == ""
    *_, error, note = ours.stderr.splitlines()
    assert error.startswith("cafflite.errors.DeviceError: ")
    assert note == "`cafflite run --cpu` in front of the script keeps it on the CPU"


@pytest.mark.gpu
def test_a_script_of_the_cpu_runs_on_a_gpu_with_a_flag(tmp_path):
    device_ops()
    (tmp_path / "script.py").write_text("import caffe; print(caffe.backend.current_ops().xp.__name__)")
    command = [sys.executable, "-m", "cafflite.tools.main", "run", "--gpu=0", "script.py"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert (ran.stdout, ran.stderr) == ("cupy\n", "")


def test_flags_before_the_script_are_of_the_command(folder):
    script = "import sys, caffe; caffe.log('hello'); print(sys.argv)"
    assert "hello" in run(folder, script, "job/script.py", "--quiet").stderr
    ours = run(folder, script, "--quiet", "job/script.py", "--quiet")
    assert (ours.stdout, ours.stderr) == ("['job/script.py', '--quiet']\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.py"], "cafflite: run: 'none.py' cannot be read: No such file or directory\n"),
        (["."], "cafflite: run: '.' cannot be read: Is a directory\n"),
        (["--gpu=x", "none.py"], "cafflite: run: --gpu is 'x', expected the number of a GPU\n"),
        ([], "cafflite: run: got the arguments [], expected SCRIPT ARGUMENTS...\n"),
    ],
)
def test_mistakes(capsys, arguments, message):
    assert main(["run", *arguments]) == 1
    assert capsys.readouterr().err == message


def test_the_help_shows_where_flags_stand(capsys):
    assert main(["run", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: cafflite run [flags] SCRIPT ARGUMENTS...\n")
