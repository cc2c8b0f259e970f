"""Batches on their way to a GPU while it computes: from the threads that make them, or from the layer itself."""

import numpy

from cafflite.backend.cupy_upload import Upload
from cafflite.backend.ops import Ops
from cafflite.blob import Blob
from cafflite.layers._data import Batch
from cafflite.transform import Shape


class UploadedBatch(Batch):
    """
    A batch in pinned memory of the host, and on a device.

    images  (N, C, H, W)  as in `Batch`, to be filled by the thread that makes it
    labels  (N,)
    """

    def __init__(self, size: int, ops: Ops) -> None:
        self.uploads = [Upload(ops, (size, 0, 0, 0)), Upload(ops, (size,))]
        self.images, self.labels = (upload.host for upload in self.uploads)

    def fit(self, shape: Shape) -> None:
        for upload in self.uploads:
            upload.wait()
        if self.images.shape[1:] != shape:
            self.uploads[0].fit((len(self.labels), *shape))
            self.images = self.uploads[0].host

    def send(self) -> None:
        for upload in self.uploads:
            upload.send()

    def put(self, blobs: list[Blob]) -> None:
        for blob, upload in zip(blobs, self.uploads, strict=False):
            if blob.ops is upload.ops:
                upload.device = blob.exchange_data(upload.receive(blob.data))
            else:  # the net has moved to another device
                blob.data[...] = blob.ops.xp.asarray(upload.host)


class TopUploads:
    """The tops of a layer that fills them on the host in each forward pass, in pinned memory in their place."""

    def __init__(self) -> None:
        self.uploads: list[Upload] = []

    def begin(self, top: list[Blob]) -> list[numpy.ndarray]:
        """Arrays of the shapes of the tops, to be filled."""
        if not self.uploads or self.uploads[0].ops is not top[0].ops:
            self.uploads = [Upload(blob.ops, blob.shape) for blob in top]
        for upload, blob in zip(self.uploads, top, strict=True):
            upload.wait()
            if upload.host.shape != blob.shape:
                upload.fit(blob.shape)
        return [upload.host for upload in self.uploads]

    def finish(self, top: list[Blob]) -> None:
        """Send them, and let the tops have them once they are there."""
        for upload, blob in zip(self.uploads, top, strict=True):
            upload.send()
            upload.device = blob.exchange_data(upload.receive(blob.data))
