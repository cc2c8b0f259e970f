import os

import pytest

from cafflite.errors import DataError
from cafflite.image_list import Line, read


def test_a_line_is_a_name_with_spaces_and_a_label(tmp_path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbfa b.jpg 3\r\n\n  c.png\t-1\nd.png   7\nn\xff.png 0")
    assert read(path) == [
        Line(f"{path}:1", "a b.jpg", 3),
        Line(f"{path}:3", "c.png", -1),
        Line(f"{path}:4", "d.png", 7),
        Line(f"{path}:5", os.fsdecode(b"n\xff.png"), 0),
    ]


def test_labels_may_be_missing_where_nobody_needs_them(tmp_path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a b.jpg\nc.png 3\n")
    assert [line.name for line in read(path, labelled=False)] == ["a b.jpg", "c.png"]


@pytest.mark.parametrize("text", ["a.jpg", "a.jpg 3.5", "a.jpg cat", "7", "a.jpg 2147483648"])
def test_a_wrong_line_is_named(tmp_path, text) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"fine.jpg 1\n{text}\n")
    with pytest.raises(DataError) as caught:
        read(path)
    expected = "is not the name of an image, a space, and a whole number as its label"
    assert str(caught.value) == f"{path}:2: '{text}' {expected}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "the list of images cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), "the list of images cannot be read: Is a directory"),
        (lambda path: path.write_text("\n \n"), "the list is empty, expected the name of an image on each line"),
    ],
)
def test_a_list_that_cannot_be_read(tmp_path, make, message) -> None:
    path = tmp_path / "list.txt"
    make(path)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == f"{path}: {message}"
