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
        temporary.write_bytes(memory.getbuffer())


def members(file: Any, name: str, error_type: type[CaffliteError]) -> dict[str, Any]:
    """The groups and data sets inside the group `name`, at any depth, by their path from there.

    Raises `error_type` for what could lead outside of the file: links that are not hard, virtual data sets, and data
    sets with external storage.
    """
    import h5py

    links: dict[str, Any] = {}
    file.visititems_links(links.__setitem__)
    if not isinstance(links.get(name), h5py.HardLink) or not isinstance(file[name], h5py.Group):
        raise error_type(f"there is no group '{name}' in this file")
    found = {}
    for path, link in links.items():
        if not path.startswith(f"{name}/"):
            continue
        if not isinstance(link, h5py.HardLink):
            raise error_type(f"'{path}' is a link to something elsewhere, which is not followed")
        item = file[path]
        if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            raise error_type(f"'{path}' has its numbers in another file, which is not opened")
        found[path.removeprefix(f"{name}/")] = item
    return found
