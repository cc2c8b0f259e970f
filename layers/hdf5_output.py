"""HDF5Output: the batches that pass, as the data sets `data` and `label` of a file."""

from typing import Any

from cafflite import hdf5
from cafflite.errors import DataError, NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer

NAMES = ("data", "label")


@layer("HDF5Output")
class HDF5Output(Layer):
    """
    bottom[0]  data   (N, ...)
    bottom[1]  label  (N, ...)

    The file has them with four axes, as Caffe writes them. It is made anew with the net, and each forward pass adds
    its batch below those before.
    """

    param_name = "hdf5_output_param"
    num_bottom = 2
    num_top = 0

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if not self.param.file_name:
            raise NetError("hdf5_output_param has no file_name")
        self.begun = False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0].shape[:1] != bottom[1].shape[:1]:
            raise ShapeError(f"data {bottom[0].shape} and labels {bottom[1].shape} are not as many")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        with hdf5.appending(self.param.file_name, anew=not self.begun) as file:
            for name, blob in zip(NAMES, bottom, strict=True):
                batch = self.ops.to_host(blob.data).reshape(blob.num, blob.channels, blob.height, blob.width)
                self.append(file, name, batch)
        self.begun = True

    def append(self, file: Any, name: str, batch: Any) -> None:
        if name not in file:
            file.create_dataset(name, data=batch, maxshape=(None, *batch.shape[1:]))
            return
        rows = file[name]
        if rows.shape[1:] != batch.shape[1:]:
            raise DataError(f"a batch of shape {batch.shape} cannot follow {rows.shape} in '{self.param.file_name}'")
        rows.resize(len(rows) + len(batch), axis=0)
        rows[len(rows) - len(batch) :] = batch
