"""The time of cafflite's work over PyTorch's, on the same machine with the same threads, taken in turns.

    python tests/benchmarks/speed.py                       # all of it
    python tests/benchmarks/speed.py W1 W4 --rounds 7 --json speed.json --chart speed.svg

The forward passes of W5 to W8 are timed by onnxruntime too, where it is installed.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import chart
import nets
import ours
import theirs
from turns import take_turns

WORK = {  # name: (what it is, the function of both sides, its arguments)
    "W1": ("char-LSTM 256, T=50 N=250, training", "characters", ()),
    "W2": ("sine Lstm 15, T=320 N=1, training", "sine", ()),
    "W3 256": ("one step, N=1, H=256, forward", "one_step", (256,)),
    "W3 15": ("one step, N=1, H=15, forward", "one_step", (15,)),
    **{
        f"{number} {kind}": (f"{title}, {kind}", "network", (net, kind == "training"))
        for number, title, net in (
            ("W4", "LeNet, batch 64", nets.lenet),
            ("W5", "CaffeNet, batch 10", nets.caffenet),
            ("W6", "VGG-A's convolutions, batch 4", nets.vgg_a),
            ("W7", "MobileNet 0.5, batch 4", nets.mobilenet),
            ("W8a", "ResNet-50, batch 4", nets.resnet_50),
            ("W8b", "GoogLeNet, batch 4", nets.googlenet),
        )
        for kind in ("forward", "training")
    },
}


HAS_RUNTIME = all(map(find_spec, ("onnx", "onnxruntime")))


def main() -> None:
    arguments = parse_arguments()
    results = {}
    if not HAS_RUNTIME:
        print("onnxruntime is left out: it or onnx is not installed")
    print(f"{'':46}{'cafflite':>10}{'PyTorch':>10}{'ratio':>8}{'memory, MB':>14}{'onnxruntime':>14}{'ratio':>8}")
    for name, (title, function, given) in WORK.items():
        if arguments.work and not any(name.startswith(wanted) for wanted in arguments.work):
            continue
        timings = take_turns(ways(name, function, given), arguments.rounds)
        mine, peer = timings["ours"], timings["theirs"]
        results[name] = {
            "title": title,
            "cafflite_ms": mine.milliseconds,
            "pytorch_ms": peer.milliseconds,
            "ratio": mine.over(peer),
            "memory_mb": [mine.memory, peer.memory],
        }
        line = (
            f"{name:8} {title:37}{mine.milliseconds:10.2f}{peer.milliseconds:10.2f}{mine.over(peer):8.2f}"
            f"{mine.memory:7.0f}{peer.memory:7.0f}"
        )
        if "runtime" in timings:
            runtime = timings["runtime"]
            results[name] |= {"onnxruntime_ms": runtime.milliseconds, "ratio_to_onnxruntime": mine.over(runtime)}
            line += f"{runtime.milliseconds:14.2f}{mine.over(runtime):8.2f}"
        print(line, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.chart:
        chart.draw(results, arguments.chart)


def ways(name: str, function: str, given: tuple[Any, ...]) -> dict[str, Callable[[], Callable[[], object]]]:
    """The makers of one work, by side."""
    sides = [ours, theirs]
    if HAS_RUNTIME and name.endswith("forward") and not name.startswith("W4"):
        import runtime

        sides.append(runtime)
    return {side.__name__: partial(getattr(side, function), *given) for side in sides}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time cafflite and PyTorch in turns.")
    parser.add_argument("work", nargs="*", help="beginnings of names, such as W1 or 'W5 forward' (all)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (7)")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--chart", type=Path, help="a file for a picture, PNG or SVG")
    return parser.parse_args()


if __name__ == "__main__":
    main()
