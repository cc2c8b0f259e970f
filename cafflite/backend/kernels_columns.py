"""Compiled convolutions as products of matrices with blocks of columns, which never leave the cache.

A block (first and last image, first and last row of positions) is what is multiplied at once. Several images lie side
by side in it. `spaces` is scratch for columns, for results that lie side by side and for the product.

Where a window has one tap, `is_point`, the input has the columns itself; with a stride they are gathered from it.
"""

from cafflite.backend.kernels_convolution import col2im, im2col
from cafflite.backend.kernels_math import f32, inlined, kernel
from cafflite.backend.kernels_matmul import multiply
from cafflite.backend.kernels_plane import add_constant, add_to_every, fill, follow, take_every

CACHE = 2**17  # values of columns that stay in the cache


@kernel
def convolve(x, w, y, finish, blocks, filters, is_point, geometry, places, spaces):
    """Some filters, (first, last) of each group, in the blocks of y (N, M, L); x (N, C, D, H, W), w (group, M, K)."""
    columns, results, work = spaces
    for b in range(len(blocks)):
        images, rows, place = _bounds(blocks[b], places)
        count, length = images[1] - images[0], place[1] - place[0]
        for g in range(len(w)):
            made = g * w.shape[1] + filters[0], g * w.shape[1] + filters[1]
            out = _side_by_side(y, images, made, place, results)
            channels = x.shape[1] // len(w)
            taps = w.shape[2] // channels
            parts = _parts(channels, taps * count * length)
            for part in range(parts):
                first, last = channels * part // parts, channels * (part + 1) // parts
                seen = g * channels + first, g * channels + last
                right = _columns(x, images, seen, rows, place, is_point, geometry, places, columns)
                left = w[g, filters[0] : filters[1], first * taps : last * taps]
                multiply(left, right, out, part > 0, work)
            if count > 1:
                _spread(out, images, made, place, y)
            scale, bias, slope = finish
            for n in range(images[0], images[1] if scale.size else images[0]):
                for m in range(made[0], made[1]):
                    follow(scale[m], bias[m], slope, y[n, m, place[0] : place[1]])


@kernel
def deconvolve(y, w, x, bias, blocks, share, is_point, geometry, places, spaces):
    """The gradient of `convolve` for some channels, (first, last) of each group, plus their bias, if any.

    All blocks of an image follow one another, from the first row to the last.
    """
    columns, results, work = spaces
    for b in range(len(blocks)):
        images, rows, place = _bounds(blocks[b], places)
        count, length = images[1] - images[0], place[1] - place[0]
        for g in range(len(w)):
            right = _side_by_side(y, images, (g * w.shape[1], (g + 1) * w.shape[1]), place, results)
            if count > 1:
                _gather(y, images, (g * w.shape[1], (g + 1) * w.shape[1]), place, right)
            channels = x.shape[1] // len(w)
            taps = w.shape[2] // channels
            parts = _parts(share[1] - share[0], taps * count * length)
            for part in range(parts):
                first = share[0] + (share[1] - share[0]) * part // parts
                last = share[0] + (share[1] - share[0]) * (part + 1) // parts
                seen = g * channels + first, g * channels + last
                left = w[g, :, first * taps : last * taps].T
                if is_point and _is_dense(geometry):
                    planes = x.reshape(x.shape[0], x.shape[1], y.shape[2])
                    out = _side_by_side(planes, images, seen, place, columns)
                    multiply(left, right, out, False, work)
                    if count > 1:
                        _spread(out, images, seen, place, planes)
                else:
                    out = _matrix(columns, (last - first) * taps, count * length)
                    multiply(left, right, out, False, work)
                    kernel, stride, pad, dilation = geometry
                    if is_point:
                        _put_points(out, images, seen, rows, stride, places, x)
                    else:
                        steps = length, count * length
                        col2im(columns, images, seen, rows, kernel, stride, pad, dilation, places, steps, x)
            if bias.size and place[1] == y.shape[2]:
                for n in range(images[0], images[1]):
                    for c in range(g * channels + share[0], g * channels + share[1]):
                        add_constant(bias[c], x[n, c].reshape(-1))


