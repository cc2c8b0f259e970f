"""Measure how long a net and each of its layers take, forward and backward.

    cafflite time --model=train_val.prototxt --iterations=20
    cafflite time --model=deploy.prototxt --phase=TEST --quiet

The times are messages on stderr, as Caffe's are; with --quiet the averages stand on stdout instead. Behind a layer's
times stand its shares of the sum over all layers, the memory of its tops, and the way in which a convolution is done.
A pass of layers that work in place may be done along with that of another layer, whose time is then theirs, too.
"""

from collections.abc import Callable
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy

from cafflite import log
from cafflite.backend.pool import one_blas_thread
from cafflite.net import Net
from cafflite.summary import memories
from cafflite.tools import _model, _results
from cafflite.tools._flags import Flags

FLAGS: Flags = _model.FLAGS | {"phase": ("TRAIN", "the phase of the net, TRAIN or TEST")}


def run(flags: SimpleNamespace) -> int:
    net = _model.load(flags, flags.phase)
    with net.ops.on_device(), one_blas_thread, numpy.errstate(all="ignore"):
        # What the first passes allocate and compile is not measured.
        log.info("Performing Forward")
        net.forward()
        log.info(f"Initial loss: {float(net.loss()):g}")
        log.info("Performing Backward")
        net.backward()
        log.info("*** Benchmark begins ***")
        log.info(f"Testing for {flags.iterations} iterations.")
        begin = perf_counter()
        sums = numpy.zeros((len(net.layers), 2))
        for iteration in range(flags.iterations):
            times = _measure(net)
            sums += times
            log.info(f"Iteration: {iteration + 1} forward-backward time: {times.sum():g} ms.")
        total = 1000 * (perf_counter() - begin)
    _show_layers(net, sums / flags.iterations)
    forward, backward = sums.sum(axis=0) / flags.iterations
    _results.show(f"Average Forward pass: {forward:g} ms.")
    _results.show(f"Average Backward pass: {backward:g} ms.")
    _results.show(f"Average Forward-Backward: {total / flags.iterations:g} ms.")
    _results.show(f"Total Time: {total:g} ms.")
    log.info("*** Benchmark ends ***")
    return 0


def _measure(net: Net) -> numpy.ndarray:
    """The milliseconds of each layer (layers, 2), forward and backward, in one iteration."""
    times = numpy.zeros((len(net.layers), 2))
    net.clear_param_diffs()
    i = 0
    for step in net.steps_of_a_pass():
        times[i, 0] = _milliseconds(net.ops.xp, step.forward)
        i += len(step.names)
    for each in net.steps_of_a_backward_pass():
        i -= len(each.names)
        if each.need_backward:
            times[i + len(each.names) - 1, 1] = _milliseconds(net.ops.xp, each.backward)
    return times


def _milliseconds(xp: Any, run: Callable[[], None]) -> float:
    begin = perf_counter()
    run()
    if hasattr(xp, "cuda"):
        xp.cuda.get_current_stream().synchronize()
    return 1000 * (perf_counter() - begin)


def _show_layers(net: Net, times: numpy.ndarray) -> None:
    _results.show("Average time per layer: ")
    shares = 100 * times / times.sum()
    along, back_along = (
        {name: step.names[0] for step in steps for name in step.names[1:]}
        for steps in (net.steps_of_a_pass(), net.steps_of_a_backward_pass())
    )
    for i, (layer, memory) in enumerate(zip(net.layers, memories(net), strict=True)):
        notes = [str(memory)] if memory.is_new else []
        if layer.name in along:
            notes.append(f"along with {along[layer.name]}")
        if hasattr(layer, "convolution"):
            notes.append(layer.convolution.algorithm)
        noted = "".join(f", {note}" for note in notes)
        _results.show(f"{layer.name:>10}\tforward: {times[i, 0]:g} ms. ({shares[i, 0]:.1f}%{noted})")
        noted = f", along with {back_along[layer.name]}" if layer.name in back_along else ""
        _results.show(f"{layer.name:>10}\tbackward: {times[i, 1]:g} ms. ({shares[i, 1]:.1f}%{noted})")
