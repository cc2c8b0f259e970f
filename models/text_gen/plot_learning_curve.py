"""Draw the training loss of one or more logs of `cafflite train` (its stderr) into one picture.

    cafflite train --solver=solver.prototxt 2> train.log
    python ../models/text_gen/plot_learning_curve.py train.log --output learning_curve.png
"""

import argparse
import re
from pathlib import Path

import matplotlib.pyplot as plt

LOSS = re.compile(r"Iteration (\d+) .*\bloss = (\S+)")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the training loss of logs of `cafflite train`.")
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--output", default="learning_curve.png", help="the picture to write (learning_curve.png)")
    arguments = parser.parse_args()
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for log in arguments.logs:
        iterations, losses = read_losses(log.read_text())
        axes.plot(iterations, losses, label=log.stem)
    axes.set(xlabel="iteration", ylabel="loss (nats a character)")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(arguments.output, dpi=120)


def read_losses(log: str) -> tuple[list[int], list[float]]:
    """Iterations and losses of the log's display lines."""
    found = LOSS.findall(log)
    return [int(iteration) for iteration, _ in found], [float(loss) for _, loss in found]


if __name__ == "__main__":
    main()
