import numpy as np
import pytest
from google.protobuf import text_format

from cafflite import TEST, TRAIN, transform
from cafflite.backend.ops import Ops
from cafflite.errors import DataError, NetError, ShapeError
from cafflite.proto import blob_proto
from cafflite.proto.caffe_pb2 import BlobProto, TransformationParameter
from cafflite.transform import Transformer

OPS = Ops(np, "float32")
DRAWS = np.random.default_rng(0).random((500, 3))


def transformer(text, phase=TEST, ops=OPS):
    return Transformer(text_format.Parse(text, TransformationParameter()), phase, ops)


def image(*shape, dtype=np.uint8):
    return np.random.default_rng(1).integers(0, 256, shape).astype(dtype)


def result(made, pixels, draw=(0, 0, 0)):
    """The image as it comes into the net, and its crop."""
    out = np.empty(made.shape(pixels.shape), made.mean.dtype)
    made.put(pixels, draw, out)
    return out, made.part(pixels.shape, out.shape, draw)


@pytest.fixture(params=[True, False], ids=["kernels", "NumPy"])
def kernels(request, monkeypatch):
    """Once by the compiled loops, once by NumPy."""
    if not request.param:
        monkeypatch.setattr(transform, "kernels", lambda: None)


@pytest.fixture
def mean_file(tmp_path):
    """Writes an array as a mean file."""

    def write(array, legacy=True):
        blob = BlobProto()
        blob_proto.set_array(blob, array)
        if legacy:
            blob.ClearField("shape")
            blob.num, blob.channels, blob.height, blob.width = 1, *array.shape[-3:]
        (tmp_path / "mean").write_bytes(blob.SerializeToString())
        return tmp_path / "mean"

    return write


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    ("text", "mean", "scale"),
    [
        ("", 0, 1),
        ("scale: 0.3", 0, 0.3),
        ("mean_value: 104.5 scale: 2", 104.5, 2),
        ("mean_value: 104 mean_value: 117 mean_value: 123.5", [104, 117, 123.5], 1),
    ],
)
def test_mean_values_and_scale(kernels, text, mean, scale, dtype):
    pixels = image(3, 5, 4, dtype=dtype)
    expected = (pixels.astype("f") - np.reshape(mean, (-1, 1, 1)).astype("f")) * np.float32(scale)
    np.testing.assert_array_equal(result(transformer(text), pixels)[0], expected)


def test_the_crop_is_central_in_test_whatever_is_drawn():
    pixels = image(3, 9, 12)
    for draw in DRAWS[:10]:
        found, crop = result(transformer("crop_size: 4"), pixels, draw)
        assert crop == (2, 4, False)
        np.testing.assert_array_equal(found, pixels[:, 2:6, 4:8])


def test_every_crop_is_as_likely_in_train():
    made = transformer("crop_size: 4", TRAIN)
    crops = [made.part((1, 6, 7), (1, 4, 4), draw) for draw in DRAWS]
    counts = np.zeros((3, 4), int)
    for y, x, mirrored in crops:
        counts[y, x] += 1
        assert not mirrored
    assert counts.sum() == 500
    assert counts.min() > 20
    assert counts.max() < 65


@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_half_are_mirrored_in_both_phases(phase):
    pixels, made = image(3, 4, 5), transformer("mirror: true", phase)
    mirrored = 0
    for draw in DRAWS:
        found, crop = result(made, pixels, draw)
        np.testing.assert_array_equal(found, pixels[:, :, ::-1] if crop[2] else pixels)
        mirrored += crop[2]
    assert 210 < mirrored < 290


@pytest.mark.parametrize("legacy", [True, False])
def test_the_mean_image_is_cut_and_mirrored_alike(kernels, mean_file, legacy):
    mean = np.random.default_rng(2).uniform(0, 255, (3, 8, 9)).astype("f")
    path = mean_file(mean if legacy else mean[None], legacy)
    made = transformer(f'mean_file: "{path}" crop_size: 5 mirror: true scale: 0.5', TRAIN)
    pixels = image(3, 8, 9)
    whole = (pixels - mean) * np.float32(0.5)
    for draw in DRAWS[:30]:
        found, (y, x, mirrored) = result(made, pixels, draw)
        part = whole[:, y : y + 5, x : x + 5]
        np.testing.assert_array_equal(found, part[:, :, ::-1] if mirrored else part)


