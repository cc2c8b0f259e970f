import gc

import numpy as np
import pytest
from PIL import Image

from cafflite.pillow_memory import pixels


class Older(Image.Image):
    """An image of a Pillow that cannot show its memory."""

    __arrow_c_array__ = property()


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (3000, 2500)])  # the last one is in several blocks
@pytest.mark.parametrize("kind", [Image.Image, Older])
def test_it_is_what_asarray_gives(size, kind):
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    image = Image.fromarray(values)
    image.__class__ = kind
    found = pixels(image)
    del image
    gc.collect()  # the memory outlives the image
    np.testing.assert_array_equal(found, values)


def test_it_is_no_copy():
    image = Image.new("RGB", (7, 5))
    found = pixels(image)
    image.putpixel((2, 3), (1, 2, 3))
    assert found[3, 2].tolist() == [1, 2, 3]
    assert not found.flags.writeable
