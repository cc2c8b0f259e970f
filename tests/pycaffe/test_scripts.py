"""Scripts as people write them for Caffe, unchanged, through `cafflite run`.

Each in scripts/ stands for a kind of public script; none is one of them. A script checks with `assert` what it
computes, and the last line that it prints is compared.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cafflite

SOURCES = Path(cafflite.__file__).parents[1]
SCRIPTS = {  # with their arguments, and what they print last
    "classify": ("o.npy --model_def deploy.prototxt --pretrained_model w.caffemodel --center_only", "2 True"),
    "detect": ("", "['0.jpg', '0.jpg', '1.jpg'] True"),
    "draw_net": ("deploy.prototxt net.svg --rankdir TB --phase TEST", "Drawing net to net.svg"),
    "dream": ("", "(1, 4, 6, 6) True"),
    "fcn": ("", "['upscore'] train"),
    "features": ("", "['conv', 'fc', 'prob'] 10 3 6"),
    "lmdb_scores": ("--proto deploy.prototxt --lmdb val_lmdb", "[1, 2, 3, 4, 0, 1]"),
    "notebook_classification": ("", "deploy.prototxt B (5,)"),
    "notebook_fine_tuning": ("", "['acc', 'loss', 'probs']"),
    "notebook_lenet": ("", "61 3"),
    "python_loss": ("", "60 EuclideanLoss"),
    "siamese": ("", "60 0.0"),
    "surgery": ("", "(1, 5, 4, 6)"),
    "train": ("", "200 200 4"),
    "wrapper": ("", "['out/r_iter_2.caffemodel', 'out/r_iter_4.caffemodel'] 3"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_unchanged(tmp_path, name):
    arguments, printed = SCRIPTS[name]
    folder = shutil.copytree(Path(__file__).parent / "scripts", tmp_path / "examples")
    run = subprocess.run(
        [sys.executable, "-m", "cafflite.tools.main", "run", f"{name}.py", *arguments.split()],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(SOURCES)},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == printed
