"""HDF5Output: the batches that pass, as the data sets `data` and `label` of a file."""

from cafflite import growing_hdf5
from cafflite.errors import NetError, ShapeError
from cafflite.layers.base import Blobs, Layer, layer


@layer("HDF5Output")
class HDF5Output(Layer):
    """
    bottom[0]  data   (N, ...)
    bottom[1]  label  (N, ...)

    The file has them with four axes, as Caffe writes them. The first forward pass of a net makes it anew, and each one
    after that adds its batch below those before.
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
        batch = {
            name: self.ops.to_host(blob.data).reshape(blob.num, blob.channels, blob.height, blob.width)
            for name, blob in zip(("data", "label"), bottom, strict=True)
        }
        growing_hdf5.write(self.param.file_name, batch, anew=not self.begun)
        self.begun = True
