"""What is drawn, and what is wrong with a list. Where windows land in a batch is held by tests/golden/WindowData."""

import json
import shutil

import numpy as np
import pytest
from gradient_check import build
from PIL import Image

from cafflite import TRAIN
from cafflite.backend.ops import Ops
from cafflite.errors import DataError, NetError

IMAGE = "# 0\n0.png\n3\n20\n30\n"
WINDOWS = "4\n1 0.9 2 3 12 10\n2 0.5 0 0 29 19\n0 0.2 5 5 25 15\n3 0.45 1 1 4 4\n"


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)).save(tmp_path / "0.png")
    (tmp_path / "windows.txt").write_text(IMAGE + WINDOWS)
    return tmp_path


def layer_of(folder, param="batch_size: 8", transform="crop_size: 6", seed=0):
    text = (
        f'type: "WindowData" transform_param {{ {transform} }} '
        f'window_data_param {{ source: "{folder}/windows.txt" root_folder: "{folder}/" {param} }}'
    )
    return build(text, [], TRAIN, ops=Ops(np, "float32"), seed=seed)


def forward(built):
    layer, bottom, top = built
    layer.forward(bottom, top)
    return top[0].data.copy(), top[1].data.astype(int).tolist()


def test_background_comes_first_and_objects_are_drawn_alike(folder):
    built = layer_of(folder, "batch_size: 8 fg_fraction: 0.75 bg_threshold: 0.4")
    found = [forward(built)[1] for _ in range(100)]
    assert all(labels[:2] == [0, 0] for labels in found)
    counts = np.bincount([label for labels in found for label in labels[2:]])
    assert counts[0] == 0
    assert len(counts) == 3
    assert 220 < counts[1] < 380


def test_mirrored_windows_are_the_others_backward(folder):
    param, both = "batch_size: 40 fg_fraction: 1 fg_threshold: 0.9", "crop_size: 6 mirror: true"
    plain = forward(layer_of(folder, param))[0][0]
    data, _ = forward(layer_of(folder, param, both))
    mirrored = [not np.array_equal(image, plain) for image in data]
    for image, backward in zip(data, mirrored, strict=True):
        np.testing.assert_array_equal(image, plain[:, :, ::-1] if backward else plain)
    assert 8 < sum(mirrored) < 32


@pytest.mark.parametrize("cached", ["true", "false"])
def test_an_exact_resume(folder, cached):
    settings = f"batch_size: 5 fg_fraction: 0.5 cache_images: {cached}", "crop_size: 6 mirror: true"
    built = layer_of(folder, *settings)
    forward(built)
    state = json.loads(json.dumps(built[0].state()))
    expected = [forward(built) for _ in range(3)]
    again = layer_of(folder, *settings, seed=4)
    again[0].restore(state)
    for data, labels in expected:
        data_again, labels_again = forward(again)
        np.testing.assert_array_equal(data_again, data)
        assert labels_again == labels
    assert not np.array_equal(expected[0][0], expected[1][0])


def test_cached_images_are_not_read_again(folder):
    built = layer_of(folder, "batch_size: 4 cache_images: true")
    (folder / "0.png").unlink()
    assert len(forward(built)[1]) == 4


def test_a_damaged_image(folder):
    built = layer_of(folder)
    (folder / "0.png").write_text("not an image")
    with pytest.raises(DataError, match="windows.txt:2: .*0.png: this is no image"):
        forward(built)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the list '.*' is empty"),
        ("0.png\n", "windows.txt:1: '0.png' is found where an image begins"),
        ("# 0\n", "the file ends where the name of an image should follow"),
        ("# 0\n0.png\n1\n20\n30\n0\n", "windows.txt:2: .*0.png: the image has 1 channels, expected 3"),
        ("# 0\n0.png\n3\nhigh\n", "windows.txt:4: 'high' is found, expected a number"),
        (IMAGE + "2\n1 0.9 2 3 12 10\n", "the file ends where a window should follow"),
        (IMAGE + "1\n1 0.9 2 3 12\n", "windows.txt:7: '1 0.9 2 3 12' is found, expected class, overlap"),
        (IMAGE + "2\n0 0.9 2 3 12 10\n0 0 1 1 2 2\n", "windows.txt:7: .*0.png: an object has class 0"),
        (IMAGE + "1\n1 0.9 2 3 12 10\n", "there is no background window, and a batch has 6"),
        (IMAGE + "1\n0 0.1 2 3 12 10\n", "there is no object window, and a batch has 2"),
        (IMAGE.replace("0.png", "1.png") + WINDOWS, "windows.txt:2: .*1.png: there is no such file"),
    ],
)
def test_a_bad_list(folder, text, message):
    (folder / "windows.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        layer_of(folder)


@pytest.mark.parametrize("window", ["12 3 2 10", "30 3 40 10", "2 -9 12 -1"])
def test_a_window_that_is_not_in_its_image(folder, window):
    (folder / "windows.txt").write_text(f"{IMAGE}2\n1 0.9 {window}\n0 0.1 1 1 2 2\n")
    built = layer_of(folder)
    with pytest.raises(DataError, match=f"windows.txt:7: .*0.png: the window {window} is not in its image"):
        forward(built)


@pytest.mark.parametrize(
    ("param", "transform", "message"),
    [
        ("batch_size: 8", "", "no crop_size"),
        ("batch_size: 8 context_pad: 3", "crop_size: 6", "context_pad is 3, expected less than half"),
        ('batch_size: 8 crop_mode: "round"', "crop_size: 6", "crop_mode is 'round', expected warp or square"),
        ("batch_size: 8 fg_fraction: 1.5", "crop_size: 6", "fg_fraction is 1.5, expected 0 to 1"),
        ("batch_size: 8 fg_fraction: nan", "crop_size: 6", "fg_fraction is nan, expected 0 to 1"),
    ],
)
def test_bad_settings(folder, param, transform, message):
    with pytest.raises(NetError, match=message):
        layer_of(folder, param, transform)


def test_a_mean_that_is_too_small(folder, golden):
    shutil.copy(golden / "WindowData/square_mean_file/mean.binaryproto", folder / "mean")
    with pytest.raises(DataError, match=r"the mean has shape \(3, 12, 12\), expected .* of 13 or more"):
        layer_of(folder, transform=f'crop_size: 13 mean_file: "{folder}/mean"')