def layouts(pixels):
    """The same image (3, H, W) in all the ways it may lie in memory."""
    padded = np.zeros((*pixels.shape[1:], 4), np.uint8)
    yield pixels
    for order in (1, -1):
        yield np.ascontiguousarray(pixels[::order].transpose(1, 2, 0)).transpose(2, 0, 1)[::order]
        memory = padded.copy()
        memory[:, :, :3] = pixels[::order].transpose(1, 2, 0)
        memory.flags.writeable = False
        yield memory[:, :, :3].transpose(2, 0, 1)[::order]
    yield np.ascontiguousarray(pixels.transpose(1, 2, 0)[::-1])[::-1].transpose(2, 0, 1)
    shifted = padded.copy()
    shifted[:, :, 1:] = pixels.transpose(1, 2, 0)
    yield shifted[:, :, 1:].transpose(2, 0, 1)
    turned = padded.copy()
    turned[:, :, 1:] = pixels[::-1].transpose(1, 2, 0)
    yield turned[:, :, :0:-1].transpose(2, 0, 1)
    larger = np.zeros((12, 15, 3), np.uint8)
    larger[1:10, 2:13] = pixels.transpose(1, 2, 0)
    yield larger[1:10, 2:13].transpose(2, 0, 1)


@pytest.mark.parametrize("mean", [(1, 1, 1), (3, 1, 1), (3, 9, 11)])
@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("layout", range(9))
def test_a_part_of_an_image_in_any_layout(kernels, mean, mirrored, layout):
    pixels = image(3, 9, 11)
    values = np.random.default_rng(2).uniform(0, 255, mean).astype("f")
    laid = list(layouts(pixels))[layout]
    np.testing.assert_array_equal(laid, pixels)
    whole = (pixels.astype("f") - values) * np.float32(0.3)
    for (y, x), size in (((0, 0), (9, 11)), ((1, 2), (8, 9)), ((4, 3), (2, 5)), ((8, 10), (1, 1))):
        out = np.empty((3, *size), np.float32)
        transform.put_part(laid, y, x, mirrored, values, 0.3, out)
        part = whole[:, y : y + size[0], x : x + size[1]]
        np.testing.assert_array_equal(out, part[:, :, ::-1] if mirrored else part)


def test_pillows_pixels_are_known():
    laid = list(layouts(image(3, 9, 11)))
    assert [transform.are_pixels_of(made, made.base) for made in laid].count(True) == 4


@pytest.mark.parametrize(("text", "color"), [("", None), ("force_color: true", True), ("force_gray: true", False)])
def test_color(text, color):
    assert transformer(text).color is color


@pytest.mark.parametrize(
    ("text", "shape", "error", "message"),
    [
        ("force_color: true force_gray: true", None, NetError, "both force_color and force_gray"),
        ('mean_file: "x" mean_value: 1', None, NetError, "both a mean_file and a mean_value"),
        ('mean_file: "missing"', None, DataError, "mean_file 'missing' cannot be read: No such file"),
        ("crop_size: 6", (3, 5, 9), ShapeError, r"crop_size is 6, and the image of shape \(3, 5, 9\) is smaller"),
        ("mean_value: 1 mean_value: 2", (3, 5, 9), ShapeError, "mean_value is given 2 times, .* 3 channels"),
    ],
)
def test_what_does_not_fit(text, shape, error, message):
    with pytest.raises(error, match=message):
        transformer(text).shape(shape)


def test_a_mean_of_another_shape(mean_file):
    made = transformer(f'mean_file: "{mean_file(np.zeros((3, 4, 4), "f"))}" crop_size: 2')
    with pytest.raises(ShapeError, match=r"the mean has shape \(3, 4, 4\), and the image has \(3, 5, 4\)"):
        made.shape((3, 5, 4))


def test_bad_mean_files(tmp_path, mean_file):
    (tmp_path / "text").write_bytes(b"not a blob")
    with pytest.raises(DataError, match="mean_file '.*text' is damaged"):
        transformer(f'mean_file: "{tmp_path}/text"')
    path = mean_file(np.zeros((2, 3, 4, 4), "f"), legacy=False)
    with pytest.raises(DataError, match=r"has shape \(2, 3, 4, 4\), expected one image"):
        transformer(f'mean_file: "{path}"')
