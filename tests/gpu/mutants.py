"""Plants a fault in every kernel of the GPU, one at a time, and says which test finds it. Needs no GPU:

    ../shared/cupy_on_cpu/run python tests/gpu/mutants.py              # all of them
    ../shared/cupy_on_cpu/run python tests/gpu/mutants.py dropout      # those of some kernels

Each runs in a copy of the package, on the emulated device with poisoned memory; those that reach beyond an array, with
the address sanitizer. The tests are those of the section that the kernel stands in: tests/backend/test_cupy_neuron.py
for `// ---- Neuron`. Exits with 1 where a fault goes unseen, or where a kernel has none.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path("cafflite/backend/kernels.cu")


class Mutant(NamedTuple):
    """
    where       a kernel, or a file of cafflite/backend that launches some
    text, fault what stands there once, and what is put in its place
    tests       pytest's -k, to be quick; all tests of the section where it is empty
    sanitized   whether only the address sanitizer can see it
    """

    where: str
    text: str
    fault: str
    tests: str = ""
    sanitized: bool = False


MUTANTS = [
    Mutant("dropout", "i >= count", "i > count", sanitized=True),
    Mutant("dropout", "(unsigned)i ^ first", "(unsigned)(i + 1) ^ first"),
    Mutant("dropout", "bits >= limit", "bits < limit"),
    Mutant("dropout", "* scale", ""),
    Mutant("dropout", "0x31848BABu", "0x31848BADu"),
    Mutant("cupy_neuron.py", "numpy.uint32(limit)", "numpy.float32(limit)"),
]


def sections(source: str) -> dict[str, str]:
    """The section, in lower case, of each kernel."""
    found, section = {}, ""
    for line in source.splitlines():
        if heading := re.match(r"// ---- (\w+)", line):
            section = heading[1].lower()
        if kernel := re.match(r'extern "C" __global__ void (\w+)\(', line):
            found[kernel[1]] = section
    return found


def planted(source: str, mutant: Mutant) -> str:
    """The source with the fault; of a CUDA source, within the kernel."""
    body = source
    if not mutant.where.endswith(".py"):
        body = re.search(rf'^extern "C" __global__ void {mutant.where}\(.*?^}}$', source, re.M | re.S)[0]
    assert body.count(mutant.text) == 1, f"{mutant.where} has {body.count(mutant.text)} times: {mutant.text}"
    return source.replace(body, body.replace(mutant.text, mutant.fault))


def finder(mutant: Mutant) -> str | None:
    """The test that finds the mutant."""
    name = mutant.where if mutant.where.endswith(".py") else SOURCE.name
    section = sections((ROOT / SOURCE).read_text()).get(mutant.where) or mutant.where.removesuffix(".py")[5:]
    options = {"CUPY_ON_CPU_SANITIZE": "address"} if mutant.sanitized else {"CUPY_ON_CPU_POISON": "1"}
    with tempfile.TemporaryDirectory() as folder:
        for part in ("cafflite", "tests"):
            shutil.copytree(ROOT / part, Path(folder, part), ignore=shutil.ignore_patterns("__pycache__", "golden"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        path = Path(folder, SOURCE.parent, name)
        path.write_text(planted(path.read_text(), mutant))
        command = [sys.executable, "-m", "pytest", "-vx", "-m", "gpu", "-k", mutant.tests, "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, f"tests/backend/test_cupy_{section}.py"],
            cwd=folder, env=os.environ | options, capture_output=True, text=True,
        )  # fmt: skip
    ran = re.findall(r"^tests/\S+::(.+?)(?: (PASSED|FAILED|SKIPPED).*| *)$", done.stdout, re.M)
    assert ran and "SKIPPED" not in [result for _, result in ran], f"{mutant}: no test has run\n{done.stdout}"
    return None if done.returncode == 0 else ran[-1][0]


def main(names: list[str]) -> int:
    kernels = sections((ROOT / SOURCE).read_text())
    bare = kernels.keys() - {mutant.where for mutant in MUTANTS}
    chosen = [mutant for mutant in MUTANTS if not names or mutant.where in names]
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, test in zip(chosen, pool.map(finder, chosen), strict=True):
            survivors += test is None
            fault = f"{mutant.text} -> {mutant.fault or 'nothing'}"
            print(f"{mutant.where:24} {fault:60} {test or 'NOT FOUND'}", flush=True)
    print(f"{len(chosen)} faults, {survivors} not found; {len(kernels)} kernels, without a fault: {sorted(bare) or 0}")
    return int(survivors > 0 or bool(bare))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
