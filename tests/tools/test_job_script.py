"""A course's job script, written for Caffe's program, as a shell runs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cafflite

CASE = Path(__file__).parent.parent / "golden/cli/train_no_after"
SCRIPT = """
set -e
caffe() { "$PYTHON" -c 'import sys; from cafflite.tools.main import main; sys.exit(main())' "$@"; }
caffe device_query > device.txt
caffe train -solver solver.prototxt 2>&1 | tee train.log
caffe test -model net.prototxt -weights snap_iter_10.caffemodel -iterations 3 2>&1 | grep accuracy | tail -1 > score.txt
caffe time -model net.prototxt -iterations 2 -phase TEST 2> time.log
caffe parse_log train.log tables
"""


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell, sh")
def test_a_job_script(tmp_path):
    folder = shutil.copytree(CASE, tmp_path / "case")
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(Path(cafflite.__file__).parents[1])}
    run = subprocess.run(["sh", "-c", SCRIPT], cwd=folder, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    text = {
        path.name: path.read_text() for path in (*folder.glob("*.txt"), *folder.glob("*.log"), *folder.glob("tables/*"))
    }
    assert text["device.txt"].startswith("Python ")
    assert "] Optimization Done.\n" in run.stdout
    assert text["score.txt"].partition("] accuracy = ")[2].strip() != ""
    assert "] Average Forward-Backward: " in text["time.log"]
    iterations = [line.partition(",")[0] for line in text["train.log.train"].splitlines()]
    assert iterations == ["NumIters", "0.0", "2.0", "4.0", "6.0", "8.0", "10.0"]
