import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest

from cafflite import image, log
from cafflite.tools.main import main

SIZES = {"wide.png": (30, 50), "deep/high.png": (47, 20), "square.bmp": (16, 16), "exact.png": (12, 40)}


@pytest.fixture(autouse=True)
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)
    for name, size in SIZES.items():
        path = Path("photos", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image.encode(np.random.default_rng(0).integers(0, 256, (3, *size), np.uint8), name[-3:]))
    Path("list.txt").write_text("".join(f"{name}\n" for name in SIZES))


def command(*flags: str) -> int:
    folders = ["--input=list.txt", "--input_folder=photos", "--output_folder=squares", "--output_side_length=12"]
    return main(["resize_and_crop_images", *folders, *flags])


def written() -> set[str]:
    return {str(path.relative_to("squares")) for path in Path("squares").rglob("*") if path.is_file()}


@pytest.mark.parametrize("threads", ["0", "1", "8"])
def test_the_middle_of_the_resized_image(threads, capsys) -> None:
    assert command(f"--num_clients={threads}", "--image_lib=OpenCV") == 0
    assert written() == set(SIZES)
    whole = {"wide.png": (12, 20), "deep/high.png": (28, 12), "square.bmp": (12, 12), "exact.png": (12, 40)}
    for name, (height, width) in whole.items():
        resized = image.resize(image.read(f"photos/{name}", True), height, width)
        top, left = (height - 12) // 2, (width - 12) // 2
        expected = resized[:, top : top + 12, left : left + 12]
        np.testing.assert_array_equal(image.read(f"squares/{name}", True), expected)
    assert "] Processed 4 files.\n" in capsys.readouterr().err


def test_labels_and_full_paths_in_the_list() -> None:
    Path("list.txt").write_text("wide.png 3\nphotos/square.bmp\n")
    assert command() == 0
    assert written() == {"wide.png", "square.bmp"}


def test_a_square_that_is_there_is_written_over() -> None:
    Path("squares").mkdir()
    Path("squares/wide.png").write_text("old")
    assert command() == 0
    assert image.read("squares/wide.png", True).shape == (3, 12, 12)


@pytest.mark.parametrize(
    ("line", "content", "message"),
    [
        ("absent.png", None, "photos/absent.png: the image cannot be read: No such file or directory"),
        ("bad.png", b"hello", "photos/bad.png: this is no image, or its beginning is damaged"),
        ("../list.txt", None, "'../list.txt' lies outside of the folder"),
        ("deep/../../list.txt", None, "'deep/../../list.txt' lies outside of the folder"),
        ("line.png", image.encode(np.zeros((1, 1, 101), np.uint8), "png"), "photos/line.png: the image is 1 x 101"),
        ("kind.gif", image.encode(np.zeros((1, 9, 9), np.uint8), "png"), "images of the kind 'gif' cannot be written"),
    ],
)
def test_a_bad_image_is_one_line_or_left_out(capsys, line, content, message) -> None:
    if content:
        Path("photos", line).write_bytes(content)
    Path("list.txt").write_text(f"wide.png\n{line}\nsquare.bmp\n")
    assert command("--quiet") == 1
    assert "ThreadPoolExecutor" not in str(threading.enumerate())  # nothing is written any more
    error = capsys.readouterr().err
    assert error.startswith(f"cafflite: list.txt:2: {message}")
    assert error.endswith("; --skip_bad leaves out such images\n") and error.count("\n") == 1
    assert command("--skip_bad") == 0
    assert "] 1 of 3 images were left out\n" in capsys.readouterr().err
    assert written() == {"wide.png", "square.bmp"}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--input="], "it needs --input"),
        (["--output_folder="], "it needs --output_folder"),
        (["--image_lib=PIL"], "--image_lib is 'PIL', expected opencv"),
        (["--output_side_length=0"], "--output_side_length is 0, expected 1 or more"),
    ],
)
def test_a_mistake_on_the_command_line(capsys, flags, message) -> None:
    assert command(*flags) == 1
    assert capsys.readouterr().err == f"cafflite: resize_and_crop_images: {message}\n"


def test_a_folder_that_cannot_be_made(capsys) -> None:
    Path("squares").touch(stat.S_IRUSR)
    assert command("--skip_bad") == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("cafflite: squares/") and ": cannot be written: " in error
    assert sorted(os.listdir()) == ["list.txt", "photos", "squares"]
