"""One case or more of every layer type, for the tests that all layers have to pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import cafflite
from cafflite import TEST, TRAIN

GOLDEN = Path(__file__).parent / "golden"
IMAGES = f"{GOLDEN}/ImageData/color/"
Bottoms = list[np.ndarray | tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """A layer, and bottoms for a batch of any size.

    text            what its LayerParameter says beside the type
    bottoms         from the size of a batch to the bottoms, arrays or shapes to fill at random
    gradient        whether it has one to check
    propagate_down  the bottoms that have a gradient, where it takes a net to know
    takes_nothing   whether it takes a batch of size 0; if not, it refuses it
    prepare         what a program does with the layer before it runs
    """

    text: str
    bottoms: Callable[[int], Bottoms] = lambda n: []
    phase: int = TRAIN
    tops: int | None = None
    gradient: bool = True
    propagate_down: Sequence[bool] | None = None
    takes_nothing: bool = True
    prepare: Callable[[Any], None] = lambda layer: None


class Halved(cafflite.Layer):
    """A user's layer."""

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data / 2

    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff / 2


def uniform(*shape: int) -> np.ndarray:
    """Values from 0.1 to 1."""
    return np.random.default_rng(7).uniform(0.1, 1, shape)


def indices(count: int, *shape: int) -> np.ndarray:
    """Whole numbers from 0 to count - 1, each in turn."""
    return np.arange(np.prod(shape, dtype=int)).reshape(shape) % count


def bits(*shape: int) -> np.ndarray:
    """1 and 0 by turns."""
    return 1.0 - indices(2, *shape)


def values(*shape: int) -> Callable[[int], Bottoms]:
    """One bottom of a batch of random values, each of the given shape."""
    return lambda n: [(n, *shape)]


def sequence(n: int) -> Bottoms:
    """Four steps of n streams, and where they begin: all at the first, every other at the third."""
    cont = np.ones((4, n))
    cont[0] = 0
    cont[2, ::2] = 0
    return [(4, n, 3), cont]


UNIFORM = 'weight_filler { type: "uniform" min: -1 max: 1 }'

