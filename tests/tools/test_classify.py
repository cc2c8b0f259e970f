from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cafflite
from cafflite.io import array_to_blobproto, load_image
from cafflite.tools.main import main

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: CHANNELS dim: 4 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 7 weight_filler { type: "gaussian" std: 0.001 } } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }
"""
NAMES = ["cat", "dog", "fish", "bird", "fly", "frog", "a tabby, or cat"]
FILES = ["images/0.jpg", "images/1.jpg", "images/2.jpg"]
MEAN = np.arange(75.0, dtype=np.float32).reshape(3, 5, 5)
COMMAND = ["classify", "--quiet", "--model_def=net.prototxt", "--pretrained_model=net.caffemodel"]


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    make_net(3)
    Path("images").mkdir()
    for seed, name in enumerate([*FILES, "images/other.png"]):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (9, 8, 3), dtype=np.uint8)).save(name)
    Path("names.txt").write_text("\n".join(NAMES))
    np.save("mean.npy", MEAN)
    Path("mean.binaryproto").write_bytes(array_to_blobproto(MEAN[None]).SerializeToString())


def make_net(channels: int) -> None:
    Path("net.prototxt").write_text(NET.replace("CHANNELS", str(channels)))
    cafflite.Net("net.prototxt", cafflite.TEST).save("net.caffemodel")


def loaded(names, color=True):
    return [load_image(name, color) for name in names]


def predictions(images, oversample=True, **settings):
    defaults = {"image_dims": (256, 256), "raw_scale": 255, "channel_swap": (2, 1, 0)}
    return cafflite.Classifier("net.prototxt", "net.caffemodel", **(defaults | settings)).predict(images, oversample)


@pytest.mark.parametrize(
    ("flags", "settings"),
    [
        ("", {}),
        ("--center_only --images_dim=6,5", {"oversample": False, "image_dims": (6, 5)}),
        ("--images_dim=", {"image_dims": None}),
        ("--raw_scale=", {"raw_scale": None}),
        ("--input_scale 0.5 --channel_swap=0,1,2", {"input_scale": 0.5, "channel_swap": None}),
        ("--mean_file=mean.npy", {"mean": MEAN}),
        ("--mean_file=mean.binaryproto", {"mean": MEAN}),
    ],
)
def test_the_flags_are_the_settings_of_a_classifier(flags, settings):
    assert main([*COMMAND, *flags.split(), "images", "out.npy"]) == 0
    np.testing.assert_allclose(np.load("out.npy"), predictions(loaded(FILES), **settings), rtol=1e-6)


def test_the_five_most_probable_classes_are_named(capsys):
    assert main([*COMMAND, "--labels=names.txt", FILES[0]]) == 0
    (scores,) = predictions(loaded(FILES[:1]))
    lines = [f'{scores[i]:.4f} - "{NAMES[i]}"' for i in np.argsort(-scores)[:5]]
    assert capsys.readouterr().out.splitlines() == ["---------- Prediction for images/0.jpg ----------", *lines]


def test_without_names_classes_have_numbers(capsys):
    assert main([*COMMAND, "images", "--ext=png"]) == 0
    (scores,) = predictions(loaded(["images/other.png"]))
    lines = [f"{scores[i]:.4f} - {i}" for i in np.argsort(-scores)[:5]]
    assert capsys.readouterr().out.splitlines()[1:] == lines


def test_arrays_in_a_file(capsys):
    images = np.random.default_rng(0).random((3, 6, 7, 3), np.float32)
    np.save("images.npy", images)
    assert main([*COMMAND, "images.npy", "out"]) == 0
    assert "Prediction for images.npy[2] " in capsys.readouterr().out
    np.testing.assert_allclose(np.load("out.npy"), predictions(images), rtol=1e-6)


def test_a_net_of_one_channel_sees_grey():
    make_net(1)
    assert main([*COMMAND, FILES[0], "out.npy"]) == 0
    expected = predictions(loaded(FILES[:1], color=False), channel_swap=None)
    np.testing.assert_allclose(np.load("out.npy"), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--images_dim=4 images", "classify: --images_dim is '4', expected height,width"),
        ("--images_dim=a,b images", "classify: --images_dim is 'a,b', expected whole numbers with commas between"),
        ("--raw_scale=x images", "classify: --raw_scale is 'x', expected a number"),
        ("--pretrained_model= images", "classify: it needs a net and its weights: --pretrained_model=FILE"),
        ("images --ext=gif", "images: there are no images (--ext=gif)"),
        ("none.jpg", "none.jpg: the image cannot be read: No such file or directory"),
        ("none.npy", "none.npy: the file cannot be read: No such file or directory"),
        ("text.npy", "text.npy: this is not an .npy file of numbers, or a damaged one"),
        ("mean.npy", "mean.npy: it has shape (3, 5, 5), expected images (N, height, width, channels)"),
        ("images --labels=none.txt", "none.txt: the labels cannot be read: No such file or directory"),
        ("images --labels=text.npy", "text.npy: there are 1 labels, expected one for each of the 7 classes"),
        ("images --mean_file=none", "the mean_file 'none' cannot be read: No such file or directory"),
        ("images none/out.npy", "none/out.npy: cannot be written: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, message):
    Path("text.npy").write_text("words")
    assert main([*COMMAND, *arguments.split()]) == 1
    assert capsys.readouterr().err == f"cafflite: {message}\n"
