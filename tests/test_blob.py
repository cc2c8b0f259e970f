import numpy as np
import pytest

from cafflite.blob import Blob
from cafflite.errors import ShapeError


def test_data_and_diff_are_separate_zeros():
    blob = Blob((2, 3))
    assert blob.data.shape == blob.diff.shape == (2, 3)
    assert blob.data.dtype == np.float32
    blob.data[...] = 1
    assert not blob.diff.any()


@pytest.mark.parametrize(
    ("shape", "legacy"),
    [((), (1, 1, 1, 1)), ((5,), (5, 1, 1, 1)), ((2, 3), (2, 3, 1, 1)), ((2, 3, 4, 5), (2, 3, 4, 5))],
)
def test_legacy_axes(shape, legacy):
    blob = Blob(shape)
    assert (blob.num, blob.channels, blob.height, blob.width) == legacy


def test_legacy_axes_of_five_are_refused():
    with pytest.raises(ShapeError, match=r"up to 4 axes.*\(1, 2, 3, 4, 5\)"):
        _ = Blob((1, 2, 3, 4, 5)).num


def test_values_stay_in_memory_order_while_the_blob_shrinks():
    blob = Blob((2, 3))
    blob.data[...] = np.arange(6).reshape(2, 3)
    blob.reshape(2, 2)
    assert blob.data.tolist() == [[0, 1], [2, 3]]
    blob.reshape(5)
    assert blob.data.tolist() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("start", "end", "count"), [(0, None, 24), (1, None, 12), (1, 2, 3), (3, None, 1), (0, 0, 1), (-1, None, 4)]
)
def test_count_axes(start, end, count):
    assert Blob((2, 3, 4)).count_axes(start, end) == count


@pytest.mark.parametrize(("index", "axis"), [(0, 0), (2, 2), (-1, 2), (-3, 0)])
def test_axis(index, axis):
    assert Blob((2, 3, 4)).axis(index) == axis


@pytest.mark.parametrize("index", [3, -4])
def test_axis_out_of_range(index):
    with pytest.raises(ShapeError, match=f"axis {index} is out of range"):
        Blob((2, 3, 4)).axis(index)


def test_values_are_exchanged_without_a_copy():
    blob, data = Blob((2, 3)), np.ones((2, 3), np.float32)
    before = blob.data
    assert blob.exchange_data(data) is before
    assert blob.data is data


def test_sharing_is_by_memory():
    a, b = Blob((2, 3)), Blob((3, 2))
    b.share_data(a)
    b.share_diff(a)
    b.data[2, 1], b.diff[0, 0] = 7, 8
    assert a.data[1, 2] == 7
    assert a.diff[0, 0] == 8


@pytest.mark.parametrize(
    ("shape", "message"),
    [((2, -1), "no axis may be negative"), ((2**20, 2**20), "more than the 2,147,483,648 allowed")],
)
def test_impossible_shapes_are_refused_before_memory_is_asked_for(shape, message):
    with pytest.raises(ShapeError, match=message):
        Blob(shape)


def test_arrays_outlive_the_blob():
    blob = Blob((3,))
    data = blob.data
    data[:] = 5
    del blob
    assert data.tolist() == [5, 5, 5]
