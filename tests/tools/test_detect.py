"""`cafflite detect`: windows of images to predictions, in a table or in HDF5."""

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

import cafflite
from cafflite.tools.main import main

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: CHANNELS dim: 4 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.01 } } }
"""
HEADER = "filename,ymin,xmin,ymax,xmax"
WINDOWS = [("a.png", 0, 0, 5, 6), ("b.png", 1, 2, 9, 8), ("a.png", 2.5, 1, 7, 7)]
MEAN = np.arange(75.0, dtype=np.float32).reshape(3, 5, 5)
COMMAND = ["detect", "--quiet", "--model_def=net.prototxt", "--pretrained_model=net.caffemodel"]


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    make_net(3)
    for seed, name in enumerate(("a.png", "b.png")):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (9, 8, 3), dtype=np.uint8)).save(name)
    Path("w.csv").write_text("\n".join([HEADER, *(",".join(map(str, window)) for window in WINDOWS)]))
    np.save("mean.npy", MEAN)


def make_net(channels: int) -> None:
    Path("net.prototxt").write_text(NET.replace("CHANNELS", str(channels)))
    cafflite.Net("net.prototxt", cafflite.TEST).save("net.caffemodel")


def detections(**settings):
    """Image by image, as the detector gives them."""
    detector = cafflite.Detector("net.prototxt", "net.caffemodel", **{"channel_swap": (2, 1, 0)} | settings)
    images = {name: [window[1:] for window in WINDOWS if window[0] == name] for name in ("a.png", "b.png")}
    return detector.detect_windows(images.items())


@pytest.mark.parametrize(
    ("flags", "settings"),
    [
        ("--context_pad=0", {}),
        ("--context_pad=1 --crop_mode=list", {"context_pad": 1}),
        ("--context_pad=0 --raw_scale=255 --input_scale 0.5", {"raw_scale": 255, "input_scale": 0.5}),
        ("--context_pad=1 --mean_file=mean.npy", {"context_pad": 1, "mean": MEAN.mean(1).mean(1)}),
        ("--context_pad=0 --channel_swap=0,1,2", {"channel_swap": (0, 1, 2)}),
    ],
)
def test_the_flags_are_the_settings_of_a_detector(flags, settings):
    assert main([*COMMAND, *flags.split(), "w.csv", "out.csv"]) == 0
    with open("out.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*HEADER.split(","), "class0", "class1", "class2"]
    expected = detections(**settings)
    assert [row[0] for row in rows] == ["a.png", "a.png", "b.png"] == [found["filename"] for found in expected]
    windows, scores = np.split(np.array([row[1:] for row in rows], float), [4], axis=1)
    np.testing.assert_array_equal(windows, [found["window"] for found in expected])
    np.testing.assert_allclose(scores, [found["prediction"] for found in expected], rtol=1e-6)


def test_hdf5():
    assert main([*COMMAND, "--context_pad=1", "w.csv", "out.h5"]) == 0
    expected = detections(context_pad=1)
    with h5py.File("out.h5") as file:
        assert list(file["filename"].asstr()) == ["a.png", "a.png", "b.png"]
        np.testing.assert_array_equal(file["window"], [found["window"] for found in expected])
        np.testing.assert_array_equal(file["prediction"], [found["prediction"] for found in expected])


def test_a_net_of_one_channel_sees_grey():
    make_net(1)
    assert main([*COMMAND, "--context_pad=1", "w.csv", "out.h5"]) == 0
    expected = detections(context_pad=1, channel_swap=None)
    with h5py.File("out.h5") as file:
        np.testing.assert_array_equal(file["prediction"], [found["prediction"] for found in expected])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("w.csv out.txt", "detect: OUTPUT is 'out.txt', expected a name that ends in .csv or .h5"),
        ("--crop_mode=lists w.csv out.csv", "detect: --crop_mode is 'lists', expected list"),
        ("--crop_mode=selective_search w.csv out.csv", "detect: selective search is a MATLAB program that is not part "
         "of cafflite: find windows by other means, and give them as a .csv file with --crop_mode=list"),
        ("images.txt out.csv", "detect: selective search is a MATLAB program that is not part "
         "of cafflite: find windows by other means, and give them as a .csv file with --crop_mode=list"),
        ("--pretrained_model= w.csv out.csv", "detect: it needs a net and its weights: --pretrained_model=FILE"),
        ("none.csv out.csv", "none.csv: the file cannot be read: No such file or directory"),
        ("short.csv out.csv", "short.csv:1: the columns ['filename', 'ymin', 'xmax'] lack xmin, ymax"),
        ("empty.csv out.csv", "empty.csv: there are no windows in this file"),
        ("bad.csv out.csv",
         "bad.csv:3: the window is ['0', 'x', '5', None], expected the numbers ymin, xmin, ymax, xmax"),
        ("gone.csv out.csv", "none.png: the image cannot be read: No such file or directory"),
        ("--context_pad=2 w.csv out.csv", "context_pad is 2, and the net's input has 4 x 4 pixels"),
        ("--context_pad=1 w.csv none/out.csv", "none/out.csv: cannot be written: No such file or directory"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(capsys, arguments, message):
    Path("short.csv").write_text("filename,ymin,xmax\na.png,0,5\n")
    Path("empty.csv").write_text(HEADER)
    Path("bad.csv").write_text(HEADER + "\na.png,0,0,5,5\na.png,0,x,5\n")
    Path("gone.csv").write_text(HEADER + "\nnone.png,0,0,5,5\n")
    pad = [] if "context_pad" in arguments else ["--context_pad=1"]
    assert main([*COMMAND, *pad, *arguments.split()]) == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"
    assert not Path("out.csv").exists()
