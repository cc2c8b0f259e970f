import h5py
import numpy as np
import pytest
from gradient_check import build

from cafflite.errors import CaffliteError


def written(path, *batches):
    """The file after a forward pass for each batch of (data, labels)."""
    layer, bottom, top = build(f'type: "HDF5Output" hdf5_output_param {{ file_name: "{path}" }}', batches[0])
    for batch in batches:
        for blob, array in zip(bottom, batch, strict=True):
            blob.reshape(*array.shape)
            blob.data[...] = array
        layer.reshape(bottom, top)
        layer.forward(bottom, top)
    with h5py.File(path) as file:
        return {name: file[name][:] for name in file}


def test_batches_follow_each_other_with_four_axes(tmp_path):
    first = np.arange(6.0).reshape(3, 2), np.array([0.0, 1, 2])
    second = np.arange(4.0).reshape(2, 2), np.array([3.0, 4])
    found = written(tmp_path / "out.h5", first, second)
    assert found["data"].shape == (5, 2, 1, 1)
    assert found["data"].ravel().tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert found["label"].ravel().tolist() == [0, 1, 2, 3, 4]


def test_a_new_net_starts_the_file_anew(tmp_path):
    batch = np.ones((2, 2)), np.ones(2)
    written(tmp_path / "out.h5", batch)
    assert written(tmp_path / "out.h5", batch)["data"].shape == (2, 2, 1, 1)


@pytest.mark.parametrize(
    ("path", "batches", "message"),
    [
        ("missing/out.h5", [(np.ones((2, 2)), np.ones(2))], "out.h5: cannot be written: No such file"),
        ("out.h5", [(np.ones((2, 2)), np.ones(2)), (np.ones((2, 3)), np.ones(2))], "cannot follow"),
        ("out.h5", [(np.ones((2, 2)), np.ones(3))], "are not as many"),
    ],
)
def test_refused(tmp_path, path, batches, message):
    with pytest.raises(CaffliteError, match=message):
        written(tmp_path / path, *batches)
