"""The name `caffe` for this package, so that scripts written for Caffe run as they are."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from cafflite.errors import BackendError


def install_as_caffe() -> None:
    """Let `import caffe`, and that of every module in it, give this package's own modules, in this process.

    A Caffe on sys.path is not looked at, wherever a script puts it. Calling this again changes nothing. Raises
    BackendError when another caffe has been imported already.
    """
    found = sys.modules.get("caffe")
    if found is not None and found is not sys.modules["cafflite"]:
        raise BackendError(
            f"another caffe, {getattr(found, '__file__', found)}, is imported already: call install_as_caffe() before"
        )
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _own_name(name: str) -> str:
    return "cafflite" + name.removeprefix("caffe")


class _Finder(MetaPathFinder, Loader):
    """Finds `caffe` and `caffe.X`, and loads them by taking over the modules `cafflite` and `cafflite.X`."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] != "caffe" or importlib.util.find_spec(_own_name(name)) is None:
            return None
        return ModuleSpec(name, self)

    def exec_module(self, module: ModuleType) -> None:
        # The import takes what it finds in sys.modules after this; the new, empty module is dropped.
        sys.modules[module.__name__] = importlib.import_module(_own_name(module.__name__))
