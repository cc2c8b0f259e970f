"""Make a database of images, for Data layers.

    cafflite convert_imageset --resize_height=256 --resize_width=256 --shuffle images/ train.txt train_lmdb

Each line of LIST_FILE is the name of an image, a space, and a whole number as its label. ROOT_FOLDER is put in front of
the names, and has to end with a slash. The database, a folder called DB_NAME, must not be there yet. It gets its name
when it is complete; nothing stays of one that is given up. Keys are the number of the line from 0 and the name.
"""

import os
import random
from types import SimpleNamespace

from cafflite import datum, image, image_list, log
from cafflite.backend import pool
from cafflite.database import RECORDS_AT_ONCE, backend_named, new_database
from cafflite.errors import DataError, UsageError
from cafflite.image_list import Line
from cafflite.proto.caffe_pb2 import Datum
from cafflite.tools import _images
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "gray": (False, "one channel of grey, in place of blue, green and red"),
    "shuffle": (False, "take the images in a random order"),
    "backend": ("lmdb", "the kind of database: lmdb or leveldb"),
    "resize_width": (0, "the width all images get; 0 leaves them as they are"),
    "resize_height": (0, "the height all images get"),
    "check_size": (False, "make sure that all images hold as many numbers as the first"),
    "encoded": (False, "keep images as files in the database, not as arrays"),
    "encode_type": ("", f"the kind of these files: {', '.join(image.KINDS)}; without it, that of each image"),
    **_images.SKIP_BAD,
}


def run(flags: SimpleNamespace, root_folder: str, list_file: str, db_name: str) -> int:
    if (flags.resize_height > 0) != (flags.resize_width > 0):
        raise UsageError("give --resize_height and --resize_width, or neither")
    if flags.encode_type and flags.encode_type.lower() not in image.KINDS:
        raise UsageError(f"--encode_type is '{flags.encode_type}', expected one of {', '.join(image.KINDS)}")
    backend = backend_named(flags.backend)
    lines = image_list.read(list_file)
    if flags.shuffle:
        log.info("Shuffling data")
        random.shuffle(lines)
    log.info(f"A total of {len(lines)} images.")

    def convert(line: Line) -> tuple[Datum, int]:
        return _convert(flags, root_folder + line.name, line.label)

    count, first_size = 0, 0
    with new_database(db_name, backend) as put:
        for number, line, (record, size) in _images.each(convert, lines, flags.skip_bad, pool.threads()):
            first_size = first_size or size
            if flags.check_size and size != first_size:
                raise DataError(f"it holds {size} numbers, and the first image {first_size}").at(
                    f"{line.place}: {root_folder}{line.name}"
                )
            put(f"{number:08}_{line.name}", record.SerializeToString())
            count += 1
            if count % RECORDS_AT_ONCE == 0:
                log.info(f"Processed {count} files.")
        if not count:
            raise DataError("none of its images can be used").at(list_file)
    if count % RECORDS_AT_ONCE:
        log.info(f"Processed {count} files.")
    return 0


def _convert(flags: SimpleNamespace, path: str, label: int) -> tuple[Datum, int]:
    """The Datum of a file, and how many numbers its image holds."""
    content = image.content(path)
    pixels = image.decode(content, not flags.gray, path)
    resized = flags.resize_height > 0
    if resized:
        pixels = image.resize(pixels, flags.resize_height, flags.resize_width)
    if not flags.encoded:
        return datum.from_array(pixels, label), pixels.size
    own_kind = os.path.splitext(path)[1][1:].lower()
    kind = flags.encode_type or own_kind
    if resized or image.KINDS.get(own_kind) != image.KINDS.get(kind.lower()):  # else the file as it is, as in Caffe
        content = image.encode(pixels, kind)
    return Datum(data=content, label=label, encoded=True), pixels.size