@kernel
def add_weight_diff(x, y, diff, blocks, filters, is_point, geometry, places, spaces):
    """diff (group, M, K) += the gradient of `convolve` for some filters."""
    columns, results, work = spaces
    for b in range(len(blocks)):
        images, rows, place = _bounds(blocks[b], places)
        count, length = images[1] - images[0], place[1] - place[0]
        for g in range(len(diff)):
            made = g * diff.shape[1] + filters[0], g * diff.shape[1] + filters[1]
            left = _side_by_side(y, images, made, place, results)
            if count > 1:
                _gather(y, images, made, place, left)
            channels = x.shape[1] // len(diff)
            taps = diff.shape[2] // channels
            parts = _parts(channels, taps * count * length)
            for part in range(parts):
                first, last = channels * part // parts, channels * (part + 1) // parts
                seen = g * channels + first, g * channels + last
                right = _columns(x, images, seen, rows, place, is_point, geometry, places, columns)
                multiply(left, right.T, diff[g, filters[0] : filters[1], first * taps : last * taps], True, work)


@inlined
def _bounds(block, places):
    """The images, rows and places of a block, each as (first, last)."""
    return (block[0], block[1]), (block[2], block[3]), (block[2] * places[2], block[3] * places[2])


@inlined
def _parts(channels, size):
    """In how many parts to take channels with so many columns each."""
    return max(1, min(channels, (channels * size + CACHE - 1) // CACHE))


@inlined
def _matrix(space, rows, columns):
    return space[: rows * columns].reshape(rows, columns)[:, :columns]


@inlined
def _side_by_side(planes, images, channels, place, space):
    """A matrix of some places of some channels: of one image these themselves, for more a part of the space."""
    if images[1] - images[0] == 1:
        return planes[images[0], channels[0] : channels[1], place[0] : place[1]]
    return _matrix(space, channels[1] - channels[0], (images[1] - images[0]) * (place[1] - place[0]))


@inlined
def _columns(x, images, channels, rows, place, is_point, geometry, places, space):
    """What the taps see."""
    count, length = images[1] - images[0], place[1] - place[0]
    taps, stride, pad, dilation = geometry
    if is_point and _is_dense(geometry):
        planes = x.reshape(x.shape[0], x.shape[1], places[0] * places[1] * places[2])
        matrix = _side_by_side(planes, images, channels, place, space)
        if count > 1:
            _gather(planes, images, channels, place, matrix)
        return matrix
    matrix = _matrix(space, (channels[1] - channels[0]) * taps[0] * taps[1] * taps[2], count * length)
    if is_point:
        _take_points(x, images, channels, rows, stride, places, matrix)
    else:
        im2col(x, images, channels, rows, taps, stride, pad, dilation, places, (length, count * length), space)
    return matrix


@inlined
def _is_dense(geometry):
    """Whether there is no stride."""
    return geometry[1][0] == 1 and geometry[1][1] == 1 and geometry[1][2] == 1


@inlined
def _take_points(x, images, channels, rows, stride, places, out):
    """out = the images side by side, what windows of one tap see at some rows of places."""
    width, length = places[2], (rows[1] - rows[0]) * places[2]
    for c in range(channels[0], channels[1]):
        for n in range(images[0], images[1]):
            target = out[c - channels[0], (n - images[0]) * length : (n - images[0] + 1) * length]
            for r in range(rows[0], rows[1]):
                source = x[n, c, r // places[1] * stride[0], r % places[1] * stride[1]]
                take_every(stride[2], source, target[(r - rows[0]) * width : (r - rows[0] + 1) * width])


@inlined
def _put_points(matrix, images, channels, rows, stride, places, x):
    """The other way round, and zeros elsewhere."""
    width, length = places[2], (rows[1] - rows[0]) * places[2]
    for c in range(channels[0], channels[1]):
        for n in range(images[0], images[1]):
            source = matrix[c - channels[0], (n - images[0]) * length : (n - images[0] + 1) * length]
            if rows[0] == 0:
                fill(f32(0), x[n, c].reshape(-1))
            for r in range(rows[0], rows[1]):
                target = x[n, c, r // places[1] * stride[0], r % places[1] * stride[1]]
                add_to_every(stride[2], source[(r - rows[0]) * width : (r - rows[0] + 1) * width], target)


@inlined
def _gather(planes, images, channels, place, out):
    """out = the images side by side."""
    length = place[1] - place[0]
    for c in range(channels[0], channels[1]):
        for n in range(images[0], images[1]):
            source = planes[n, c, place[0] : place[1]]
            target = out[c - channels[0], (n - images[0]) * length : (n - images[0] + 1) * length]
            for q in range(length):
                target[q] = source[q]


@inlined
def _spread(matrix, images, channels, place, planes):
    """The other way round."""
    length = place[1] - place[0]
    for c in range(channels[0], channels[1]):
        for n in range(images[0], images[1]):
            source = matrix[c - channels[0], (n - images[0]) * length : (n - images[0] + 1) * length]
            target = planes[n, c, place[0] : place[1]]
            for q in range(length):
                target[q] = source[q]
