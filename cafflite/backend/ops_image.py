"""Images on their way into a net: what is left to do on its device."""

from cafflite.backend.base import Array, BaseOps


class ImageOps(BaseOps):
    def subtract_mean(self, images: Array, mean: Array, crops: Array, scale: float, out: Array) -> None:
        """out = (images - mean) * scale, for images (N, C, H, W) of bytes or floats.

        mean is (C, 1, 1), or an image (C, H', W'). Then crops (N, 3), on the host, has the row and the column in it
        where each image was cut out, and 1 for an image that was mirrored afterwards.
        """
        if mean.shape[1:] == (1, 1):
            self.xp.subtract(images, mean, out=out)
        else:
            height, width = images.shape[2:]
            for image, (y, x, mirrored), result in zip(images, crops.tolist(), out, strict=True):
                part = mean[:, y : y + height, x : x + width]
                self.xp.subtract(image, part[:, :, ::-1] if mirrored else part, out=result)
        out *= self.dtype.type(scale)
