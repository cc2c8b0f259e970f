"""How much of a training iteration of models/text_gen is spent in its HDF5Data layer.

    python tests/benchmarks/hdf5_data.py [iterations]

Prints the median time of an iteration, that of the layer, which feeds batches of 50 x 250 float32, and its share.
"""

import sys
import time
from statistics import median

from ours import text_gen_solver


def main(iterations: int) -> None:
    solver = text_gen_solver()
    solver.step(3)
    begun = [0.0]
    of_layer: list[float] = []
    solver.net.before_forward(lambda index: begun.__setitem__(0, time.perf_counter()))
    solver.net.after_forward(lambda index: of_layer.append(time.perf_counter() - begun[0]) if index == 0 else None)
    of_iteration = []
    for _ in range(iterations):
        start = time.perf_counter()
        solver.step(1)
        of_iteration.append(time.perf_counter() - start)
    print(f"an iteration takes {1000 * median(of_iteration):.1f} ms, HDF5Data {1000 * median(of_layer):.3f} ms of it")
    print(f"its share is {100 * median(of_layer) / median(of_iteration):.3f} %, at worst "
          f"{100 * max(of_layer) / median(of_iteration):.3f} %")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
