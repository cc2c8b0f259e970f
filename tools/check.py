"""Report all mistakes in the file of a net or a solver, each with its line.

    cafflite check train_val.prototxt
    cafflite check solver.prototxt

Found are unknown fields, layers and files, bottoms that nobody makes, tops and names that are there twice, shapes that
clash, settings that cannot be, and layers that feed nothing. A solver's nets are checked in the states that it gives
them, a net alone in its phases. Each mistake is a line on stdout; the exit status is 1 when there is one. A line with
"note:" tells of what may be meant so.
"""

from types import SimpleNamespace

from cafflite.check import check_file
from cafflite.errors import UsageError
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import NetParameter, Phase, SolverParameter
from cafflite.solvers.check import check_solver
from cafflite.tools import _model
from cafflite.tools._flags import Flags

FLAGS: Flags = {"phase": ("ALL", "the phase of a net to check: TRAIN, TEST or ALL"), **_model.STATE}


def run(flags: SimpleNamespace, file: str) -> int:
    if flags.phase not in ("ALL", *Phase.keys()):
        raise UsageError(f"--phase is '{flags.phase}', expected TRAIN, TEST or ALL")
    if _is_solver(file):
        findings = check_solver(file)
    else:
        phases = [] if flags.phase == "ALL" else [Phase.Value(flags.phase)]
        findings = check_file(file, phases, flags.level, filter(None, flags.stage.split(",")))
    for finding in findings:
        print(finding.text)
    if not findings:
        print(f"{file}: no mistakes found")
    return int(any(not finding.is_note for finding in findings))


def _is_solver(path: str) -> bool:
    """Whether a file has no layers, and is less wrong as a solver than as a net."""
    as_solver, as_net = (prototxt.inspect(path, kind) for kind in (SolverParameter, NetParameter))
    has_layers = as_net.message is not None and (as_net.message.layer or as_net.message.layers)
    return not has_layers and len(as_solver.mistakes) < len(as_net.mistakes)
