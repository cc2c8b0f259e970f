"""Arrays in and out of BlobProto, in every form that a Caffe has written them."""

import numpy as np
import pytest

from cafflite.errors import WeightsError
from cafflite.proto import blob_proto, caffe_pb2
from cafflite.proto.caffe_pb2 import BlobProto, BlobShape, WeightsBlob

NUMBERS = np.arange(6).reshape(2, 3)
SHAPE = BlobShape(dim=[2, 3])


def blob_of(data, diff=None) -> BlobProto:
    blob = BlobProto()
    blob_proto.set_array(blob, data, diff)
    return blob


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("number", [np.float32, np.float64])
def test_round_trip(shape, number) -> None:
    data = np.random.default_rng(1).standard_normal(shape).astype(number)
    blob = blob_of(data, -data)
    assert tuple(blob.shape.dim) == shape
    for name, expected in (("data", data), ("diff", -data)):
        found = blob_proto.to_array(blob, name)
        assert found.dtype == number
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(0,), (2, 0, 4)])
def test_an_array_without_elements(shape) -> None:
    assert blob_proto.to_array(blob_of(np.zeros(shape))).shape == shape


def test_the_fields_are_caffes() -> None:
    single = blob_of(NUMBERS.astype("f4"))
    double = blob_of(NUMBERS.astype("f8"), NUMBERS.astype("f8"))
    assert single == BlobProto(shape=SHAPE, data=range(6))
    assert double == BlobProto(shape=SHAPE, double_data=range(6), double_diff=range(6))


def test_arrays_need_not_lie_in_one_piece() -> None:
    columns = np.arange(12, dtype="f4").reshape(3, 4)[:, ::2].T
    np.testing.assert_array_equal(blob_proto.to_array(blob_of(columns)), columns)


def raw(number_type: int, number: str) -> BlobProto:
    return BlobProto(shape=SHAPE, raw_data_type=number_type, raw_data=NUMBERS.astype(number).tobytes())


FORMS = {
    "float": BlobProto(shape=SHAPE, data=range(6)),
    "double": BlobProto(shape=SHAPE, double_data=range(6)),
    "legacy": BlobProto(num=1, channels=1, height=2, width=3, data=range(6)),
    "raw float16": raw(caffe_pb2.FLOAT16, "<f2"),
    "raw float": raw(caffe_pb2.FLOAT, "<f4"),
    "raw double": raw(caffe_pb2.DOUBLE, "<f8"),
    "raw int": raw(caffe_pb2.INT, "<i4"),
    "raw uint": raw(caffe_pb2.UINT, "<u4"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_its_numbers(form) -> None:
    slim = WeightsBlob.FromString(FORMS[form].SerializeToString())
    for blob in (FORMS[form], slim):
        found = blob_proto.to_array(blob)
        assert found.shape == ((1, 1, 2, 3) if form == "legacy" else (2, 3))
        np.testing.assert_array_equal(found.reshape(2, 3), NUMBERS)


def test_numbers_that_a_writer_did_not_pack() -> None:
    one_by_one = b"".join(b"\x2d" + np.float32(value).tobytes() for value in range(6))  # field 5, four bytes each
    blob = WeightsBlob.FromString(WeightsBlob(shape=SHAPE).SerializeToString() + one_by_one)
    np.testing.assert_array_equal(blob_proto.to_array(blob), NUMBERS)


@pytest.mark.parametrize(
    "blob, message",
    [
        (BlobProto(shape=SHAPE, data=range(5)), r"a blob of shape \(2, 3\) holds 5 numbers in its data"),
        (BlobProto(shape=SHAPE), "holds 0 numbers"),
        (BlobProto(data=range(5)), r"a blob of shape \(\) holds 5 numbers"),
        (BlobProto(shape=BlobShape(dim=[-2, -3]), data=range(6)), r"a blob of shape \(-2, -3\)"),
        (BlobProto(shape=BlobShape(dim=[2**62, 2**62]), data=range(6)), "holds 6 numbers"),
        (BlobProto(shape=SHAPE, raw_data_type=caffe_pb2.FLOAT16, raw_data=bytes(11)), "holds 5 numbers"),
        (WeightsBlob(shape=SHAPE, data=bytes(23)), "damaged"),
        (WeightsBlob(shape=SHAPE, raw_data_type=9, raw_data=bytes(24)), "raw_data_type is 9"),
    ],
)
def test_what_is_no_blob(blob, message) -> None:
    with pytest.raises(WeightsError, match=message):
        blob_proto.to_array(blob)
