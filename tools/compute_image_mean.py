"""Compute the mean image of a database, for mean_file of transform_param.

    cafflite compute_image_mean train_lmdb mean.binaryproto

The images have to be of one size. The mean of each channel, for mean_value, is logged.
"""

from types import SimpleNamespace

import numpy

from cafflite import datum, log
from cafflite.database import Reader, backend_named, open_database
from cafflite.errors import DataError
from cafflite.files import replace_file
from cafflite.proto import blob_proto
from cafflite.proto.caffe_pb2 import BlobProto
from cafflite.tools import _images, _progress
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "backend": ("lmdb", "the kind of database: lmdb or leveldb"),
    **_images.SKIP_BAD,
}


def run(flags: SimpleNamespace, input_db: str, output_file: str = "") -> int:
    reader = open_database(input_db, backend_named(flags.backend))
    try:
        mean = _mean(reader, flags.skip_bad)
    finally:
        reader.close()
    if output_file:
        log.info(f"Write to {output_file}")
        _write(mean, output_file)
    log.info(f"Number of channels: {len(mean)}")
    for channel, value in enumerate(mean.mean(axis=(1, 2))):
        log.info(f"mean_value channel [{channel}]: {value:g}")
    return 0


def _mean(reader: Reader, skip_bad: bool) -> numpy.ndarray:
    """The mean (C, H, W) of all images."""
    total = numpy.zeros(())
    count = skipped = 0
    for key, value in _progress.over(reader.records(), reader.count, "images"):
        name = f"{reader.source}: record '{key}'"
        try:
            array = datum.to_array(datum.parse(value, name), name)
            if count and array.shape != total.shape:
                raise DataError(f"its shape is {array.shape}, and that of the first {total.shape}").at(name)
        except DataError as error:
            if not skip_bad:
                raise
            log.warning(str(error))
            skipped += 1
        else:
            total = total + array
            count += 1
            if count % 10000 == 0:
                log.info(f"Processed {count} files.")
    if skipped:
        log.warning(f"{skipped} of {count + skipped} records were left out")
    if not count:
        raise DataError("none of its records can be used").at(reader.source)
    return total / count


def _write(mean: numpy.ndarray, path: str) -> None:
    blob = BlobProto()
    blob_proto.set_array(blob, mean[None].astype(numpy.float32))
    blob.ClearField("shape")  # the original gives the four axes by name, and scripts read these
    blob.num, blob.channels, blob.height, blob.width = 1, *mean.shape
    with replace_file(path) as temporary:
        temporary.write_bytes(blob.SerializeToString())
