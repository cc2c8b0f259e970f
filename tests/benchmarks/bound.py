"""A training iteration of models/text_gen beside nothing but the matrix products that it cannot do without.

    python tests/benchmarks/bound.py --rounds 7

The products are those of an LSTM of 256 units for 50 steps of 250 streams: calls of the BLAS, shared among the threads.
"""

import argparse
from collections.abc import Callable

import numpy as np
import ours
from turns import take_turns

from cafflite.backend import current_ops
from cafflite.backend.pool import one_blas_thread

EMBEDDED = 32
T, N, H, G, V = ours.STEPS, ours.STREAMS, ours.UNITS, 4 * ours.UNITS, ours.SYMBOLS
PRODUCTS = (  # how many, and (rows, inner, columns) of each
    (1, (T * N, EMBEDDED, G)),  # the input of all steps
    (T - 1, (N, H, G)),  # the hidden values, step by step
    (1, (T * N, H, V)),  # the scores
    (1, (V, T * N, H)),  # and the gradients: of the scores' weights,
    (1, (T * N, V, H)),  # of the hidden values through the scores
    (T - 1, (N, G, H)),  # and step by step,
    (1, (G, T * N, H)),  # of the LSTM's weights
    (1, (G, T * N, EMBEDDED)),
    (1, (T * N, G, EMBEDDED)),  # and of its input
)


def products() -> Callable[[], object]:
    """All products of an iteration. What has all steps for its inner axis comes transposed, as it lies there."""
    matmul, rng, work = current_ops().matmul, np.random.default_rng(0), []
    for count, (rows, inner, columns) in PRODUCTS:
        left = rng.random((rows, inner), "f") if inner <= G else rng.random((inner, rows), "f").T
        is_forward = columns in (G, V)
        right = rng.random((columns, inner), "f").T if is_forward else rng.random((inner, columns), "f")
        work.append((count, left, right, np.empty((rows, columns), "f")))

    def multiply() -> None:
        with one_blas_thread:
            for count, left, right, out in work:
                for _ in range(count):
                    matmul(left, right, out=out)

    return multiply


def main() -> None:
    parser = argparse.ArgumentParser(description="Time an iteration and the matrix products in it.")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (7)")
    timings = take_turns({"iteration": ours.characters, "products": products}, parser.parse_args().rounds)
    for name, timing in timings.items():
        print(f"{name:10}{timing.milliseconds:10.1f} ms")
    print(f"{'ratio':10}{timings['iteration'].over(timings['products']):10.2f}")


if __name__ == "__main__":
    main()
