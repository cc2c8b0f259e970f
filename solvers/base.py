"""Solver: the loop that trains a net, and the registry that a solver's `type` is looked up in."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cafflite import backend, host_blob, log, weights
from cafflite.backend import deferred
from cafflite.backend.base import on_its_device
from cafflite.backend.ops_update import Scale
from cafflite.backend.pool import one_blas_thread
from cafflite.blob import Array
from cafflite.errors import SolverError
from cafflite.net import Net, Param
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import SolverParameter
from cafflite.proto.upgrade import upgrade_solver
from cafflite.solvers import lr_policy, nan_guard, nets, regularize, resume, snapshot
from cafflite.step import placed

registry: dict[str, type[Solver]] = {}

Path = str | os.PathLike[str]
Gradient = tuple[Scale, float, float]  # (scale, l1, l2) of the gradient: scale diff + l1 sign(data) + l2 data


def solver(type_name: str) -> Callable[[type[Solver]], type[Solver]]:
    """Register a class under the name that a solver's `type` gives it."""

    def register(cls: type[Solver]) -> type[Solver]:
        if type_name in registry:
            raise ValueError(f"two solvers are called '{type_name}': {registry[type_name]} and {cls}")
        registry[type_name] = cls
        cls.type = type_name
        return cls

    return register


@dataclass
class Run:
    """Parameters that lie side by side and have the same multipliers, as flat arrays.

    data, diff  the parameters and their gradients
    history     what the rule keeps of them, `Solver.history_count` arrays
    """

    data: Array
    diff: Array
    history: list[Array]
    lr_mult: float
    decay_mult: float


