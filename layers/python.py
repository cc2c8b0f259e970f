"""Python: a layer that is a class in a module of the user's, as pycaffe has it."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy

from cafflite import host_blob
from cafflite.backend.ops import Ops
from cafflite.blob import Blob
from cafflite.errors import CaffliteError, NetError
from cafflite.host_blob import HostBlob, blobs_on_host
from cafflite.layers.base import Blobs, BlobVec, Layer, layer


class _BaseOfAll(type):
    """Makes the layers of the library instances of PythonLayer: pycaffe's `caffe.Layer` is the base of every layer."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return super().__instancecheck__(instance) or (cls is PythonLayer and isinstance(instance, Layer))


class PythonLayer(metaclass=_BaseOfAll):
    """The base of users' layers: `cafflite.Layer`, or `caffe.Layer`.

    A subclass defines `setup`, `reshape`, `forward` and `backward`. It is made when a net with a layer of
    type "Python" is, which names its module and class; it is that net's `layers[i]`. The other layers of a net are
    instances of this class as well, as `isinstance` has it. A subclass finds here:

    param_str  the text that the prototxt gives for it; `param_str_`, its older name, is the same
    phase      cafflite.TRAIN or cafflite.TEST
    name       its layer's, unless the class has a name of its own
    blobs      its parameters, at first none; `self.blobs.add_blob(3, 4)` makes one
    """

    type = "Python"
    param_str: str
    param_str_: str
    phase: int
    name: str
    blobs: BlobVec

    def __init__(self, layer_param: Any) -> None:
        """`layer_param` is its LayerParameter."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Read the settings and make the parameters. Called once."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Give the tops their shapes, `top[0].reshape(2, 3)`. Called before every forward."""
        raise NotImplementedError(f"{type(self).__name__} has no method reshape(self, bottom, top)")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Write `top[i].data[...]`."""
        raise NotImplementedError(f"{type(self).__name__} has no method forward(self, bottom, top)")

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        """Write `bottom[i].diff[...]` where `propagate_down[i]`, and add to the diffs of the parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no method backward(self, top, propagate_down, bottom)")


@layer("Python")
class Python(Layer):
    """
    bottom[...]  any
    top[...]     as the user's class shapes them
    blobs[...]   as it makes them

    `share_in_parallel` changes nothing: a process has one copy of a layer. Exceptions in the user's code stay as they
    are, with a note that names the layer.
    """

    param_name = "python_param"
    reshape_every_forward = True

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        self.hosts: dict[Blob, Any] = {}
        with self._users_code():
            self.user_layer = _find_class(p.module, p.layer)(self.layer_param)
            self.user_layer.param_str = self.user_layer.param_str_ = p.param_str
            self.user_layer.phase = self.phase
            if not hasattr(self.user_layer, "name"):
                self.user_layer.name = self.name
            self.user_layer.blobs = blobs_on_host(self.blobs)
            self.user_layer.setup(self.on_host(bottom), self.on_host(top))

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        with self._users_code():
            self.user_layer.reshape(self.on_host(bottom), self.on_host(top))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        with self._users_code():
            self.user_layer.forward(self.on_host(bottom), self.on_host(top))

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        with self._users_code():
            self.user_layer.backward(self.on_host(top), propagate_down, self.on_host(bottom))

    def move(self, ops: Ops) -> None:
        super().move(ops)
        self.hosts.clear()
        self.user_layer.blobs = blobs_on_host(self.blobs)

    def on_host(self, blobs: Blobs) -> Any:
        """As the user's layer gets them: their own arrays on the CPU, else copies that go there and back."""
        if self.xp is numpy:
            return blobs
        for blob in blobs:
            if blob not in self.hosts:
                self.hosts[blob] = HostBlob(blob)
        return [self.hosts[blob] for blob in blobs]

    @contextmanager
    def _users_code(self) -> Iterator[None]:
        try:
            yield
            host_blob.flush()
        except CaffliteError:
            raise  # the net names the layer in its message
        except Exception as error:
            error.add_note(f"in layer '{self.name}' (Python), class {self.param.layer} of module {self.param.module}")
            raise


def _find_class(module_name: str, class_name: str) -> type[PythonLayer]:
    """The class as `python_param` names it. NetError, saying where it was looked for, when it isn't there."""
    if not module_name or not class_name:
        raise NetError("python_param has to name a module and a layer, the class in it")
    if module_name.startswith(".") or "/" in module_name or "\\" in module_name:
        raise NetError(f"module '{module_name}' is no name that can be imported, expected one like 'package.module'")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, and what it imports is not
        raise NetError(
            f"there is no module '{error.name}' in {', '.join(repr(path) for path in sys.path)}; "
            "add its folder to sys.path or PYTHONPATH"
        ) from error
    cls = getattr(module, class_name, None)
    if not (inspect.isclass(cls) and issubclass(cls, PythonLayer)):
        found = [n for n, c in vars(module).items() if inspect.isclass(c) and issubclass(c, PythonLayer)]
        raise NetError(
            f"module '{module_name}' ({module.__file__}) has no class '{class_name}' derived from caffe.Layer; "
            f"it has {', '.join(found) or 'none'}"
        )
    return cls
