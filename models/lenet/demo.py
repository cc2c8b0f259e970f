"""The whole example in one go: images, databases, training, pictures. Every command is printed before it runs."""

import argparse
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from cafflite.proto import prototxt

MODEL = Path(__file__).resolve().parent


def main() -> None:
    arguments = parse_arguments()
    folder = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the command that runs: training snapshots and stops

    def run(*command: str | Path, log: str = "") -> None:
        print("\n$", shlex.join(str(word) for word in command) + (f" 2>&1 | tee {log}" if log else ""), flush=True)
        module = ["-m", "cafflite.tools.main"] if command[0] == "cafflite" else []
        words = [sys.executable, *module, *command[1:]]
        status = tee(words, folder, folder / log) if log else subprocess.run(words, cwd=folder).returncode
        if status:
            raise SystemExit(status)

    run("python", MODEL / "create_digits.py")
    for part in ("train", "test"):
        shutil.rmtree(folder / f"{part}_lmdb", ignore_errors=True)
        run("cafflite", "convert_imageset", "--gray", "digits/", f"{part}.txt", f"{part}_lmdb")
    for name in ("train_test.prototxt", "deploy.prototxt"):
        shutil.copy(MODEL / name, folder)
    solver = prototxt.load_solver(MODEL / "solver.prototxt")
    solver.max_iter, solver.random_seed = arguments.iterations, arguments.seed
    (folder / "solver.prototxt").write_text(prototxt.dump(solver))
    run("cafflite", "train", "--solver=solver.prototxt", log="train.log")
    run("cafflite", "plot", "train.log", "--output=learning_curve.png")
    weights = max(folder.glob("*.caffemodel"), key=lambda path: path.stat().st_mtime).name
    run("python", MODEL / "show_misread.py", "--weights", weights)


def tee(words: list[str | Path], folder: Path, log: Path) -> int:
    """Run a command in `folder`, show its messages and write them to a file; returns its exit status."""
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True) as process, open(log, "w") as file:
        for line in process.stderr or ():
            print(line, end="", file=sys.stderr)
            file.write(line)
    return process.returncode


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train LeNet on 4,000 handwritten digits and show what it misreads.")
    parser.add_argument("--iterations", type=int, default=1000, help="training iterations (1000)")
    parser.add_argument("--seed", type=int, default=1, help="random_seed of the solver (1)")
    parser.add_argument("--output", type=Path, default=Path("demo_lenet"), help="folder for all it writes (demo_lenet)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
