"""HDF5 files: read so that a damaged or hostile one ends in an error of ours, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from cafflite.errors import CaffliteError
from cafflite.files import reason, replace_file

# h5py is imported where it is used, because that takes long.


@contextmanager
def reading(path: str | os.PathLike[str], error_type: type[CaffliteError]) -> Iterator[Any]:
    """The h5py.File of `path`. What h5py finds wrong with it inside the block is raised as `error_type`."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except CaffliteError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise error_type(f"cannot be read as HDF5: {why}").at(str(path)) from error


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Any]:
    """A new h5py.File that becomes `path` when the block ends without an error. Raises FileError.

    It is made in memory and then written by Python: on a full disk the HDF5 library ends the process.
    """
    import h5py

    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        yield file
    with replace_file(path) as temporary:
        temporary.write_bytes(memory.getvalue())


def member(group: Any, name: str, error_type: type[CaffliteError]) -> Any:
    """The group or data set called `name` in `group`.

    Raises `error_type` when there is none, for what could lead outside of the file (soft and external links, virtual
    data sets, and data sets with external storage), and for a data set in an unknown packing.
    """
    import h5py

    link = group.get(name, getlink=True)
    place = f"{group.name.rstrip('/')}/{name}"
    if link is None:
        raise error_type(f"there is no '{place}' in this file")
    if not isinstance(link, h5py.HardLink):
        raise error_type(f"'{place}' is a link to something elsewhere, which is not followed")
    item = group[name]
    if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
        raise error_type(f"'{place}' has its numbers in another file, which is not opened")
    for code in _filters(item) if isinstance(item, h5py.Dataset) else []:
        if not h5py.h5z.filter_avail(code):
            raise error_type(f"'{place}' is packed by filter {code} of HDF5, which is not here: repack it with gzip")
    return item


def _filters(data: Any) -> list[int]:
    """The numbers of the filters that a data set is packed by."""
    properties = data.id.get_create_plist()
    return [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]


def members(group: Any, error_type: type[CaffliteError]) -> dict[str, Any]:
    """The groups and data sets in `group` at any depth, by their path from there. Raises as `member` does."""
    import h5py

    found: dict[str, Any] = {}
    seen = {group}
    waiting = [("", group)]
    while waiting:
        path, outer = waiting.pop()
        for name in outer:
            item = found[path + name] = member(outer, name, error_type)
            if isinstance(item, h5py.Group):
                if item in seen:
                    raise error_type(f"'{outer.name}/{name}' is a group that stands in two places")
                seen.add(item)
                waiting.append((f"{path}{name}/", item))
    return found
