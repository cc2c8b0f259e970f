"""Standard output: it may be full, closed, or in an encoding that lacks a character."""

import os
import sys

from cafflite.errors import FileError
from cafflite.files import reason


def write(text: str = "", flush: bool = False) -> None:
    """Print `text` as it is. Raises FileError, saying why it cannot be, and BrokenPipeError when nobody reads on."""
    try:
        print(text, end="", flush=flush)
    except UnicodeEncodeError as error:
        raise FileError(
            f"standard output is in {error.encoding}, which has no {error.object[error.start]!a}: "
            "PYTHONIOENCODING=utf-8 has it in UTF-8"
        ) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        leave()
        raise FileError(f"standard output: {reason(error)}") from error


def leave() -> None:
    """Write nothing more, nor what waits to be written when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
