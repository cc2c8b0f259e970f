"""What the upgrade commands share."""

import os
from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import Message

from cafflite import log
from cafflite.errors import CaffliteError
from cafflite.files import replace_file

AnyMessage = TypeVar("AnyMessage", bound=Message)


def convert(
    input: str,
    output: str,
    kind: str,
    read: Callable[[str], AnyMessage],
    upgrade: Callable[[AnyMessage], AnyMessage],
    encode: Callable[[AnyMessage], bytes],
) -> None:
    """Write the message in the file `input`, upgraded, to the file `output`, with the messages of Caffe's programs."""
    old = read(input)
    try:
        new = upgrade(old)
    except CaffliteError as error:
        raise error.at(os.path.basename(input)) from error
    if new == old:
        log.warning(f"File already in latest proto format: {input}")
    with replace_file(output) as temporary:
        temporary.write_bytes(encode(new))
    log.info(f"Wrote upgraded {kind} to {output}")
