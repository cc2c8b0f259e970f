"""Run a Python script that imports caffe, with cafflite in its place.

The script runs as in `python script.py ...`, with its own arguments, exit status and tracebacks, but that `import
caffe` finds cafflite, also where the script puts the folder of a Caffe on sys.path. What stands behind the script's
name is the script's, flags as well.

    cafflite run train.py --solver solver.prototxt
    cafflite run -m package.module 3
    cafflite run --cpu demo.py              where the script calls set_mode_gpu() and there is no GPU
    cafflite run --gpu 0 demo.py            where it does not, and shall run on the first GPU
"""

import os
import runpy
import sys
from types import ModuleType, SimpleNamespace

from cafflite import backend
from cafflite.as_caffe import install_as_caffe
from cafflite.errors import DeviceError, UsageError
from cafflite.files import reason
from cafflite.tools import _device
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "m": (False, "SCRIPT is the name of a module or package, as in `python -m`"),
    "cpu": (False, "stay on the CPU: set_mode_gpu() and set_device() only warn, once"),
    "gpu": ("", "the number of the GPU that the script begins with; the CPU without it"),
}
PASSES_ON = True  # the arguments behind the first that is no flag


def run(flags: SimpleNamespace, script: str, *arguments: str) -> int:
    install_as_caffe()
    if flags.cpu:
        backend.stay_on_cpu()
    _device.choose(flags.gpu)
    code = b"" if flags.m else _read(script)
    path = os.path.abspath(script)
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = os.getcwd() if flags.m else os.path.dirname(os.path.realpath(script))
    try:
        if flags.m:
            runpy.run_module(script, run_name="__main__", alter_sys=True)
        else:
            main = ModuleType("__main__")
            main.__file__ = path
            sys.modules["__main__"] = main
            exec(compile(code, path, "exec", dont_inherit=True), vars(main))
    except Exception as error:
        return _show(error, 1)
    except KeyboardInterrupt as error:
        return _show(error, 130)
    return 0


def _read(script: str) -> bytes:
    try:
        with open(script, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"'{script}' cannot be read: {reason(error)}") from error


def _show(error: BaseException, status: int) -> int:
    """Print the traceback as Python does, without the frame that is not the script's."""
    assert error.__traceback__  # it was raised
    if isinstance(error, DeviceError):
        error.add_note("`cafflite run --cpu` in front of the script keeps it on the CPU")
    error.with_traceback(error.__traceback__.tb_next)
    sys.excepthook(type(error), error, error.__traceback__)
    return status
