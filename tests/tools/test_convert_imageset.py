import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from databases import backends

from cafflite import datum, image, log
from cafflite.database import LMDB, open_database
from cafflite.tools.main import main


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Five images of two kinds in a folder, and a list of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)
    generator = np.random.default_rng(0)
    Path("images").mkdir()
    lines = []
    for i in range(5):
        name = f"photo {i}.{'jpg' if i == 4 else 'png'}"
        pixels = generator.integers(0, 256, (3, 6 + i % 2, 8), np.uint8)
        Path("images", name).write_bytes(image.encode(pixels, name[-3:]))
        lines.append(f"{name} {10 * i}\n")
    Path("list.txt").write_text("".join(lines))
    return tmp_path


def records(path: str, backend: int = LMDB) -> list:
    reader = open_database(path, backend)
    found = [(key, datum.parse(value, key)) for key, value in reader.records()]
    reader.close()
    return found


def original(key: str, color: bool = True) -> np.ndarray:
    return image.read(f"images/{key.partition('_')[2]}", color)


def test_records_are_the_images_in_the_order_of_the_list(photos, capsys) -> None:
    assert main(["convert_imageset", "images/", "list.txt", "db"]) == 0
    found = records("db")
    assert [key for key, _ in found] == [f"{i:08}_photo {i}.{'jpg' if i == 4 else 'png'}" for i in range(5)]
    assert [record.label for _, record in found] == [0, 10, 20, 30, 40]
    for key, record in found:
        np.testing.assert_array_equal(datum.to_array(record, key), original(key))
    assert re.search(r"\] A total of 5 images\.\n.*\] Processed 5 files\.\n", capsys.readouterr().err)


@pytest.mark.parametrize("flags", [["--gray"], ["-gray=true", "-resize_height", "4", "-resize_width=9"], ["--nogray"]])
@backends
def test_grey_and_resized_images(photos, flags, backend) -> None:
    assert (
        main(
            [
                "convert_imageset",
                *flags,
                f"--backend={'lmdb' if backend == LMDB else 'leveldb'}",
                "images/",
                "list.txt",
                "db",
            ]
        )
        == 0
    )
    for key, record in records("db", backend):
        expected = original(key, color=flags == ["--nogray"])
        if len(flags) > 1:
            expected = image.resize(expected, 4, 9)
        np.testing.assert_array_equal(datum.to_array(record, key), expected)


@pytest.mark.parametrize(
    ("flags", "kept", "made"),
    [
        (["--encoded"], {"png", "jpg"}, None),
        (["--encoded", "--encode_type=png"], {"png"}, "PNG"),
        (["--encoded", "--encode_type=JPEG"], {"jpg"}, "JPEG"),
        (["--encoded", "--resize_height=4", "--resize_width=9"], set(), None),
    ],
)
def test_encoded_images_are_the_files_themselves_where_these_fit(photos, flags, kept, made) -> None:
    assert main(["convert_imageset", *flags, "images/", "list.txt", "db"]) == 0
    for key, record in records("db"):
        content = Path("images", key.partition("_")[2]).read_bytes()
        assert record.encoded and not record.HasField("channels")
        assert (record.data == content) == (key[-3:] in kept)
        if key[-3:] not in kept:
            kind = made or ("JPEG" if key.endswith("jpg") else "PNG")
            with image.opened(record.data, key) as picture:
                assert picture.format == kind
                assert picture.size == ((8, 6 + int(key[:8]) % 2) if made else (9, 4))


def test_shuffled_images_keep_their_labels(photos) -> None:
    orders = set()
    for i in range(8):
        assert main(["convert_imageset", "--shuffle", "--quiet", "images/", "list.txt", f"db{i}"]) == 0
        found = records(f"db{i}")
        assert [key[:8] for key, _ in found] == [f"{i:08}" for i in range(5)]
        assert all(record.label == 10 * int(key[15]) for key, record in found)
        orders.add(tuple(record.label for _, record in found))
    assert len(orders) > 1


def damage(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda path: path.unlink(), "the image cannot be read: No such file or directory"),
        (lambda path: path.write_bytes(damage(path.read_bytes())), "the image is damaged: image file is truncated"),
        (lambda path: path.write_text("hello"), "this is no image, or its beginning is damaged; expected one of BMP"),
    ],
)
def test_a_bad_image_is_one_line_or_left_out(photos, capsys, break_it, message) -> None:
    break_it(Path("images/photo 2.png"))
    before = sorted(os.listdir())
    assert main(["convert_imageset", "--quiet", "images/", "list.txt", "db"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"cafflite: list.txt:3: images/photo 2.png: {message}")
    assert error.endswith("; --skip_bad leaves out such images\n") and error.count("\n") == 1
    assert sorted(os.listdir()) == before
    assert main(["convert_imageset", "--skip-bad", "images/", "list.txt", "db"]) == 0
    error = capsys.readouterr().err
    assert f"] list.txt:3: images/photo 2.png: {message}" in error
    assert "] 1 of 5 images were left out\n" in error and "] Processed 4 files.\n" in error
    assert [key[:8] for key, _ in records("db")] == ["00000000", "00000001", "00000003", "00000004"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--check_size images/ list.txt db", "list.txt:2: images/photo 1.png: it holds 168 numbers"),
        ("--skip_bad nowhere/ list.txt db", "list.txt: none of its images can be used"),
        ("images/ absent.txt db", "absent.txt: the list of images cannot be read: No such file or directory"),
        ("images/ list.txt images", "images: it exists already; remove it, or name another one"),
        ("images/ list.txt no/db", "no/db: cannot be written: No such file or directory"),
        ("--resize_width=3 images/ list.txt db", "convert_imageset: give --resize_height and --resize_width"),
        ("--encode_type=eps images/ list.txt db", "convert_imageset: --encode_type is 'eps', expected one of bmp"),
        ("--backend=hdf5 images/ list.txt db", "convert_imageset: the backend is 'hdf5', expected lmdb or leveldb"),
        ("images/ list.txt", "convert_imageset: got the arguments ['images/', 'list.txt'], expected ROOT_FOLDER"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(photos, capsys, arguments, message) -> None:
    before = sorted(os.listdir())
    assert main(["convert_imageset", "--quiet", *arguments.split()]) == 1
    assert f"cafflite: {message}" in capsys.readouterr().err.splitlines()[-1]
    assert sorted(os.listdir()) == before


def test_ctrl_c_leaves_nothing(photos) -> None:
    Path("many.txt").write_text("photo 0.png 0\n" * 100_000)
    before = sorted(os.listdir())
    process = subprocess.Popen(
        [sys.executable, "-m", "cafflite.tools.main", "convert_imageset", "images/", "many.txt", "db"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    while "Processed" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    error = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in error
    assert sorted(os.listdir()) == before
