"""The compiled loops of `image.resize`."""

import numpy

from cafflite.backend.kernels_math import kernel


@kernel
def interpolate(pixels, columns, column_weights, rows, row_weights):
    """As `image.interpolate`, its readable twin."""
    height, _, channels = pixels.shape
    new_height, new_width = rows.shape[1], columns.shape[1]
    wide = numpy.empty((height, new_width, channels), numpy.int32)
    for y in range(height):
        for x in range(new_width):
            left, right = columns[0, x], columns[1, x]
            for c in range(channels):
                weighted = pixels[y, left, c] * column_weights[0, x] + pixels[y, right, c] * column_weights[1, x]
                wide[y, x, c] = weighted >> 4
    flat = wide.reshape(height, new_width * channels)
    out = numpy.empty((new_height, new_width * channels), numpy.uint8)
    for y in range(new_height):
        above, below = flat[rows[0, y]], flat[rows[1, y]]
        over, under = numpy.int32(row_weights[0, y]), numpy.int32(row_weights[1, y])
        for q in range(new_width * channels):
            out[y, q] = ((above[q] * over >> 16) + (below[q] * under >> 16) + 2) >> 2
    return out.reshape(new_height, new_width, channels)
