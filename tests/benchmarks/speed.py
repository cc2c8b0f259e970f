"""The time of cafflite's work over PyTorch's, on the same machine with the same threads, taken in turns.

    python tests/benchmarks/speed.py                       # all of it
    python tests/benchmarks/speed.py W1 W4 --rounds 7 --json speed.json --chart speed.svg
    python tests/benchmarks/speed.py --gpu                 # both on a GPU; PyTorch has to be its build for CUDA

The forward passes of W5 to W8 are timed by onnxruntime too. What is not installed is left out.
Memory is the peak of the process of each side, Python and libraries included.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import chart
import nets
import on_gpu
from turns import take_turns

from cafflite.backend import pool
from cafflite.backend.cupy_probe import probe
from cafflite.errors import CaffliteError

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


PEERS = {"PyTorch": ("torch",), "onnxruntime": ("onnx", "onnxruntime")}  # and the packages that they need
MODULES = {"cafflite": "ours", "PyTorch": "theirs", "onnxruntime": "runtime"}


def main() -> None:
    arguments = parse_arguments()
    results = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.exists() else {"works": {}}
    if arguments.gpu:
        try:
            probe(0)
        except CaffliteError as error:
            sys.exit(f"--gpu: {error}")
    sides = ["cafflite", *installed_peers(arguments.gpu)]
    results["on"] = conditions(sides, arguments.gpu)
    print(f"{results['on']}\n{'':46}" + "".join(f"{side + ', ms':>16}{'MB':>6}{'ratio':>7}" for side in sides))
    for name, (title, function, given) in WORK.items():
        if arguments.work and not any(name.startswith(wanted) for wanted in arguments.work):
            continue
        timings = take_turns(ways(sides, name, function, given, arguments.gpu), arguments.rounds)
        mine = timings["cafflite"]
        results["works"][name] = {"title": title} | {
            side: {"ms": timing.milliseconds, "mb": timing.memory, "cafflite_over_it": mine.over(timing)}
            for side, timing in timings.items()
        }
        figures = [f"{t.milliseconds:16.2f}{t.memory:6.0f}{mine.over(t):7.2f}" for t in timings.values()]
        print(f"{name:8} {title:37}" + "".join(figures), flush=True)
        if arguments.json:
            arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.chart and "PyTorch" in sides:
        results["works"] = {name: results["works"][name] for name in WORK if name in results["works"]}
        chart.draw(results, arguments.chart)


def installed_peers(gpu: bool) -> list[str]:
    if gpu:
        if find_spec("torch") and on_gpu.pytorch_has_cuda():
            return ["PyTorch"]
        print("PyTorch is left out: it is not installed, or not in its build for CUDA (pytorch.org says how)")
        return []
    found = []
    for peer, packages in PEERS.items():
        missing = [package for package in packages if find_spec(package) is None]
        if missing:
            print(f"{peer} is left out: {' and '.join(missing)} not installed (pip install 'cafflite[bench]')")
        else:
            found.append(peer)
    return found


def conditions(sides: list[str], gpu: bool) -> str:
    """When and on what this is run: the date, the processor, and who takes part."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions = [f"{package} {version(package)}" for package in ("numpy", *(PEERS[side][-1] for side in sides[1:]))]
    processor = names[0] if names else platform.machine()
    if gpu:
        processor += f" and a GPU, {on_gpu.name()}"
    return f"{date.today()}; {pool.threads()} threads on {processor}; {', '.join(versions)}"


def ways(
    sides: list[str], name: str, function: str, given: tuple[Any, ...], gpu: bool
) -> dict[str, Callable[[], Callable[[], object]]]:
    """The makers of one work, by side."""
    if gpu:
        return {side: partial(getattr(on_gpu, side.lower()), function, given) for side in sides}
    has_runtime = name.endswith("forward") and not name.startswith("W4")
    return {
        side: partial(getattr(import_module(MODULES[side]), function), *given)
        for side in sides
        if side != "onnxruntime" or has_runtime
    }


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time cafflite and its peers in turns.")
    parser.add_argument("work", nargs="*", help="beginnings of names, such as W1 or 'W5 forward' (all)")
    parser.add_argument("--gpu", action="store_true", help="run on the first GPU")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (7)")
    parser.add_argument("--json", type=Path, help="a file for the figures; those of other work stay in it")
    parser.add_argument("--chart", type=Path, help="a file for a picture, PNG or SVG")
    return parser.parse_args()


if __name__ == "__main__":
    main()
