import re
from pathlib import Path

import pytest

from cafflite import log
from cafflite.tools.main import main

NET = """
layer { name: "data" type: "Input" top: "x" top: "y"
  input_param { shape { dim: 64 dim: 32 } shape { dim: 64 dim: 1 } } }
layer { name: "a_long_name" type: "InnerProduct" bottom: "x" top: "z" inner_product_param { num_output: 1 } }
layer { name: "act" type: "TanH" bottom: "z" top: "z" exclude { phase: TEST } }
layer { name: "loss" type: "EuclideanLoss" bottom: "z" bottom: "y" top: "loss" }
"""
NUMBER = r"([-+.e\d]+)"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "quiet", False)
    Path("net.prototxt").write_text(NET)


def averages(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(rf"(.+): {NUMBER} ms\.", text)}


def test_the_messages(capsys):
    assert main("time -model net.prototxt -iterations 3".split()) == 0
    lines = [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]
    expected = [
        r"Use CPU\.",
        "Performing Forward",
        f"Initial loss: {NUMBER}",
        "Performing Backward",
        r"\*\*\* Benchmark begins \*\*\*",
        r"Testing for 3 iterations\.",
        *(rf"Iteration: {i} forward-backward time: {NUMBER} ms\." for i in (1, 2, 3)),
        "Average time per layer: ",
    ]
    layers = [("      data", "8.2 KiB"), ("a_long_name", "512 B"), ("       act", ""), ("      loss", "8 B")]
    for name, memory in layers:
        expected.append(rf"{name}\tforward: {NUMBER} ms\. \({NUMBER}%{', ' if memory else ''}{memory}\)")
        expected.append(rf"{name}\tbackward: {NUMBER} ms\. \({NUMBER}%\)")
    expected += [
        rf"Average Forward pass: {NUMBER} ms\.",
        rf"Average Backward pass: {NUMBER} ms\.",
        rf"Average Forward-Backward: {NUMBER} ms\.",
        rf"Total Time: {NUMBER} ms\.",
        r"\*\*\* Benchmark ends \*\*\*",
    ]
    assert len(lines) == len(expected)
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


def test_the_times_and_shares_add_up(capsys):
    assert main("time --quiet --model=net.prototxt --iterations=4".split()) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    times = averages(captured.out)
    layers = {name: time for name, time in times.items() if "\t" in name}
    for direction in ("forward", "backward"):
        total = sum(time for name, time in layers.items() if name.endswith(direction))
        assert times[f"Average {direction.title()} pass"] == pytest.approx(total, rel=1e-4)
    assert times["Total Time"] == pytest.approx(4 * times["Average Forward-Backward"], rel=1e-4)
    assert times["Average Forward-Backward"] >= sum(layers.values()) * 0.9999
    shares = [float(share) for share in re.findall(r"\(([.\d]+)%", captured.out)]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))


@pytest.mark.parametrize(("phase", "there"), [("TRAIN", True), ("TEST", False)])
def test_the_phase(capsys, phase, there):
    assert main(f"time --quiet -model net.prototxt -iterations 1 -phase {phase}".split()) == 0
    assert ("       act\t" in capsys.readouterr().out) == there


def test_the_way_of_a_convolution(capsys):
    Path("net.prototxt").write_text(
        'layer { name: "data" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 5 dim: 5 } } }'
        'layer { name: "mix" type: "Convolution" bottom: "x" top: "y"'
        "  convolution_param { num_output: 2 kernel_size: 1 } }"
        'layer { name: "see" type: "Convolution" bottom: "y" top: "y2"'
        "  convolution_param { num_output: 2 kernel_size: 3 group: 2 } }"
    )
    assert main("time --quiet -model net.prototxt -iterations 1".split()) == 0
    printed = capsys.readouterr().out
    assert re.search(r"mix\tforward: .* \([.\d]+%, 400 B, 1x1\)\n", printed)
    assert re.search(r"see\tforward: .* \([.\d]+%, 144 B, depthwise\)\n", printed)


def test_layers_that_are_done_along_say_with_which(capsys):
    Path("net.prototxt").write_text(
        'layer { name: "data" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 5 dim: 5 } } }'
        'layer { name: "mix" type: "Convolution" bottom: "x" top: "y"'
        "  convolution_param { num_output: 2 kernel_size: 1 } }"
        'layer { name: "cut" type: "ReLU" bottom: "y" top: "y" }'
        'layer { name: "scale" type: "Scale" bottom: "y" top: "y" scale_param { bias_term: true } }'
        'layer { name: "cut2" type: "ReLU" bottom: "y" top: "y" }'
        'layer { name: "loss" type: "Reduction" bottom: "y" top: "loss" loss_weight: 1 }'
    )
    assert main("time --quiet -model net.prototxt -iterations 1".split()) == 0
    printed = capsys.readouterr().out
    assert re.search(r"cut\tforward: 0 ms. \(0.0%, along with mix\)\n", printed)
    assert re.search(r"scale\tbackward: 0 ms. \(0.0%, along with cut2\)\n", printed)
    assert re.search(r"cut2\tbackward: (?!0 ms).* ms. \([.\d]+%\)\n", printed)
    assert re.search(r"mix\tbackward: (?!0 ms).* ms. \([.\d]+%\)\n", printed)


def test_weights_are_loaded(capsys):
    assert main("time -model net.prototxt -weights no.caffemodel".split()) == 1
    assert capsys.readouterr().err.endswith("cafflite: no.caffemodel: cannot be read: No such file or directory\n")


def test_a_phase_that_does_not_exist(capsys):
    assert main("time -model net.prototxt -phase test".split()) == 1
    assert capsys.readouterr().err.endswith("cafflite: time: --phase is 'test', expected TRAIN or TEST\n")
