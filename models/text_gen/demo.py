"""The whole example in one go: make the data set, train, write text. Every command is printed before it runs."""

import argparse
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from cafflite.proto import prototxt

MODEL = Path(__file__).resolve().parent
CAFFLITE = Path(sys.executable).with_name("cafflite")
SAMPLES = (("the ", "0"), ("the ", "0.5"), ("when ", "0.8"))  # seed, temperature


def main() -> None:
    arguments = parse_arguments()
    arguments.output.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the command that runs: training snapshots and stops

    def run(*command: str | Path) -> None:
        print("\n$", shlex.join(str(word) for word in command), flush=True)
        if status := subprocess.run(command, cwd=arguments.output).returncode:
            raise SystemExit(status)

    text = ("--text", arguments.text.resolve()) if arguments.text else ()
    run(sys.executable, MODEL / "create_text_gen_dataset.py", "--layers", str(arguments.layers), *text)
    solver = prototxt.load_solver(MODEL / "solver.prototxt")
    solver.max_iter = arguments.iterations
    (arguments.output / "solver.prototxt").write_text(prototxt.dump(solver))
    run(CAFFLITE, "train", "--solver=solver.prototxt")
    weights = max(arguments.output.glob("*.caffemodel"), key=lambda path: path.stat().st_mtime).name
    for seed, temperature in SAMPLES:
        options = ("--weights", weights, "--seed", seed, "--temperature", temperature)
        run(sys.executable, MODEL / "generate_text.py", *options)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a character LSTM on a text and let it write.")
    parser.add_argument("--text", type=Path, help="a UTF-8 text file (default: Python's own language reference)")
    parser.add_argument("--iterations", type=int, default=500, help="training iterations (500; the long run is 6000)")
    parser.add_argument("--layers", type=int, default=1, help="LSTM layers, one on top of the other (1)")
    parser.add_argument("--output", type=Path, default=Path("demo"), help="folder for everything it writes (demo)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
