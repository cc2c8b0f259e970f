"""Messages on stderr in glog's format, as Caffe prints them and log parsers read them.

`quiet` set to True, or GLOG_minloglevel=1 in the environment, keeps all but the warnings away; 2 those as well.
"""

import os
import sys
import threading
from datetime import datetime
from types import ModuleType

quiet = False
_footer = ""


def info(message: str) -> None:
    """Print a line such as `I1122 00:59:01.123456  4242 base.py:218] Iteration 100, lr = 0.01`."""
    _write("I", message)


def warning(message: str) -> None:
    """Print a line that tells of something to look at."""
    _write("W", message)


def footer(text: str) -> None:
    """Keep `text` on the terminal's last line, below all messages; an empty one takes it away."""
    global _footer
    _print(text)
    _footer = text


def _write(severity: str, message: str) -> None:
    least = os.environ.get("GLOG_minloglevel", "")
    if "IW".index(severity) < max(int(quiet), int(least) if least.isdecimal() else 0):
        return
    caller = sys._getframe(2)
    place = f"{os.path.basename(caller.f_code.co_filename)}:{caller.f_lineno}"
    now = datetime.now().strftime("%m%d %H:%M:%S.%f")
    _print(f"{severity}{now} {threading.get_native_id():5} {place}] {message}\n{_footer}")


def _print(text: str) -> None:
    sys.stderr.write(("\r\x1b[K" if _footer else "") + text)
    sys.stderr.flush()


class _Callable(ModuleType):
    def __call__(self, message: str) -> None:
        _write("I", message)


# In pycaffe `caffe.log("text")` is a function, so this module can be called, as `info` is.
sys.modules[__name__].__class__ = _Callable
