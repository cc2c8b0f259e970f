"""Write what a net computes from its data into databases: the values of blobs, image by image.

    cafflite extract_features snap_iter_2000.caffemodel train_val.prototxt fc6,fc7 fc6_lmdb,fc7_lmdb 100 lmdb

WEIGHTS is a caffemodel. The net of NET_PROTOTXT runs NUM_BATCHES times in its TEST phase, on the data of its layers.
BLOBS names blobs of it, and DATABASES as many databases, with commas between. DB_TYPE is lmdb, leveldb or hdf5.

A record of a database is a Datum with floats, as large as an image's part of the blob; its key is the number of the
image, of ten digits. An HDF5 file has one data set, called as the blob. None of them must be there yet; each gets its
name when it is complete, and nothing stays of what is given up.

DEVICE is CPU or GPU, and DEVICE_ID the number of a GPU.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import SimpleNamespace

from cafflite import growing_hdf5, log
from cafflite import weights as weight_files
from cafflite.backend.pool import one_blas_thread
from cafflite.blob import Array, Blob
from cafflite.build import meant
from cafflite.database import RECORDS_AT_ONCE, backend_named, new_database
from cafflite.datum import from_array
from cafflite.errors import FileError, NetError, UsageError
from cafflite.files import replace_file
from cafflite.net import Net
from cafflite.tools import _device, _model, _progress
from cafflite.tools._flags import Flags

FLAGS: Flags = {}

AddBatch = Callable[[Array], None]  # takes the values of a blob, (N, ...)


def run(
    flags: SimpleNamespace,
    weights: str,
    net_prototxt: str,
    blobs: str,
    databases: str,
    num_batches: str,
    db_type: str,
    device: str = "CPU",
    device_id: str = "0",
) -> int:
    names, paths = blobs.split(","), databases.split(",")
    if len(names) != len(paths):
        raise UsageError(f"{len(names)} blobs are named and {len(paths)} databases, expected as many")
    if len(set(map(os.path.realpath, paths))) < len(paths):
        raise UsageError(f"each blob needs a database of its own, found {databases}")
    if not num_batches.isdecimal() or int(num_batches) < 1:
        raise UsageError(f"NUM_BATCHES is '{num_batches}', expected a whole number of 1 or more")
    if db_type.lower() not in ("lmdb", "leveldb", "hdf5"):
        raise UsageError(f"DB_TYPE is '{db_type}', expected lmdb, leveldb or hdf5")
    new = _new_file if db_type.lower() == "hdf5" else partial(_new_database, backend_named(db_type))
    _device.choose(_gpu(device, device_id))
    net = _model.build(net_prototxt, "TEST", stage="", level=0)
    weight_files.load(net, weights)
    features = [_blob(net, name, net_prototxt) for name in names]
    log.info("Extracting Features")
    with one_blas_thread, ExitStack() as stack:
        outputs = [stack.enter_context(new(path, name)) for path, name in zip(paths, names, strict=True)]
        for _ in _progress.over(range(int(num_batches)), int(num_batches), "batches"):
            net.forward()
            for blob, add_batch in zip(features, outputs, strict=True):
                add_batch(net.ops.to_host(blob.data).reshape(blob.shape or (1,)))
    log.info("Successfully extracted the features!")
    return 0


def _gpu(device: str, device_id: str) -> str:
    """What --gpu would be for a device as the last arguments name it."""
    if device not in ("CPU", "GPU"):
        raise UsageError(f"the device is '{device}', expected CPU or GPU")
    return device_id.removeprefix("DEVICE_ID=") if device == "GPU" else ""


def _blob(net: Net, name: str, net_prototxt: str) -> Blob:
    if name not in net.blobs:
        known = meant(name, net.blobs) or f"; it has {', '.join(net.blobs)}"
        raise NetError(f"the net has no blob '{name}'{known}").at(net_prototxt)
    return net.blobs[name]


@contextmanager
def _new_file(path: str, name: str) -> Iterator[AddBatch]:
    """An HDF5 file whose data set `name` has the rows of all batches."""
    if os.path.lexists(path):
        raise FileError("it exists already; remove it, or name another one").at(path)
    with replace_file(path) as temporary:
        count = 0

        def add_batch(features: Array) -> None:
            nonlocal count
            growing_hdf5.write(temporary, {name: features}, anew=count == 0)
            count += len(features)

        yield add_batch
    _tell(count, name)


@contextmanager
def _new_database(backend: int, path: str, name: str) -> Iterator[AddBatch]:
    """A database with a record for each image of all batches."""
    count = 0
    with new_database(path, backend) as put:

        def add_batch(features: Array) -> None:
            nonlocal count
            if features.ndim > 4:
                raise UsageError(f"blob '{name}' has the shape {features.shape}, and a Datum up to 3 axes: choose hdf5")
            for image in features.reshape(features.shape + (1,) * (4 - features.ndim)):
                put(f"{count:010}", from_array(image).SerializeToString())
                count += 1
                if count % RECORDS_AT_ONCE == 0:
                    _tell(count, name)

        yield add_batch
    if count % RECORDS_AT_ONCE:
        _tell(count, name)


def _tell(count: int, name: str) -> None:
    log.info(f"Extracted features of {count} query images for feature blob {name}")