CASES: dict[str, list[Case]] = {
    "AbsVal": [Case("", values(3, 2))],
    "Accuracy": [Case("", lambda n: [(n, 4), indices(4, n)], tops=2, gradient=False)],
    "ArgMax": [Case("argmax_param { top_k: 2 out_max_val: true }", values(5), gradient=False)],
    "BatchNorm": [
        Case("", values(3, 2), takes_nothing=False),
        Case("", values(3, 2), TEST),
    ],
    "BatchReindex": [Case("", lambda n: [(n, 3), indices(max(1, n), 2 * n)])],
    "Bias": [Case("", values(3, 2)), Case("", lambda n: [(n, 3, 2), (3,)])],
    "BNLL": [Case("", values(3, 2))],
    "Clip": [Case("clip_param { min: -0.5 max: 0.6 }", values(3, 2))],
    "Concat": [Case("", lambda n: [(n, 2, 3), (n, 1, 3)])],
    "ContrastiveLoss": [
        Case("contrastive_loss_param { margin: 4 legacy_version: true }", lambda n: [(n, 3), (n, 3), bits(n)])
    ],
    "Convolution": [
        Case(
            f"convolution_param {{ num_output: 4 group: 2 kernel_size: 3 pad: 1 stride: 2 {UNIFORM} }}", values(2, 5, 4)
        ),
        Case(f"convolution_param {{ num_output: 3 kernel_size: 1 bias_term: false {UNIFORM} }}", values(2, 3, 3)),
        Case(f"convolution_param {{ num_output: 2 kernel_size: 2 dilation: 2 {UNIFORM} }}", values(2, 3, 4, 3)),
    ],
    "Crop": [Case("crop_param { axis: 2 offset: 1 }", lambda n: [(n, 2, 4, 3), (n, 2, 2, 2)])],
    "CTCGreedyDecoder": [
        Case("", lambda n: [(5, n, 4)], gradient=False),
        Case("", lambda n: [(5, n, 4), 1 + indices(4, n), indices(3, 2, n)], tops=3, gradient=False),
    ],
    "CTCLoss": [
        Case("", lambda n: [(5, n, 4), 3 + indices(3, n), indices(4, 3, n) - 1]),
        Case("ctc_loss_param { blank_index: 0 }", lambda n: [(5, n, 4), np.ones((5, n)), 1 + indices(3, 2, n)]),
    ],
    "Data": [
        Case(
            "transform_param { mirror: true crop_size: 3 } "
            f'data_param {{ source: "{GOLDEN}/Data/plain/db" backend: LMDB batch_size: 3 }}',
            tops=2,
            gradient=False,
        )
    ],
    "Deconvolution": [
        Case(
            f"convolution_param {{ num_output: 4 group: 2 kernel_size: 3 pad: 1 stride: 2 {UNIFORM} }}", values(2, 3, 2)
        )
    ],
    "Dropout": [Case("", values(3, 2)), Case("", values(3, 2), TEST)],
    "DummyData": [Case('dummy_data_param { shape { dim: 2 dim: 3 } data_filler { type: "gaussian" } }')],
    "ELU": [Case("elu_param { alpha: 0.5 }", values(3, 2))],
    "Eltwise": [
        Case(f"eltwise_param {{ {text} }}", lambda n: [(n, 3), (n, 3), (n, 3)])
        for text in ("operation: PROD", "operation: MAX", "coeff: 1 coeff: -2 coeff: 0.5")
    ],
    "Embed": [Case(f"embed_param {{ input_dim: 5 num_output: 3 {UNIFORM} }}", lambda n: [indices(5, n, 2)])],
    "EuclideanLoss": [Case("", lambda n: [(n, 3, 2), (n, 3, 2)])],
    "Exp": [Case("exp_param { base: 2 scale: 0.5 shift: 0.1 }", values(3, 2))],
    "Filter": [Case("", lambda n: [(n, 3), bits(n)], propagate_down=[True, False])],
    "Flatten": [Case("", values(3, 2))],
    "GRU": [
        Case(f"recurrent_param {{ num_output: 2 {UNIFORM} }}", sequence),
        Case(f"recurrent_param {{ num_output: 2 reverse: true {UNIFORM} }}", lambda n: [*sequence(n), (n, 2)]),
    ],
    "HDF5Data": [
        Case(
            'top: "data" top: "label" hdf5_data_param '
            f'{{ source: "{GOLDEN}/HDF5Data/one_file_wrap/list.txt" batch_size: 3 shuffle: true }}',
            tops=2,
            gradient=False,
        )
    ],
    "HDF5Output": [Case('hdf5_output_param { file_name: "out.h5" }', lambda n: [(n, 2), (n, 1)], gradient=False)],
    "HardTanh": [Case("hard_tanh_param { min: -0.5 }", values(3, 2))],
    "HingeLoss": [Case("hinge_loss_param { norm: L2 }", lambda n: [(n, 4), indices(4, n)])],
    "Im2col": [Case("convolution_param { kernel_size: 2 pad: 1 stride: 2 }", values(2, 4, 3))],
    "ImageData": [
        Case(
            "transform_param { mirror: true crop_size: 5 mean_value: 100 } image_data_param "
            f'{{ source: "{IMAGES}list.txt" root_folder: "{IMAGES}" batch_size: 2 shuffle: true {resized} }}',
            gradient=False,
        )
        for resized in ("", "new_height: 9 new_width: 8 is_color: false")
    ],
    "InfogainLoss": [Case("", lambda n: [(n, 4, 2), indices(4, n, 2), uniform(4, 4)])],
    "InnerProduct": [Case(f"inner_product_param {{ num_output: 4 {UNIFORM} }}", values(3, 2))],
    "Input": [Case("input_param { shape { dim: 2 dim: 3 } }", gradient=False)],
    "LRN": [
        Case("lrn_param { local_size: 3 alpha: 0.5 }", values(5, 2, 3)),
        Case("lrn_param { local_size: 3 alpha: 0.5 norm_region: WITHIN_CHANNEL }", values(2, 4, 3)),
    ],
    "LSTM": [
        Case(f"recurrent_param {{ num_output: 2 {UNIFORM} }}", sequence),
        Case(f"recurrent_param {{ num_output: 2 {UNIFORM} }}", lambda n: [*sequence(n), (n, 2)]),
        Case(f"recurrent_param {{ num_output: 2 peephole: true {UNIFORM} }}", sequence),
        Case(
            f"recurrent_param {{ num_output: 2 lengths: true reverse: true {UNIFORM} }}",
            lambda n: [*sequence(n), indices(5, n)],
        ),
    ],
    "LSTMUnit": [Case("", lambda n: [(1, n, 2), (1, n, 8), bits(1, n)])],
    "Log": [Case("log_param { base: 2 scale: 0.5 shift: 0.1 }", lambda n: [uniform(n, 3, 2)])],
    "Lstm": [Case(f"lstm_param {{ num_output: 2 batch_size: 1 {UNIFORM} }}", values(3), takes_nothing=False)],
    "MVN": [Case("", values(2, 3, 2))],
    "MemoryData": [
        Case(
            "memory_data_param { batch_size: 2 channels: 1 height: 2 width: 3 }",
            gradient=False,
            prepare=lambda layer: layer.reset(uniform(6, 1, 2, 3), np.arange(6)),
        )
    ],
    "MultinomialLogisticLoss": [Case("", lambda n: [uniform(n, 4), indices(4, n)])],
    "NormStabilizerLoss": [
        Case("", lambda n: [(4, n, 3, 2)]),
        Case("", sequence),
    ],
    "PReLU": [Case("", values(3, 2))],
    "Parameter": [Case("parameter_param { shape { dim: 2 dim: 3 } }")],
    "Permute": [Case("permute_param { order: 0 order: 2 order: 1 }", values(3, 2))],
    "Pooling": [
        Case("pooling_param { kernel_size: 3 stride: 2 pad: 1 }", values(2, 5, 4), tops=2),
        Case("pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }", values(2, 5, 4)),
        Case("pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 }", lambda n: [uniform(n, 2, 5, 5)]),
        Case("pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 }", lambda n: [uniform(n, 2, 5, 5)], TEST),
    ],
    "Power": [Case("power_param { power: 2 scale: 0.5 shift: 1 }", values(3, 2))],
    "Python": [Case('python_param { module: "tests.layer_cases" layer: "Halved" }', values(3, 2), tops=1)],
    "RNN": [Case(f"recurrent_param {{ num_output: 2 {UNIFORM} }}", sequence)],
    "ReLU": [Case("relu_param { negative_slope: 0.1 }", values(3, 2))],
    "Reduction": [Case("reduction_param { operation: SUMSQ axis: 1 coeff: 0.5 }", values(3, 2))],
    "Reshape": [Case("reshape_param { shape { dim: 0 dim: 2 dim: 3 } }", values(3, 2))],
    "Reverse": [
        Case("reverse_param { axis: -1 }", values(3, 2)),
        Case("", lambda n: [(4, n, 2), indices(5, n)]),
    ],
    "SPP": [Case("spp_param { pyramid_height: 2 }", values(2, 5, 4))],
    "Scale": [
        Case("scale_param { bias_term: true }", values(3, 2)),
        Case("scale_param { bias_term: true }", lambda n: [(n, 3, 2), (3,)]),
    ],
    "Sigmoid": [Case("", values(3, 2))],
    "SigmoidCrossEntropyLoss": [Case("", lambda n: [(n, 3, 2), uniform(n, 3, 2)])],
    "Silence": [Case("", lambda n: [(n, 3), (n,)])],
    "Slice": [Case("slice_param { slice_point: 1 }", values(3, 2), tops=2)],
    "Softmax": [Case("", values(3, 2))],
    "SoftmaxWithLoss": [Case("", lambda n: [(n, 4, 2), indices(4, n, 2)])],
    "Split": [Case("", values(3, 2), tops=3)],
    "Swish": [Case("swish_param { beta: 1.5 }", values(3, 2))],
    "TanH": [Case("", values(3, 2))],
    "Threshold": [Case("threshold_param { threshold: 0.1 }", values(3, 2), gradient=False)],
    "Tile": [Case("tile_param { tiles: 2 }", values(3, 2))],
    "WindowData": [
        Case(
            "transform_param { mirror: true crop_size: 5 } window_data_param "
            f'{{ source: "{GOLDEN.parent}/layers/windows.txt" root_folder: "{IMAGES}" batch_size: 4 context_pad: 1 }}',
            gradient=False,
        )
    ],
}
