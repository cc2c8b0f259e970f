"""Images into a net: cut out of the memory of a decoder, and less the mean."""

import numpy

from cafflite.backend.kernels_math import f32, kernel

u8, u32, u64 = numpy.uint8, numpy.uint32, numpy.uint64  # an index that is never negative allows vector units


@kernel
def subtract_values(images, mean, scale, out):
    """out = (images - mean) * scale, of shapes (N, C, H W), (C,) and (N, C, H W)."""
    for n in range(out.shape[0]):
        for c in range(out.shape[1]):
            image, result, value = images[n, c], out[n, c], mean[c]
            for i in range(u64(out.shape[2])):
                result[i] = (f32(image[i]) - value) * scale


@kernel
def subtract_image(images, mean, crops, scale, out):
    """The same with the part of a mean image (C, H', W') that lies under each image (N, C, H, W)."""
    width = out.shape[3]
    for n in range(out.shape[0]):
        y, x, mirrored = crops[n, 0], crops[n, 1], crops[n, 2]
        for c in range(out.shape[1]):
            for h in range(out.shape[2]):
                image, result, values = images[n, c, h], out[n, c, h], mean[c, y + h, x : x + width]
                if mirrored:
                    for w in range(u64(width)):
                        result[w] = (f32(image[w]) - values[u64(width - 1) - w]) * scale
                else:
                    for w in range(u64(width)):
                        result[w] = (f32(image[w]) - values[w]) * scale


@kernel
def cut_3(memory, y, x, mirrored, planes, out):
    """out (3, H, W) = the part at (y, x) of pixels (H', W' 3); planes are the three places of their bytes in `out`."""
    three, width = u64(3), u64(out.shape[2])
    for h in range(out.shape[1]):
        row = memory[y + h, 3 * x : 3 * (x + out.shape[2])]
        first, second, third = out[planes[0], h], out[planes[1], h], out[planes[2], h]
        if mirrored:
            for w in range(width):
                i = three * (width - u64(1) - w)
                first[w], second[w], third[w] = row[i], row[i + u64(1)], row[i + u64(2)]
        else:
            for w in range(width):
                i = three * w
                first[w], second[w], third[w] = row[i], row[i + u64(1)], row[i + u64(2)]


@kernel
def cut_4(memory, y, x, mirrored, planes, out):
    """The same for pixels (H', W') of 32 bits, whose last byte is not used."""
    width = u64(out.shape[2])
    for h in range(out.shape[1]):
        row = memory[y + h, x : x + out.shape[2]]
        for c in range(3):
            plane, shift = out[planes[c], h], u32(8 * c)
            if mirrored:
                for w in range(width):
                    plane[w] = u8(row[width - u64(1) - w] >> shift)
            else:
                for w in range(width):
                    plane[w] = u8(row[w] >> shift)
