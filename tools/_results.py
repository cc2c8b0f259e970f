"""Results that Caffe prints as messages."""

from cafflite import log


def show(line: str) -> None:
    """Print a result as Caffe's programs do, as a message; with --quiet it goes to stdout, alone."""
    if log.quiet:
        print(line)
    else:
        log.info(line)
