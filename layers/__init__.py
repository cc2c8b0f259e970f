"""The layers, one file a type. Importing this package registers them all.

It stands in for pycaffe's `caffe.layers` as well: a name with a capital is the function of net_spec for this type.
"""

import importlib
import pkgutil
from typing import Any

from cafflite import net_spec

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def __getattr__(name: str) -> Any:
    if name[:1].isupper():
        return getattr(net_spec.layers, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
