"""Let a trained text_gen net write: `cafflite sample` in the folder that the net was trained in.

    python ../models/text_gen/generate_text.py --weights text_gen_iter_6000.caffemodel --seed "alice " --temperature 0.7
"""

import argparse
import sys
from types import SimpleNamespace

import cafflite
from cafflite.tools import sample


def main() -> None:
    parser = argparse.ArgumentParser(description="Let a trained text_gen net write.")
    parser.add_argument("--weights", required=True, help="a snapshot of the net: text_gen_iter_N.caffemodel")
    parser.add_argument("--seed", dest="seed_text", default="the ", help="text to go on from ('the ')")
    parser.add_argument("--seed-file", default="", help="a text file to go on from in its place")
    parser.add_argument("--length", type=int, default=300, help="characters to write (300)")
    parser.add_argument("--temperature", type=float, default=0, help="0 (the default) takes the likeliest character")
    parser.add_argument("--random-seed", type=int, default=-1, help="makes the draws repeatable")
    arguments = parser.parse_args()
    sample.run(SimpleNamespace(model="deploy.prototxt", dict="dictionary.json", **vars(arguments)))


if __name__ == "__main__":
    try:
        main()
    except cafflite.CaffliteError as error:
        sys.exit(str(error))
