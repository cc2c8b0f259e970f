"""Batches that the threads that make them send to the GPU as well, while it computes."""


from cafflite.backend.cupy_upload import Upload
from cafflite.backend.ops import Ops
from cafflite.blob import Blob
from cafflite.layers._data import Batch
from cafflite.transform import Shape


class UploadedBatch(Batch):
    """A batch in pinned memory of the host, and on a device."""

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
