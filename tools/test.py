"""Score a net: the mean of its outputs over a number of batches.

    cafflite test --model=train_val.prototxt --weights=snap_iter_2000.caffemodel --iterations=100
    cafflite test --quiet --model=train_val.prototxt --weights=snap_iter_2000.caffemodel | grep accuracy

The scores are messages on stderr, as Caffe's are; with --quiet the means stand on stdout instead.
"""

from types import SimpleNamespace

from cafflite import log
from cafflite.backend.pool import one_blas_thread
from cafflite.blob import Array
from cafflite.errors import UsageError
from cafflite.tools import _model, _results
from cafflite.tools._flags import Flags

FLAGS: Flags = _model.FLAGS


def run(flags: SimpleNamespace) -> int:
    if not flags.weights:
        raise UsageError("it needs weights to score: --weights=FILE")
    net = _model.load(flags, "TEST")
    log.info(f"Running for {flags.iterations} iterations.")
    loss = 0.0
    sums: list[Array] = [0.0] * len(net.outputs)
    with one_blas_thread:
        for batch in range(flags.iterations):
            net.forward()
            loss += float(net.loss())
            for i, name in enumerate(net.outputs):
                values = net.ops.to_host(net.blobs[name].data).reshape(-1)
                for value in values:
                    log.info(f"Batch {batch}, {name} = {value:g}")
                sums[i] = sums[i] + values
    _results.show(f"Loss: {loss / flags.iterations:g}")
    for name, total in zip(net.outputs, sums, strict=True):
        weight = net.loss_weights.get(name, 0.0)
        for mean in total / flags.iterations:
            note = f" (* {weight:g} = {weight * mean:g} loss)" if weight else ""
            _results.show(f"{name} = {mean:g}{note}")
    return 0
