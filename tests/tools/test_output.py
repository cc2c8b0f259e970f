"""What every command does about standard output; tests/tools/test_sample.py has what comes of it."""

import os
import sys

import pytest

from cafflite.tools.main import main


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here, a disk that is full")
@pytest.mark.parametrize("arguments", [["help"], ["help", "train"], ["train", "--help"]])
@pytest.mark.parametrize("buffering", [1, -1], ids=["line by line", "at the end"])
def test_a_full_disk(monkeypatch, capsys, arguments, buffering):
    with open("/dev/full", "w", buffering=buffering) as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(arguments) == 1
    assert capsys.readouterr().err == "cafflite: standard output: No space left on device\n"
