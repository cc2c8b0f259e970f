"""How the time of a training iteration of models/text_gen grows with its time steps T, streams N and units H.

    python tests/benchmarks/growth.py                      # all three
    python tests/benchmarks/growth.py T H --rounds 5

The work is proportional to T, to N and, where H outweighs all else, to H squared. Each line compares a size with the
first of its kind: a ratio of 1 is growth as the work's. The sizes take turns.
"""

import argparse
from functools import partial

import ours
from turns import take_turns

SWEEPS = {  # letter: (argument, its sizes, power of the work, the other arguments)
    "T": ("steps", (25, 50, 100, 200), 1, {}),
    "N": ("streams", (125, 250, 500, 1000), 1, {}),
    "H": ("units", (512, 1024, 2048, 4096), 2, {"steps": 5}),
}


def main() -> None:
    arguments = parse_arguments()
    print(f"{'':10}{'ms':>10}{'times':>8}{'the work':>10}{'ratio':>8}")
    for letter in arguments.letters or SWEEPS:
        argument, sizes, power, others = SWEEPS[letter]
        ways = {str(size): partial(ours.characters, **{argument: size}, **others) for size in sizes}
        timings = take_turns(ways, arguments.rounds)
        for size in sizes:
            timing, work = timings[str(size)], (size / sizes[0]) ** power
            times = timing.over(timings[str(sizes[0])])
            figures = f"{timing.milliseconds:10.1f}{times:8.2f}{work:10.0f}{times / work:8.2f}"
            print(f"{letter} = {size:<6}{figures}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time training iterations of growing sizes.")
    parser.add_argument("letters", nargs="*", help="some of T, N and H (all)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (7)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
