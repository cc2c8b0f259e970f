"""Let a trained character net write: one character for each forward pass of one time step.

    cafflite sample --model=deploy.prototxt --weights=text_gen_iter_6000.caffemodel --dict=dictionary.json \\
        --seed-text="alice " --length=1000 --temperature=0.8

The net has one input beside the sequence indicators of its recurrent layers, the number of a character, and one output,
the probability of each character to come next. The dictionary is a JSON file with the number of every character, as
models/text_gen makes it. A seed text in capitals is taken in lower case where the net knows no capitals. A seed file
can be a whole book: the net reads it, without the characters that it does not know, and goes on from its end.
"""

import json
import os
import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy

from cafflite import log
from cafflite.backend.pool import one_blas_thread
from cafflite.blob import Array
from cafflite.errors import UsageError
from cafflite.files import reason
from cafflite.stateful_rnn import StatefulRNN
from cafflite.tools._flags import Flags
from cafflite.tools._output import write

MOMENT = 0.02  # seconds; shorter than an eye can tell

FLAGS: Flags = {
    "model": ("", "the prototxt of the net, for one time step of one stream"),
    "weights": ("", "its caffemodel"),
    "dict": ("", "the JSON file with the number of every character"),
    "seed_text": ("the ", "text to go on from"),
    "seed_file": ("", "a text file to go on from in its place"),
    "length": (1000, "characters to write"),
    "temperature": (0.8, "0 takes the likeliest character; the higher, the more daring"),
    "random_seed": (-1, "makes the draws repeatable, from 0 on"),
}


def run(flags: SimpleNamespace) -> int:
    for name, what in (("model", "net"), ("weights", "caffemodel"), ("dict", "dictionary")):
        if not getattr(flags, name):
            raise UsageError(f"it needs a {what}: --{name}=FILE")
    if flags.length < 0 or not flags.temperature >= 0:
        raise UsageError(f"--length is {flags.length}, --temperature {flags.temperature:g}, expected 0 or more of both")
    log.quiet = True  # of the layers that the snapshot has and this net does without
    numbers = read_dictionary(flags.dict)
    seed_text = read_seed(flags.seed_file, numbers) if flags.seed_file else known(flags.seed_text, numbers)
    rnn = StatefulRNN(flags.model, flags.weights)
    if not flags.seed_file:
        write(seed_text)
    rng = numpy.random.default_rng(flags.random_seed if flags.random_seed >= 0 else None)
    with one_blas_thread:
        stream(generate(rnn, numbers, seed_text, flags.length, flags.temperature, rng))
    write("\n")
    return 0


def stream(symbols: Iterator[str]) -> None:
    """Write the symbols as they come, those of one moment together."""
    waiting, due = [], 0.0
    try:
        for symbol in symbols:
            waiting.append(symbol)
            now = time.monotonic()
            if now >= due:
                write("".join(waiting), flush=True)
                waiting.clear()
                due = now + MOMENT
    finally:
        write("".join(waiting), flush=True)


def read_dictionary(path: str | os.PathLike) -> dict[str, int]:
    """The number of every character, in the order of the numbers. Raises UsageError."""
    try:
        with open(path, encoding="utf-8") as file:
            numbers = json.load(file)
    except OSError as error:
        raise UsageError(f"{path}: {reason(error)}") from error
    except ValueError as error:
        raise UsageError(f"{path}: not a JSON file in UTF-8: {error}") from error
    if not isinstance(numbers, dict) or sorted(numbers.values(), key=str) != sorted(range(len(numbers)), key=str):
        raise UsageError(f"{path}: expected the number of every character, from 0 on, as in {{'a': 0, 'b': 1}}")
    if words := [symbol for symbol in numbers if len(symbol) != 1]:
        raise UsageError(f"{path}: expected single characters, found {words[0]!r}")
    return dict(sorted(numbers.items(), key=lambda item: item[1]))


def read_seed(path: str | os.PathLike, numbers: dict[str, int]) -> str:
    """What the net knows of the text in a file. Raises UsageError."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise UsageError(f"{path}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}: convert it first") from None
    return known("".join(symbol for symbol in text if {symbol, symbol.lower()} & numbers.keys()), numbers)


def known(text: str, numbers: dict[str, int]) -> str:
    """The text in characters that the net knows. Raises UsageError."""
    text = "".join(symbol if symbol in numbers else symbol.lower() for symbol in text)
    if unknown := sorted(set(text) - numbers.keys()):
        raise UsageError(f"the net does not know {unknown}: a seed is made of {''.join(numbers)!r}")
    if not text:
        raise UsageError(f"the seed text is empty, expected one character or more of {''.join(numbers)!r}")
    return text


def generate(
    rnn: StatefulRNN,
    numbers: dict[str, int],
    seed_text: str,
    length: int,
    temperature: float,
    rng: numpy.random.Generator,
) -> Iterator[str]:
    """The characters that follow the seed text; the state of the net is all that it knows of the text before.

    Raises UsageError where the net is not one that takes a character and gives probabilities for the next one.
    """
    if len(rnn.data) != 1 or len(rnn.net.outputs) != 1:
        raise UsageError(
            f"the net takes {sorted(rnn.data)} at each step and gives {rnn.net.outputs}, expected the number of a "
            "character, and the probabilities of the next one"
        )
    (taken,), (given,) = rnn.data, rnn.net.outputs
    count = rnn.net.blobs[given].count
    if rnn.net.blobs[taken].count != 1 or count != len(numbers):
        raise UsageError(
            f"the net gives {count} values for {rnn.net.blobs[taken].count} characters at a step, expected "
            f"{len(numbers)}, one for each character of the dictionary, for 1"
        )
    symbols = list(numbers)
    rnn.reset()
    for symbol in seed_text[:-1]:
        rnn.step(**{taken: numbers[symbol]})
    number = numbers[seed_text[-1]]
    for _ in range(length):
        number = choose(rnn.step(**{taken: number})[given].reshape(-1), temperature, rng)
        yield symbols[number]


def choose(probabilities: Array, temperature: float, rng: numpy.random.Generator) -> int:
    """The likeliest symbol at temperature 0, else one drawn by probability ** (1 / temperature)."""
    if temperature == 0:
        return int(probabilities.argmax())
    bounds = numpy.add.accumulate((probabilities / probabilities.max()) ** (1 / temperature))
    return int(bounds.searchsorted((1 - rng.random()) * bounds[-1]))  # above 0, so that no weight of 0 is drawn
