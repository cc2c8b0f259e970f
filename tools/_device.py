"""The device that a command runs on."""

from typing import Any

from cafflite import backend, log
from cafflite.errors import BackendError, UsageError
from cafflite.proto.caffe_pb2 import SolverParameter


def choose(gpu: str, solver: Any = None) -> None:
    """Run on the GPU that the flag --gpu names; without it, on the one of the solver's file, where that wants one.

    A file says what its author had, and a flag what the user wants: so a missing GPU is an error only for the flag.
    """
    if gpu:
        first, *others = gpu.replace("all", "0").split(",")
        if not first.isdecimal():
            raise UsageError(f"--gpu is '{gpu}', expected the number of a GPU")
        if others:
            log.warning(f"one GPU is used, {first}: several would multiply the batch size, which is not done here")
        backend.set_device(int(first))
        backend.set_mode_gpu()
    elif solver and solver.HasField("solver_mode") and solver.solver_mode == SolverParameter.GPU:
        backend.set_device(solver.device_id)
        try:
            backend.set_mode_gpu()
        except BackendError as error:
            log.warning(f"the solver's file asks for a GPU, and the CPU is used: {error}")
