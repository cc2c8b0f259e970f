"""One update of ten million parameters, against one pass that reads and writes the same arrays.

    python tests/benchmarks/update.py

Prints the median time of each rule and its ratio to the pass. Both use all usable cores.
"""

import inspect
import time
from statistics import median

import numpy as np

from cafflite.backend import current_ops, pool
from cafflite.backend.kernels_math import kernel

COUNT = 10_000_000
ONE = np.float32(1)
RULES = ("sgd", "nesterov", "adagrad", "rmsprop", "adadelta", "adam")


@kernel
def scale(x, factor):
    for i in range(x.size):
        x[i] *= factor


def milliseconds(function) -> float:
    function()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


def main() -> None:
    ops = current_ops()
    rng = np.random.default_rng(0)
    arrays = [np.abs(rng.standard_normal(COUNT, "f")) for _ in range(4)]
    for rule in RULES:
        update = getattr(ops, f"update_{rule}")
        names = list(inspect.signature(update).parameters)
        used = arrays[: names.index("scale")]
        numbers = [0.001] * (len(names) - len(used))

        one_pass = milliseconds(
            lambda used=used: pool.run(lambda s: [scale(x[s], ONE) for x in used], pool.split(COUNT))
        )
        own = milliseconds(lambda update=update, used=used, numbers=numbers: update(*used, *numbers))
        print(f"{rule:9} {own:6.1f} ms, a pass {one_pass:6.1f} ms, ratio {own / one_pass:.2f}")


if __name__ == "__main__":
    main()
