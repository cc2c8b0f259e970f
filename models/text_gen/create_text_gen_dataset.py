"""Make the data set of text_gen from a text: run it in the folder to work in.

It writes text_gen.h5 and its list text_gen.txt, dictionary.json, and copies of train.prototxt and deploy.prototxt
whose layers have as many symbols as the text.

    mkdir demo && cd demo
    python ../models/text_gen/create_text_gen_dataset.py --text book.txt --layers 2
"""

import argparse
import json
from pathlib import Path
from pydoc_data.topics import topics

import h5py
import numpy as np

from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import NetParameter

MODEL = Path(__file__).resolve().parent


def main() -> None:
    arguments = parse_arguments()
    used = arguments.streams * arguments.length + 1
    text = read_text(arguments.text)[:used]
    if len(text) < used:
        raise SystemExit(
            f"the text has {len(text)} characters, and {arguments.streams} streams of {arguments.length} need {used}: "
            "take a longer text, or fewer --streams"
        )
    dictionary = number_symbols(text)
    with h5py.File("text_gen.h5", "w") as file:
        for name, rows in cut_into_streams(text, dictionary, arguments.streams).items():
            file[name] = rows
    Path("text_gen.txt").write_text("text_gen.h5\n")
    Path("dictionary.json").write_text(json.dumps(dictionary, indent=1) + "\n")
    for name in ("train.prototxt", "deploy.prototxt"):
        Path(name).write_text(fit_net(MODEL / name, len(dictionary), arguments.layers))
    print(f"{arguments.streams} streams of {arguments.length} characters, {len(dictionary)} symbols")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the data set of text_gen in the current folder.")
    parser.add_argument("--text", type=Path, help="a UTF-8 text file (default: Python's own language reference)")
    parser.add_argument("--streams", type=int, default=250, help="parts of the text that are read side by side (250)")
    parser.add_argument("--length", type=int, default=200, help="characters in each (200), a multiple of the batch's T")
    parser.add_argument("--layers", type=int, default=1, help="LSTM layers, one on top of the other (1)")
    return parser.parse_args()


def read_text(path: Path | None) -> str:
    """The lower-cased text of a file; without one, the language reference that every CPython carries."""
    if path is None:
        return "\n".join(topics[name] for name in sorted(topics)).lower()
    try:
        return path.read_text(encoding="utf-8").lower()
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SystemExit(f"{path}: not UTF-8 at byte {error.start}: convert it first") from None


def number_symbols(text: str) -> dict[str, int]:
    """The dictionary: every character of the text, in sorted order, with its number from 0."""
    return {symbol: number for number, symbol in enumerate(sorted(set(text)))}


def cut_into_streams(text: str, dictionary: dict[str, int], streams: int) -> dict[str, np.ndarray]:
    """The three data sets, each (length, streams): column n reads the text from character n x length on.

    A row is one time step of all streams, so that T rows in a row make a batch, and the next T rows go on where it
    ended. `cont_sequence` is 0 in row 0 alone: the state is forgotten there, also when the data starts over.
    """
    numbers = np.array([dictionary[symbol] for symbol in text], dtype=np.float32)
    rows = {
        "input_sequence": numbers[:-1].reshape(streams, -1).T,
        "target_sequence": numbers[1:].reshape(streams, -1).T,
    }
    rows["cont_sequence"] = np.ones_like(rows["input_sequence"])
    rows["cont_sequence"][0] = 0
    return rows


def fit_net(path: Path, symbols: int, layers: int) -> str:
    """The text of the net at `path`, reading and predicting that many symbols, with `layers` LSTMs in place of one.

    The last one keeps its name and top, `lstm`; those below it are `lstm1`, `lstm2`, ...
    """
    net = prototxt.load_net(path)
    fitted = NetParameter(name=net.name)
    for layer in net.layer:
        if layer.type == "Embed":
            layer.embed_param.input_dim = symbols
        if layer.type == "InnerProduct":
            layer.inner_product_param.num_output = symbols
        if layer.type == "LSTM":
            for number in range(1, layers):
                below = fitted.layer.add()
                below.CopyFrom(layer)
                below.name = below.top[0] = layer.bottom[0] = f"lstm{number}"
        fitted.layer.add().CopyFrom(layer)
    return prototxt.dump(fitted)


if __name__ == "__main__":
    main()
