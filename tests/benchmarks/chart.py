"""A picture of what speed.py has measured: each work's time over PyTorch's, and onnxruntime's where it was timed."""

from pathlib import Path
from typing import Any

COLOURS = {"PyTorch": "#d08a3e", "onnxruntime": "#9aa5b1", "cafflite": "#2f6db5"}


def draw(results: dict[str, Any], path: Path) -> None:
    """Bars, one group a work, as long as the time over PyTorch's; the format is that of the file's ending."""
    from matplotlib.figure import Figure

    works = [work for work in results["works"].values() if "PyTorch" in work][::-1]
    figure = Figure(figsize=(8, 1.1 + 0.45 * len(works)), layout="constrained")
    axes = figure.add_subplot()
    height = 0.36
    for row, work in enumerate(works):
        bars = {"cafflite": work["PyTorch"]["cafflite_over_it"]}
        if "onnxruntime" in work:
            bars["onnxruntime"] = work["onnxruntime"]["ms"] / work["PyTorch"]["ms"]
        for place, (name, ratio) in enumerate(bars.items()):
            at = row + height * (0.5 * (len(bars) - 1) - place)
            axes.barh(at, ratio, height, color=COLOURS[name])
            axes.text(ratio + 0.01, at, f"{ratio:.2f}", va="center", fontsize=8, color="#444444")
    axes.axvline(1, color=COLOURS["PyTorch"], linewidth=1.5)
    axes.set_yticks(range(len(works)), [work["title"] for work in works])
    axes.set_xlim(0, 1.1 * max(1, *(work["PyTorch"]["cafflite_over_it"] for work in works)))
    axes.set_xlabel("time over that of PyTorch, eager; less is faster")
    figure.text(0.5, -0.02, results["on"], ha="center", va="top", fontsize=6.5, color="#666666")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        [_patch(name) for name in COLOURS], list(COLOURS), ncols=len(COLOURS), frameon=False,
        loc="lower center", bbox_to_anchor=(0.4, 1),
    )  # fmt: skip
    figure.savefig(path, dpi=150, bbox_inches="tight")


def _patch(name: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=COLOURS[name])
