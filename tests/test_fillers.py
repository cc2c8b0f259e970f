"""Fillers, held to the statistics of the original's and to its rules for what they refuse."""

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from cafflite.errors import NetError, ShapeError
from cafflite.fillers import fill, fillers
from cafflite.proto import caffe_pb2, prototxt

CASES = sorted((Path(__file__).parent / "golden" / "filler").iterdir())


def filled(shape, dtype="float32", seed=1, **fields):
    array = np.full(shape, np.nan, dtype)
    fill(array, caffe_pb2.FillerParameter(**fields), np.random.default_rng(seed))
    return array


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_statistics(folder):
    facts = json.loads((folder / "facts.json").read_text())
    layer = prototxt.load_net(folder / "net.prototxt").layer[-1]
    param = layer.inner_product_param if layer.type == "InnerProduct" else layer.convolution_param
    array = np.empty(facts["shape"], np.float32)
    fill(array, param.weight_filler, np.random.default_rng(1))
    if "values" in facts:
        np.testing.assert_allclose(array.ravel(), facts["values"], rtol=1e-6)
        return
    count, std, kurtosis = facts["count"], facts["std"], facts["kurtosis"]
    sigmas = 5 * sqrt(2)  # both are samples of the same distribution
    assert array.mean() == pytest.approx(facts["mean"], abs=sigmas * std / sqrt(count))
    assert array.std() == pytest.approx(std, rel=sigmas * sqrt((kurtosis - 1) / 4 / count))
    zeros = facts["zero_fraction"]
    assert np.mean(array == 0) == pytest.approx(zeros, abs=sigmas * sqrt(zeros * (1 - zeros) / count))
    spread = facts["max"] - facts["min"]
    assert array.max() == pytest.approx(facts["max"], abs=0.2 * spread)
    assert array.min() == pytest.approx(facts["min"], abs=0.2 * spread)


@pytest.mark.parametrize("shape", [(50, 40), (6, 3, 5, 5)])
def test_positive_unitball_sums_to_one(shape):
    array = filled(shape, type="positive_unitball")
    assert array.min() >= 0
    np.testing.assert_allclose(array.reshape(shape[0], -1).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("fields", "bound"),
    [
        ({}, sqrt(3 / 36)),
        ({"variance_norm": 1}, sqrt(3 / 72)),
        ({"variance_norm": 2}, sqrt(3 / 54)),
    ],
    ids=["FAN_IN", "FAN_OUT", "AVERAGE"],
)
def test_xavier_bound_counts_the_kernel(fields, bound):
    array = filled((8, 4, 3, 3), type="xavier", **fields)
    assert 0.9 * bound < np.abs(array).max() <= bound * 1.000001


def test_sparse_counts_the_outputs_of_an_input():
    array = filled((100, 2000), type="gaussian", sparse=7)
    assert np.count_nonzero(array, axis=0).mean() == pytest.approx(7, abs=0.3)


@pytest.mark.parametrize("type_name", list(fillers))
@pytest.mark.parametrize("shape", [(3, 2, 4, 4), (0, 2, 4, 4), (2, 0, 4, 4)])
def test_float64_repeatable_and_zero_size(type_name, shape):
    first, second = (filled(shape, "float64", type=type_name) for _ in range(2))
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("shape", "fields", "error", "message"),
    [
        ((2,), {"type": "gausian"}, NetError, "unknown filler type 'gausian', expected one of constant, uniform, gau"),
        ((2,), {"type": ""}, NetError, "unknown filler type ''"),
        ((2,), {"type": "uniform", "min": 2, "max": 1}, NetError, "min 2 above max 1"),
        ((2,), {"type": "uniform", "min": float("nan")}, NetError, "min nan"),
        ((2,), {"type": "gaussian", "std": -1}, NetError, "std -1, expected 0 or more"),
        ((2,), {"type": "gaussian", "sparse": -2}, NetError, "sparse: -2"),
        ((2,), {"type": "xavier", "sparse": 3}, NetError, "'xavier' has sparse: 3, which only 'gaussian'"),
        ((), {"type": "xavier"}, ShapeError, "at least one axis"),
        ((), {"type": "positive_unitball"}, ShapeError, "at least one axis"),
        ((2, 3), {"type": "bilinear"}, ShapeError, r"four axes and square kernels, not \(2, 3\)"),
        ((2, 1, 3, 4), {"type": "bilinear"}, ShapeError, "square kernels"),
    ],
)
def test_refused(shape, fields, error, message):
    with pytest.raises(error, match=message):
        filled(shape, **fields)
