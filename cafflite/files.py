"""Writing files and folders whole or not at all, so that an older one of the same name is never lost."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cafflite.errors import FileError


@contextmanager
def replace_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there becomes `path` when the block ends without an error.

    The content is on the disk before it gets its name, so that a full disk or a crash at any moment leaves the older
    file whole. After an error in the block nothing of the new one stays; an OSError becomes a FileError.
    """
    with replace_files(path) as (temporary,):
        yield temporary


@contextmanager
def replace_files(*paths: str | os.PathLike[str]) -> Iterator[list[Path]]:
    """As `replace_file` for files that belong together, of which the last one stands for all.

    It gets its name last, and an older one goes before the others are replaced: where it is there, all are of one time.
    """
    targets = [Path(os.path.realpath(path)) for path in paths]
    for path, target in zip(paths, targets, strict=True):
        if target.exists() and not target.is_file():
            raise FileError("cannot be written, because it is not a regular file").at(str(path))
    temporaries = [target.with_name(f".{target.name}.{secrets.token_hex(4)}") for target in targets]
    try:
        for target in targets:
            _remove_leftovers(target)
        yield temporaries
        for temporary in temporaries:
            _sync(temporary)
        if len(targets) > 1:
            targets[-1].unlink(missing_ok=True)
        for temporary, target in zip(temporaries, targets, strict=True):
            os.replace(temporary, target)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot be written: {reason(error)}").at(str(paths[0])) from error
    finally:
        for temporary in temporaries:
            with suppress(OSError):
                temporary.unlink()
    for folder in {target.parent for target in targets}:
        with suppress(OSError):  # not every file system can sync a folder
            _sync(folder)


@contextmanager
def new_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which becomes `path` when the block ends without an error.

    Raises FileError when there is something of that name. After an error nothing of the new folder stays.
    """
    target = Path(os.path.abspath(path))
    if os.path.lexists(target):
        raise FileError("it exists already; remove it, or name another one").at(str(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        _remove_leftovers(target)
        temporary.mkdir()
        yield temporary
        for file in temporary.iterdir():
            _sync(file)
        os.rename(temporary, target)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot be written: {reason(error)}").at(str(path)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    with suppress(OSError):  # not every file system can sync a folder
        _sync(target.parent)


def _remove_leftovers(target: Path) -> None:
    """Remove the temporary files and folders that a killed run has left of its own attempt at `target`."""
    name = re.compile(rf"\.+{re.escape(target.name)}(\.[0-9a-f]{{8}})+")
    for entry in os.scandir(target.parent):
        if name.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry)
        elif name.fullmatch(entry.name):
            os.unlink(entry)


def reason(error: OSError) -> str:
    """Why, in a few words: "No space left on device"."""
    return os.strerror(error.errno) if error.errno else str(error)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