class Solver:
    """Trains a net as a SolverParameter says.

    solver_param  the path of a solver prototxt, its text, or its message
    path          the file that the message came from: errors name it, and files are looked for beside it as well

    A subclass is one rule: it says in `history_count` how many numbers it keeps of each parameter, and in `update` what
    becomes of them. Raises SolverError, and what the nets and the files of weights raise.

    Attributes to read: param, net, test_nets, iter, losses (the last `average_loss` ones).
    Attributes to set: nan_guard (stop at a loss that is not finite), requested_action (asked after every iteration and
    before every batch of a test: a function that returns "stop", "snapshot" or "none").
    """

    type = ""
    net_class: Any = Net
    history_count = 1

    def __init__(self, solver_param: Any, path: Path = "") -> None:
        if not isinstance(solver_param, SolverParameter):
            path = "" if prototxt.is_text(solver_param) else solver_param
            solver_param = nets.read_solver(solver_param)
        self.param: Any = upgrade_solver(solver_param)
        self.iter = 0
        self.current_step = 0
        self.losses: deque[Array] = deque()
        self.nan_guard = False
        self.requested_action: Callable[[], str] = lambda: "none"
        self._callbacks: list[tuple[Callable[[], Any], Callable[[], Any]]] = []
        self._stopping = False
        folder = os.path.dirname(path)
        try:
            self.check()
            train_net = nets.train_net(self.param, folder)
            test_nets = nets.test_nets(self.param, folder)
        except SolverError as error:
            raise error.at(os.path.basename(path) or "<solver>") from error
        if self.param.random_seed >= 0:
            backend.set_random_seed(self.param.random_seed)
        self.net: Any = self._make_net(train_net, folder)
        self.test_nets: list[Any] = [self._make_net(net, folder) for net in test_nets]
        self.ops = self.net.ops
        try:
            with self.ops.on_device():
                self.history: list[Array] = [
                    self.ops.xp.zeros_like(self.net.data_buffer) for _ in range(self.history_count)
                ]
        except MemoryError as error:
            raise placed(error, f"the history of {self.type}, {self.history_count} of each parameter") from error
        self._lay_out_runs()
        log.info("Solver scaffolding done.")

    def check(self) -> None:
        """SolverError where the settings cannot be. A rule adds what it asks for itself."""
        lr_policy.check(self.param)
        regularize.check(self.param)
        for name in ("average_loss", "iter_size"):
            if getattr(self.param, name) < 1:
                raise SolverError(f"{name} is {getattr(self.param, name)}, expected 1 or more")
        if self.param.snapshot > 0:
            snapshot.check_writable(self.param.snapshot_prefix)

    def _make_net(self, source: nets.Source, folder: Path) -> Any:
        net = nets.build(self.net_class, source)
        for path in nets.weight_files(self.param, folder):
            log.info(f"Finetuning from {path}")
            resume.check_model(path)
            weights.load(net, path)
        return net

    def _lay_out_runs(self) -> None:
        """Find the parameters that are updated together; one that lies in another net is updated there, on its own."""
        net = self.net
        if net.ops is not self.ops:  # the net has moved to another device
            with net.ops.on_device():
                self.history = [net.ops.xp.asarray(self.ops.to_host(array)) for array in self.history]
            self.ops = net.ops
        self._sharings = net.sharings
        groups: list[list[Param]] = []
        for param in net.learnable:
            last = groups[-1][-1] if groups else None
            if last and not (last.is_shared or param.is_shared) and _multipliers(last) == _multipliers(param):
                groups[-1].append(param)
            else:
                groups.append([param])
        self._runs = []
        for group in groups:
            place = slice(group[0].place.start, group[-1].place.stop)
            data = group[0].blob.data.reshape(-1) if group[0].is_shared else net.data_buffer[place]
            history = [array[place] for array in self.history]
            self._runs.append(Run(data, net.diff_buffer[place], history, *_multipliers(group[0])))

    # What a rule adds

    def update(self, run: Run, gradient: Gradient, rate: float) -> None:
        """Turn run.diff into the update of run.data, subtract it, and bring run.history up to date.

        gradient  what makes the gradient g of run.diff: the scale of clipping and iter_size, and the weight decay
        rate      the learning rate of this run
        """
        raise NotImplementedError

    # Training

    def solve(self, resume_file: Path | None = None) -> None:
        """Train until `max_iter`, from a solverstate if one is given; then write a snapshot and show the scores."""
        log.info(f"Solving {self.net.name}")
        log.info(f"Learning Rate Policy: {self.param.lr_policy}")
        self._stopping = False
        if resume_file is not None:
            log.info(f"Restoring previous solver status from {resume_file}")
            self.restore(resume_file)
        self.step(self.param.max_iter - self.iter)
        is_written = self.param.snapshot and self.iter % self.param.snapshot == 0
        if (self.param.snapshot_after_train or self._stopping) and not is_written:
            self.snapshot()
        if self._stopping:
            log.info("Optimization stopped early.")
            return
        if self._is_due(self.param.display):
            Net.forward(self.net)
            self.losses.append(self.net.loss())
            log.info(f"Iteration {self.iter}, loss = {self.smoothed_loss():g}")
        if self._is_due(self.param.test_interval):
            self.test_all()
        log.info("Optimization Done.")

    def step(self, iterations: int) -> None:
        """Train for a number of iterations, with the tests, snapshots and messages that fall due."""
        self.losses = deque(maxlen=self.param.average_loss)
        stop = self.iter + iterations
        shown_at, shown_iter = time.perf_counter(), self.iter
        self.net.follow_mode()
        self._follow_net()
        with self.ops.on_device(), one_blas_thread:
            while self.iter < stop:
                if self._is_due(self.param.test_interval) and (self.iter > 0 or self.param.test_initialization):
                    self.test_all()
                    if self._stopping:
                        return
                for on_start, _ in self._callbacks:
                    on_start()
                is_shown = self._is_due(self.param.display)
                self.net.debug_info = is_shown and self.param.debug_info
                self.losses.append(self._forward_backward())
                if is_shown:
                    now = time.perf_counter()
                    self._show(self.iter - shown_iter, now - shown_at)
                    shown_at, shown_iter = now, self.iter
                for _, on_gradients_ready in self._callbacks:
                    on_gradients_ready()
                self.apply_update()
                action = self.requested_action()
                if self._is_due(self.param.snapshot) or action == "snapshot":
                    self.snapshot()
                if action == "stop":
                    self._stopping = True
                    return

    def _is_due(self, interval: int) -> bool:
        return interval > 0 and self.iter % interval == 0

    def _forward_backward(self) -> Array:
        """The loss and, in the net's diffs, the gradients of `iter_size` batches: the loss as mean, these as sum."""
        self.net.clear_param_diffs()
        loss: Array = 0.0
        # The passes of `Net` itself: those of pycaffe's nets copy the outputs to the host.
        for _ in range(self.param.iter_size):
            Net.forward(self.net)
            loss += self.net.loss()
            if self.nan_guard:
                nan_guard.check_loss(self.net, loss, self.iter)
            Net.backward(self.net)
        return loss / self.param.iter_size

    def apply_update(self) -> None:
        """Update the parameters from the gradients in the net's diffs, and count the iteration."""
        host_blob.flush()
        self._follow_net()
        rate = self.learning_rate()
        if self._is_due(self.param.display):
            log.info(f"Iteration {self.iter}, lr = {rate:g}")
        with self.ops.on_device():
            scale = self._clip() / self.param.iter_size
            for run in self._runs:
                decay = regularize.decay(self.param, run.decay_mult)
                self.update(run, (scale, *decay), rate * run.lr_mult)
        self.iter += 1

    def _follow_net(self) -> None:
        """Go where the net, or some of its parameters, have gone."""
        if self._sharings != self.net.sharings:
            self._lay_out_runs()

    def learning_rate(self) -> float:
        """The rate of the current iteration, before the multipliers of the parameters."""
        self.current_step = lr_policy.next_step(self.param, self.iter, self.current_step)
        return lr_policy.learning_rate(self.param, self.iter, self.current_step)

    @property
    def lr(self) -> float:
        """The learning rate of the current iteration, as pycaffe calls it."""
        return self.learning_rate()

    def _clip(self) -> Scale:
        """What brings the gradients' L2 norm, over all parameters, down to `clip_gradients`.

        On a GPU it stays there, and that it scales is told in the iterations that are displayed.
        """
        most = self.param.clip_gradients
        if most < 0:
            return 1.0
        norm, scale = self.ops.clipping(self.net.diff_buffer, most)
        if (isinstance(norm, float) or self._is_due(self.param.display)) and norm > most:
            log.info(
                f"Gradient clipping: scaling down gradients (L2 norm {float(norm):g} > {most:g}) by scale factor "
                f"{float(scale):g}"
            )
        return scale

    @on_its_device
    def smoothed_loss(self) -> float:
        """The mean of the losses of the last `average_loss` iterations of this `step`."""
        deferred.look()
        return float(sum(self.losses)) / len(self.losses) if self.losses else 0.0

    def _show(self, iterations: int, seconds: float) -> None:
        log.info(
            f"Iteration {self.iter} ({iterations / seconds:g} iter/s, {seconds:g}s/{self.param.display} iters), "
            f"loss = {self.smoothed_loss():g}"
        )
        _show_outputs("Train", self.net, [blob.data for blob in self.net.output_blobs])

    def add_callback(self, on_start: Callable[[], Any], on_gradients_ready: Callable[[], Any]) -> None:
        """Call these in every iteration: before its forward pass, and between its backward pass and its update."""
        self._callbacks.append((on_start, on_gradients_ready))

    def share_weights(self, net: Net) -> None:
        """Let `net` use the parameters of the net that is trained, where layers have the same names."""
        net.share_trained_layers_with(self.net)

    # Testing

    @on_its_device
    def test_all(self) -> None:
        """Run every test net over its `test_iter` batches, with the current parameters, and show the mean outputs."""
        for index in range(len(self.test_nets)):
            self._test(index)
            if self._stopping:
                return

    def _test(self, index: int) -> None:
        log.info(f"Iteration {self.iter}, Testing net (#{index})")
        net, batches = self.test_nets[index], self.param.test_iter[index]
        net.share_trained_layers_with(self.net)
        net.debug_info = self.param.debug_info
        loss, sums = 0.0, [0.0] * len(net.outputs)
        for _ in range(batches):
            action = self.requested_action()
            if action == "snapshot":
                self.snapshot()
            elif action == "stop":
                self._stopping = True
                log.info("Test interrupted.")
                return
            Net.forward(net)
            loss += net.loss()
            sums = [total + blob.data for total, blob in zip(sums, net.output_blobs, strict=True)]
        if batches < 1:
            return
        deferred.look()
        if self.param.test_compute_loss:
            log.info(f"Test loss: {float(loss) / batches:g}")
        _show_outputs("Test", net, [total / batches for total in sums])

    # Snapshots

    @on_its_device
    def snapshot(self) -> None:
        """Write the weights, the solver's state, and what an exact resume needs beyond these."""
        deferred.look()
        host_blob.flush()
        if self.nan_guard:
            nan_guard.check_params(self.net, self.iter)
        snapshot.write(self)

    @on_its_device
    def restore(self, path: Path) -> None:
        """Go on from a solverstate, binary or HDF5, of Caffe or of this library. Raises WeightsError."""
        snapshot.restore(self, path)

    def history_blobs(self) -> list[Array]:
        """The history as blobs of the parameters' shapes, in the order of a solverstate."""
        return [
            history[param.place].reshape(param.blob.shape) for history in self.history for param in self.net.learnable
        ]


def _multipliers(param: Param) -> tuple[float, float]:
    return param.lr_mult, param.decay_mult


def _show_outputs(kind: str, net: Any, arrays: list[Array]) -> None:
    number = 0
    for name, array in zip(net.outputs, arrays, strict=True):
        weight = net.loss_weights.get(name, 0.0)
        for value in net.ops.to_host(array.reshape(-1)):
            note = f" (* {weight:g} = {weight * float(value):g} loss)" if weight else ""
            log.info(f"    {kind} net output #{number}: {name} = {float(value):g}{note}")
            number += 1
