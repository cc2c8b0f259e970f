"""Images as float arrays (H, W, K) in another size: interpolated, or cut ten ways for a classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from cafflite.errors import BackendError, ShapeError

Images = Sequence[numpy.ndarray] | numpy.ndarray
Size = Sequence[int] | numpy.ndarray


def resize_image(im: numpy.ndarray, new_dims: Size, interp_order: int = 1) -> numpy.ndarray:
    """The image in another size, float32 (*new_dims, K); nothing is smoothed before it is made smaller.

    im            (H, W, K), numbers of any range
    new_dims      (height, width) in pixels
    interp_order  the order of the spline: 1 is linear; others, 0 to 5, need SciPy

    The rules are those of Caffe's two libraries. With 1 or 3 channels, scikit-image's: pixel centres lie at halves,
    and the image is surrounded by its own minimum, which darkens the border of one that is enlarged. With other
    numbers of channels, SciPy's zoom: the corners stay corners.

    Raises ShapeError, and BackendError for another order where SciPy is missing.
    """
    image = numpy.asarray(im, numpy.float32)
    size = tuple(int(n) for n in new_dims)
    if image.ndim != 3 or image.size == 0:
        raise ShapeError(f"the image has shape {image.shape}, expected (height, width, channels)")
    if len(size) != 2 or min(size) < 1:
        raise ShapeError(f"the new size of the image is {size}, expected (height, width) of 1 or more")
    lowest, highest = image.min(), image.max()
    if lowest == highest:
        return numpy.full((*size, image.shape[2]), lowest)
    is_picture = image.shape[2] in (1, 3)
    if interp_order != 1:
        return _spline(image, size, interp_order, lowest, highest, is_picture)
    for axis in (0, 1):
        old, new = image.shape[axis], size[axis]
        steps = numpy.arange(new)
        places = (steps + 0.5) * old / new - 0.5 if is_picture else steps * (old - 1) / max(new - 1, 1)
        image = _interpolate(image, axis, places, lowest)
    return image


def _interpolate(image: numpy.ndarray, axis: int, places: numpy.ndarray, outside: numpy.float32) -> numpy.ndarray:
    """The values at `places` along an axis, where each is between -1 and the axis' length."""
    margin = [(1, 1) if i == axis else (0, 0) for i in range(3)]
    padded = numpy.pad(image, margin, constant_values=outside)
    before = numpy.floor(places).astype(numpy.intp)
    share = (places - before).astype(numpy.float32).reshape([-1 if i == axis else 1 for i in range(3)])
    return padded.take(before + 1, axis) * (1 - share) + padded.take(before + 2, axis) * share


def _spline(
    image: numpy.ndarray,
    size: tuple[int, int],
    order: int,
    lowest: numpy.float32,
    highest: numpy.float32,
    is_picture: bool,
) -> numpy.ndarray:
    if order not in range(6):
        raise ShapeError(f"interp_order is {order}, expected 0 to 5")
    try:
        from scipy.ndimage import zoom
    except ImportError as error:
        raise BackendError(
            f"interp_order {order} needs SciPy, which cannot be imported here ({error}): "
            "pip install 'cafflite[scipy]', or take interp_order 1"
        ) from error
    factors = (size[0] / image.shape[0], size[1] / image.shape[1], 1)
    if not is_picture:
        return zoom(image, factors, order=order)
    return zoom(image, factors, order=order, mode="grid-constant", cval=lowest, grid_mode=True).clip(lowest, highest)


def oversample(images: Images, crop_dims: Size) -> numpy.ndarray:
    """Ten crops of each image, float32 (10 * N, *crop_dims, K): the four corners, the center, and the same mirrored.

    images     N arrays (H, W, K), all of one shape
    crop_dims  (height, width) in pixels

    Raises ShapeError.
    """
    stacked = _stack(images)
    bottom, right = _free_space(stacked, crop_dims)
    height, width = crop_dims
    corners = [stacked[:, y : y + height, x : x + width] for y in (0, bottom) for x in (0, right)]
    crops = numpy.stack([*corners, center_crop(stacked, crop_dims)], axis=1)
    return numpy.concatenate([crops, crops[:, :, :, ::-1]], axis=1).reshape(-1, *crops.shape[2:])


def center_crop(images: Images, crop_dims: Size) -> numpy.ndarray:
    """The center of each image, float32 (N, *crop_dims, K); see `oversample`."""
    stacked = _stack(images)
    y, x = (space // 2 for space in _free_space(stacked, crop_dims))
    return stacked[:, y : y + crop_dims[0], x : x + crop_dims[1]]


def _stack(images: Images) -> numpy.ndarray:
    if len(images) == 0:
        raise ShapeError("there are no images")
    first = numpy.shape(images[0])
    for i, image in enumerate(images):
        if numpy.shape(image) != first or len(first) != 3:
            raise ShapeError(f"image {i} has shape {numpy.shape(image)}, expected one (height, width, K) for all")
    return numpy.asarray(images, numpy.float32)


def _free_space(images: numpy.ndarray, crop_dims: Size) -> tuple[int, int]:
    """How many rows, and columns, a crop leaves out."""
    height, width = images.shape[1] - crop_dims[0], images.shape[2] - crop_dims[1]
    if min(height, width) < 0:
        raise ShapeError(
            f"the images of {images.shape[1]} x {images.shape[2]} pixels are smaller than their crops of "
            f"{crop_dims[0]} x {crop_dims[1]}"
        )
    return height, width
