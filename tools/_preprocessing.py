"""A net that looks at images, and how they become its input: what classify and detect have in common."""

from types import SimpleNamespace
from typing import Any

import numpy

from cafflite import npy
from cafflite.errors import UsageError
from cafflite.pycaffe import Net
from cafflite.tools import _device
from cafflite.tools._flags import Flags
from cafflite.transform import read_mean

NET: Flags = {
    "model_def": ("", "the deploy prototxt of the net"),
    "pretrained_model": ("", "its caffemodel"),
    "gpu": (False, "run on the GPU"),
}
FLAGS: Flags = {
    "mean_file": ("", "the mean image, or a number a channel, as an .npy or .binaryproto file"),
    "input_scale": ("", "the factor behind the subtraction of the mean"),
    "raw_scale": ("255", "the factor in front of it, as images are 0 to 1"),
    "channel_swap": ("", "the order of the channels; without it 2,1,0 where there are three, blue first"),
}


def check(flags: SimpleNamespace) -> None:
    """UsageError where NET lacks a file; and the choice of its device."""
    for name in ("model_def", "pretrained_model"):
        if not getattr(flags, name):
            raise UsageError(f"it needs a net and its weights: --{name}=FILE")
    _device.choose("0" if flags.gpu else "")


def settings(flags: SimpleNamespace) -> dict[str, Any]:
    """What FLAGS say, as arguments of Classifier and Detector."""
    return {
        "mean": _mean(flags.mean_file) if flags.mean_file else None,
        "input_scale": _factor("input_scale", flags.input_scale),
        "raw_scale": _factor("raw_scale", flags.raw_scale),
        "channel_swap": numbers("channel_swap", flags.channel_swap),
    }


def swap_colours(net: Net) -> None:
    """Put blue first in an input of three channels for which --channel_swap says nothing."""
    name = net.inputs[0]
    if name not in net.transformer.channel_swap and net.blobs[name].shape[1] == 3:
        net.transformer.set_channel_swap(name, (2, 1, 0))


def numbers(name: str, text: str) -> list[int] | None:
    """The whole numbers of a flag, with commas between; None where it is empty."""
    try:
        return [int(number) for number in text.split(",")] if text else None
    except ValueError:
        raise UsageError(f"--{name} is '{text}', expected whole numbers with commas between") from None


def _factor(name: str, text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise UsageError(f"--{name} is '{text}', expected a number") from None


def _mean(path: str) -> numpy.ndarray:
    return npy.read(path) if path.endswith(".npy") else read_mean(path)
