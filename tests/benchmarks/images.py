"""JPEGs through ImageData and Data, beside Pillow alone on the same threads, taken in turns in one run.

    python tests/benchmarks/images.py [rounds]

Prints the median rate of each in images per second, the median of the ratios to Pillow round by round, and the median
of the processor's time, over all threads, for an image. The images are 256 x 256, noise with the spectrum of
photographs, of JPEG quality 95; the layers cut 227 x 227 at random, mirror, and subtract a mean in batches of 32.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

import cafflite
from cafflite import log
from cafflite.backend import pool
from cafflite.database import LMDB, new_database
from cafflite.proto.caffe_pb2 import Datum

SIZE, COUNT, BATCH, BATCHES = 256, 256, 32, 12
TRANSFORM = "transform_param { crop_size: 227 mirror: true mean_value: 104 mean_value: 117 mean_value: 123 }"


def photo(rng: np.random.Generator) -> bytes:
    """A JPEG of noise whose amplitude falls with the frequency, more in its lightness than in its colours."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE))) + 1 / SIZE
    planes = np.fft.ifft2(np.fft.fft2(rng.standard_normal((4, SIZE, SIZE))) / frequency**1.2).real
    planes /= planes.std(axis=(1, 2), keepdims=True)
    pixels = 120 + 45 * (planes[:1] + 0.3 * planes[1:])
    content = BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)).save(content, "JPEG", quality=95)
    return content.getvalue()


def pillow(paths: list[Path]):
    def decode(part: list[Path]) -> None:
        for path in part:
            Image.open(path).load()

    def run() -> None:
        count = pool.threads()
        wanted = (paths * (BATCH * BATCHES // len(paths) + 1))[: BATCH * BATCHES]
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(decode, [wanted[i::count] for i in range(count)]))

    return run


def layer(text: str):
    net = cafflite.Net(f'layer {{ name: "d" top: "data" top: "label" {TRANSFORM} {text} }}', cafflite.TRAIN)
    prefetch = net.layers[0].prefetch

    def run() -> None:
        for _ in range(BATCHES):
            net.forward()
        while len(prefetch.work.made) < len(prefetch.batches):  # as many are made in this time as are used
            time.sleep(0.001)

    return run


def main(rounds: int) -> None:
    log.quiet = True
    folder, rng = Path(tempfile.mkdtemp()), np.random.default_rng(0)
    paths = [folder / f"{i}.jpg" for i in range(COUNT)]
    with new_database(folder / "db", LMDB) as put:
        for i, path in enumerate(paths):
            path.write_bytes(photo(rng))
            put(f"{i:08d}", Datum(data=path.read_bytes(), encoded=True, label=i).SerializeToString())
    (folder / "list.txt").write_text("".join(f"{path} {i}\n" for i, path in enumerate(paths)))
    size = sum(path.stat().st_size for path in paths) / COUNT / 1024
    print(f"{COUNT} JPEGs of {size:.0f} KiB on average, {pool.threads()} threads, {rounds} rounds")
    runs = {
        "Pillow": pillow(paths),
        "ImageData": layer(f'type: "ImageData" image_data_param {{ source: "{folder}/list.txt" batch_size: {BATCH} }}'),
        "Data": layer(f'type: "Data" data_param {{ source: "{folder}/db" backend: LMDB batch_size: {BATCH} }}'),
    }
    rates: dict[str, list[float]] = {name: [] for name in runs}
    processor: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            start, processor_start = time.perf_counter(), time.process_time()
            run()
            rates[name].append(BATCH * BATCHES / (time.perf_counter() - start))
            processor[name].append((time.process_time() - processor_start) / (BATCH * BATCHES))
    for name, found in rates.items():
        ratio = median(a / b for a, b in zip(found, rates["Pillow"], strict=True))
        spent = 1e6 * median(processor[name])
        print(f"{name:10} {median(found):7.0f} images/s  {ratio:.2f} of Pillow  {spent:5.0f} us of processor an image")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
