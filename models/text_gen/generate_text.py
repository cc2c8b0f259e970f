"""Let a trained text_gen net write: run it in the folder that the net was trained in.

    python ../models/text_gen/generate_text.py --weights text_gen_iter_6000.caffemodel --seed "alice " --temperature 0.7
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import cafflite
from cafflite import log


def main() -> None:
    arguments = parse_arguments()
    log.quiet = True  # of the layers that the snapshot has and this net does without
    net = cafflite.Net("deploy.prototxt", str(arguments.weights), cafflite.TEST)
    symbols = list(json.loads(Path("dictionary.json").read_text()))
    seed = arguments.seed.lower()
    unknown = set(seed) - set(symbols)
    if unknown or not seed:
        raise SystemExit(f"the net does not know {sorted(unknown)}: a seed is made of {''.join(symbols)!r}")
    print(seed, end="")
    for symbol in generate(net, symbols, seed, arguments.length, arguments.temperature, arguments.random_seed):
        print(symbol, end="", flush=True)
    print()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Let a trained text_gen net write.")
    parser.add_argument("--weights", type=Path, required=True, help="a snapshot of the net: text_gen_iter_N.caffemodel")
    parser.add_argument("--seed", default="the ", help="text to go on from ('the ')")
    parser.add_argument("--length", type=int, default=300, help="characters to write (300)")
    parser.add_argument("--temperature", type=float, default=0, help="0 (the default) takes the likeliest character")
    parser.add_argument("--random-seed", type=int, help="makes the draws repeatable")
    return parser.parse_args()


def generate(
    net: cafflite.Net, symbols: list[str], seed: str, length: int, temperature: float, random_seed: int | None
) -> Iterator[str]:
    """The characters that follow the seed, one forward pass of a single time step each.

    `cont_sequence` is 0 for the first character of the seed, which makes the LSTM forget, and 1 from then on: its state
    is all that it knows of the text before.
    """
    rng = np.random.default_rng(random_seed)
    net.blobs["cont_sequence"].data[...] = 0
    for symbol in seed[:-1]:
        feed(net, symbols.index(symbol))
    number = symbols.index(seed[-1])
    for _ in range(length):
        number = choose(feed(net, number), temperature, rng)
        yield symbols[number]


def feed(net: cafflite.Net, number: int) -> np.ndarray:
    """One character into the net; the probability of each symbol to come next, (symbols,)."""
    net.blobs["input_sequence"].data[...] = number
    probabilities = net.forward()["probs"][0, 0]
    net.blobs["cont_sequence"].data[...] = 1
    return probabilities


def choose(probabilities: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    """The likeliest symbol at temperature 0, else one drawn by probability ** (1 / temperature)."""
    if temperature <= 0:
        return int(probabilities.argmax())
    weights = (probabilities.astype(np.float64) / probabilities.max()) ** (1 / temperature)
    return int(rng.choice(len(weights), p=weights / weights.sum()))


if __name__ == "__main__":
    try:
        main()
    except cafflite.CaffliteError as error:
        sys.exit(str(error))
