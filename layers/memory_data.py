"""MemoryData: batches of arrays that a program hands over."""

from __future__ import annotations

from typing import Any

import numpy

from cafflite import log
from cafflite.errors import DataError, NetError, ShapeError
from cafflite.layers._upload import TopUploads
from cafflite.layers.base import Blobs, Layer, layer


@layer("MemoryData")
class MemoryData(Layer):
    """
    top[0]  data    (N, C, H, W)  N = batch_size, C = channels, H = height, W = width
    top[1]  labels  (N, 1, 1, 1)

    `net.set_input_arrays(data, labels)` gives it the arrays, before the first forward pass. The batches go from the
    first row to the last and around. As in Caffe they are not transformed.
    """

    param_name = "memory_data_param"
    num_bottom = 0
    num_top = 2

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        sizes = {name: getattr(p, name) for name in ("batch_size", "channels", "height", "width")}
        for name, size in sizes.items():
            if size < 1:
                raise NetError(f"{name} is {size}, expected 1 or more")
        if self.layer_param.HasField("transform_param"):
            log.warning(f"layer '{self.name}': transform_param is not used, as the arrays of MemoryData are ready")
        self.data: Any = None
        self.labels: Any = None
        self.row = 0
        self.uploads = TopUploads()
        top[0].reshape(*sizes.values())
        top[1].reshape(p.batch_size, 1, 1, 1)

    def reset(self, data: Any, labels: Any) -> None:
        """Take batches from these arrays from now on: (M, C, H, W), and (M,) or (M, 1, 1, 1), M a multiple of N.

        They are used as they are where they are float32 and contiguous, and copied otherwise. Raises ShapeError.
        """
        p = self.param
        data = numpy.ascontiguousarray(data, numpy.float32)
        labels = numpy.ascontiguousarray(labels, numpy.float32)
        row = (p.channels, p.height, p.width)
        if data.ndim != 4 or data.shape[1:] != row:
            raise ShapeError(f"the data have shape {data.shape}, expected (M, {', '.join(map(str, row))})")
        if len(data) == 0 or len(data) % p.batch_size:
            raise ShapeError(f"the data have {len(data)} rows, expected a multiple of batch_size, {p.batch_size}")
        if labels.shape[:1] != data.shape[:1] or labels.size != len(data):
            raise ShapeError(f"the labels have shape {labels.shape}, expected ({len(data)},): one for each row")
        self.data, self.labels, self.row = data, labels.reshape(-1, 1, 1, 1), 0

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if self.data is None:
            raise DataError("it has no data yet: call net.set_input_arrays(data, labels) before forward")
        start = self.row % len(self.data)
        rows = slice(start, start + self.param.batch_size)
        uploads = self.ops.uploads
        arrays = self.uploads.begin(top) if uploads else [blob.data for blob in top]
        for array, values in zip(arrays, (self.data, self.labels), strict=True):
            array[...] = values[rows] if uploads else self.xp.asarray(values[rows])
        if uploads:
            self.uploads.finish(top)
        self.row = rows.stop

    def state(self) -> dict[str, Any]:
        return {"row": self.row}

    def restore(self, state: dict[str, Any]) -> None:
        self.row = state["row"]
