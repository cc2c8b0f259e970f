"""Images into a net in one pass over their pixels: cut out, mirrored, less the mean, scaled."""

import numpy

from cafflite.backend.kernels_math import f32, kernel

u8, u32, u64 = numpy.uint8, numpy.uint32, numpy.uint64  # an index that is never negative allows vector units


@kernel
def put_planes(image, y, x, mirrored, mean, scale, out):
    """out (C, h, w) = the part at (y, x) of the image (C, H, W), less that of the mean, scaled.

    Where the mean has one channel, or one row, it stands for all.
    """
    width, end = u64(out.shape[2]), x + out.shape[2]
    for c in range(out.shape[0]):
        for h in range(out.shape[1]):
            row, values = image[c, y + h, x:end], mean[c % mean.shape[0], (y + h) % mean.shape[1], x:end]
            result = out[c, h]
            if mirrored:
                for w in range(width):
                    i = width - u64(1) - w
                    result[w] = (f32(row[i]) - values[i]) * scale
            else:
                for w in range(width):
                    result[w] = (f32(row[w]) - values[w]) * scale


@kernel
def put_pixels(pixels, first, step, y, x, mirrored, mean, scale, out):
    """The same for pixels (H, W) of 32 bits, with the first channel in their byte `first`, and the others `step` on."""
    width, end = u64(out.shape[2]), x + out.shape[2]
    for h in range(out.shape[1]):
        row = pixels[y + h, x:end]
        for c in range(3):
            shift, result = u32(8 * (first + c * step)), out[c, h]
            values = mean[c % mean.shape[0], (y + h) % mean.shape[1], x:end]
            if mirrored:
                for w in range(width):
                    i = width - u64(1) - w
                    result[w] = (f32(u8(row[i] >> shift)) - values[i]) * scale
            else:
                for w in range(width):
                    result[w] = (f32(u8(row[w] >> shift)) - values[w]) * scale
