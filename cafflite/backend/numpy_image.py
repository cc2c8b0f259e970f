"""Images on the CPU, by compiled kernels."""

import numpy

from cafflite.backend import pool
from cafflite.backend.base import Array
from cafflite.backend.ops_image import ImageOps

SERIAL = 2**16  # values that are not worth a second thread


class NumpyImage(ImageOps):
    def subtract_mean(self, images: Array, mean: Array, crops: Array, scale: float, out: Array) -> None:
        from cafflite.backend import kernels_image

        count, channels = images.shape[:2]
        factor = self.dtype.type(scale)

        def subtract_values(part: slice) -> None:
            flat = images[part].reshape(part.stop - part.start, channels, -1)
            kernels_image.subtract_values(flat, values, factor, out[part].reshape(flat.shape))

        def subtract_image(part: slice) -> None:
            kernels_image.subtract_image(images[part], mean, crops[part], factor, out[part])

        values = numpy.resize(mean, channels)  # one stands for all
        subtract = subtract_values if mean.shape[1:] == (1, 1) else subtract_image
        pool.run(subtract, pool.split(count) if out.size >= SERIAL else [slice(0, count)])
