"""Let a trained LeNet read the digits that were held out, and draw those it misreads: run it where it was trained.

    python ../models/lenet/show_misread.py --weights lenet_iter_1000.caffemodel

Prints how many it reads rightly, and writes misread.png: each misread digit with what it is and what was read.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import cafflite

SIDE = 24  # pixels that the net sees, those in the middle
COLUMNS = 8


def main() -> None:
    arguments = parse_arguments()
    images, labels = load("test.txt")
    read = predict(arguments.weights, images)
    wrong = np.flatnonzero(read != labels)
    print(f"{len(labels) - len(wrong)} of {len(labels)} digits are read rightly: {1 - len(wrong) / len(labels):.1%}")
    draw(images[wrong], labels[wrong], read[wrong], arguments.output)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw the digits that a trained LeNet misreads.")
    parser.add_argument("--weights", required=True, help="a caffemodel of the training")
    parser.add_argument("--output", default="misread.png", help="the picture (misread.png)")
    return parser.parse_args()


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """The images (N, 28, 28) and the labels (N,) of a list."""
    lines = [line.split() for line in open(path)]
    images = np.stack([np.asarray(Image.open(f"digits/{name}")) for name, _ in lines])
    return images, np.array([int(label) for _, label in lines])


def predict(weights: str, images: np.ndarray) -> np.ndarray:
    """The digit that the net reads in each image."""
    net = cafflite.Net("deploy.prototxt", weights, cafflite.TEST)
    net.blobs["data"].reshape(len(images), 1, SIDE, SIDE)
    net.reshape()
    border = (images.shape[1] - SIDE) // 2
    middle = images[:, np.newaxis, border : border + SIDE, border : border + SIDE]
    return net.forward(data=middle / 256)["prob"].argmax(axis=1)


def draw(images: np.ndarray, labels: np.ndarray, read: np.ndarray, path: str) -> None:
    """The images in rows, darker the more ink, each below its label and what was read."""
    rows = max(1, -(-len(images) // COLUMNS))
    figure = Figure(figsize=(COLUMNS, 1.35 * rows), dpi=100, layout="constrained")
    for i, axes in enumerate(figure.subplots(rows, COLUMNS, squeeze=False).flat):
        axes.axis("off")
        if i < len(images):
            axes.imshow(images[i], cmap="gray_r", vmin=0, vmax=255)
            axes.set_title(f"{labels[i]}, read as {read[i]}", fontsize=9)
    figure.savefig(path)


if __name__ == "__main__":
    main()
