"""Train a net, or finetune one.

    cafflite train --solver=models/text_gen/solver.prototxt
    cafflite train --solver=solver.prototxt --snapshot=snap_iter_2000.solverstate
    cafflite train --solver=solver.prototxt --weights=pretrained.caffemodel

Ctrl-C (SIGINT) and SIGTERM end the training after the current iteration, with a snapshot; SIGHUP writes a snapshot and
goes on. The exit status is 0 when the training is done or was ended so, 1 after an error, which is one line on stderr,
and 130 when Ctrl-C came before the training began.
"""

from types import SimpleNamespace

from cafflite import log
from cafflite.errors import UsageError
from cafflite.solvers import make_solver, nets, signals
from cafflite.tools import _device, _progress
from cafflite.tools._flags import Flags

FLAGS: Flags = {
    "solver": ("", "the prototxt of the solver"),
    "snapshot": ("", "the solverstate to resume from"),
    "weights": ("", "the caffemodels to start from, with commas between"),
    "gpu": ("", "the number of the GPU to train on; without it the solver's solver_mode counts"),
    "stage": ("", "stages of the training net, with commas between"),
    "level": (0, "level of the training net"),
    "phase": ("", "accepted without effect"),
    "sigint_effect": ("stop", "what SIGINT does: stop, snapshot or none"),
    "sighup_effect": ("snapshot", "what SIGHUP does: stop, snapshot or none"),
    "nan_guard": (False, "stop when the loss is not finite, and say where that began"),
}


def run(flags: SimpleNamespace) -> int:
    if not flags.solver:
        raise UsageError("it needs a solver: --solver=FILE")
    if flags.snapshot and flags.weights:
        raise UsageError("give --snapshot to resume or --weights to finetune, not both")
    for name in ("sigint_effect", "sighup_effect"):
        if getattr(flags, name) not in signals.ACTIONS:
            raise UsageError(f"--{name} is '{getattr(flags, name)}', expected one of {', '.join(signals.ACTIONS)}")
    param = nets.read_solver(flags.solver)
    param.train_state.level = flags.level  # also without the flag: Caffe's default of 0 goes over the files' levels
    param.train_state.stage.extend(stage for stage in flags.stage.split(",") if stage)
    if flags.snapshot or flags.weights:
        param.ClearField("weights")
    if flags.weights:
        param.weights.append(flags.weights)
    _device.choose(flags.gpu, param)
    with signals.actions(flags.sigint_effect, flags.sighup_effect) as requested_action:
        solver = make_solver(param, flags.solver)
        solver.requested_action = requested_action
        solver.nan_guard = flags.nan_guard
        if flags.snapshot:
            log.info(f"Resuming from {flags.snapshot}")
            solver.restore(flags.snapshot)
        log.info("Starting Optimization")
        _progress.watch(solver)
        try:
            solver.solve()
        finally:
            log.footer("")
    log.info("Optimization Done.")
    return 0
