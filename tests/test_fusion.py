"""Layers that work in place behind another and are done along with it: nobody can tell, except by the clock."""

import numpy as np
import pytest

import cafflite
from cafflite.errors import NetError

STATISTICS = "batch_norm_param { use_global_stats: true }"
NORMALIZED = f"""
layer {{ name: "norm" type: "BatchNorm" bottom: "y" top: "y" {STATISTICS} }}
layer {{ name: "scale" type: "Scale" bottom: "y" top: "y" scale_param {{ bias_term: true }} }}
layer {{ name: "cut" type: "ReLU" bottom: "y" top: "y" relu_param {{ negative_slope: 0.1 }} }}
"""
BY_BATCH = """
layer { name: "norm" type: "BatchNorm" bottom: "y" top: "y" batch_norm_param { use_global_stats: false } }
layer { name: "scale" type: "Scale" bottom: "y" top: "y" scale_param { bias_term: true } }
"""
TWO_SCALES = """
layer { name: "bend" type: "TanH" bottom: "y" top: "y" }
layer { name: "scale" type: "Scale" bottom: "y" top: "y" }
layer { name: "scale2" type: "Scale" bottom: "y" top: "y" }
layer { name: "cut2" type: "ReLU" bottom: "y" top: "y" }
"""
BOTH = "scale_param { bias_term: true }"
CUT = 'layer { name: "cut" type: "ReLU" bottom: "y" top: "y" }'
SUM = 'layer { name: "sum" type: "Eltwise" bottom: "x" bottom: "x" bottom: "y" top: "z" }'
LOSS = 'layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "label" top: "loss" }'


def net_of(*layers, shape=(2, 4, 9, 9), convolution="kernel_size: 3 pad: 1", phase=cafflite.TEST):
    """An input x, a convolution y of it with the same shape, and the layers; all parameters random."""
    dims = " ".join(f"dim: {n}" for n in shape)
    net = cafflite.Net(
        "".join(
            f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}'
            for name in ("x", "label")
        )
        + f'layer {{ name: "conv" type: "Convolution" bottom: "x" top: "y" '
        f'convolution_param {{ num_output: {shape[1]} weight_filler {{ type: "xavier" }} {convolution} }} }}'
        + "".join(layers),
        phase,
    )
    rng = np.random.default_rng(0)
    for blob in (net.blobs["x"], net.blobs["label"], *(blob for blobs in net.params.values() for blob in blobs)):
        blob.data[...] = rng.uniform(0.5, 1.5, blob.shape)
    net.blobs["x"].data[...] -= 1
    net.params["conv"][0].data[...] -= 1
    return net


def names(net):
    return [step.names for step in net.steps_of_a_pass()]


@pytest.mark.parametrize(
    "convolution",
    [
        "kernel_size: 3 pad: 1",
        "kernel_size: 1",
        "kernel_size: 3 pad: 1 group: 4",
        "kernel_size: 3 pad: 1 bias_term: false",
        "kernel_size: 5 pad: 2 group: 4",
    ],
)
@pytest.mark.parametrize("layers", [[NORMALIZED], [CUT]])
def test_forward_makes_the_same_blobs(layers, convolution):
    fused, apart = (net_of(*layers, convolution=convolution) for _ in range(2))
    apart.callbacks["after_forward"].append(lambda index: None)
    fused.forward()
    apart.forward()
    assert len(names(fused)) < len(fused.layers)
    for name, blob in apart.blobs.items():
        np.testing.assert_allclose(fused.blobs[name].data, blob.data, rtol=1e-5, atol=2e-6, err_msg=name)


def test_winograd_too():
    fused, apart = (net_of(NORMALIZED, shape=(2, 32, 33, 33)) for _ in range(2))
    assert fused.layers[2].convolution.algorithm == "winograd"
    apart.debug_info = True
    fused.forward()
    apart.forward()
    np.testing.assert_allclose(fused.blobs["y"].data, apart.blobs["y"].data, rtol=0, atol=3e-5)


def test_a_sum_and_its_relu():
    fused, apart = (net_of(CUT, SUM, CUT.replace('"y"', '"z"').replace('"cut"', '"cut2"')) for _ in range(2))
    assert names(fused)[-1] == ["sum", "cut2"]
    apart.callbacks["before_forward"].append(lambda index: None)
    fused.forward()
    apart.forward()
    np.testing.assert_array_equal(fused.blobs["z"].data, apart.blobs["z"].data)


@pytest.mark.parametrize("phase", [cafflite.TRAIN, cafflite.TEST])
@pytest.mark.parametrize(
    "layers",
    [[NORMALIZED], [NORMALIZED.partition('layer { name: "cut"')[0]], [CUT], [BY_BATCH], [BY_BATCH, CUT], [TWO_SCALES]],
)
def test_backward_makes_the_same_diffs(layers, phase):
    nets = [net_of(*layers, LOSS, phase=phase) for _ in range(2)]
    for when in ("after_forward", "after_backward"):
        nets[1].callbacks[when].append(lambda index: None)
    for net in nets:
        for _ in range(2):  # the statistics move on
            net.forward()
            net.clear_param_diffs()
            net.backward()
    assert len(names(nets[0])) < len(nets[0].layers)
    for name, blob in nets[1].blobs.items():
        np.testing.assert_allclose(nets[0].blobs[name].data, blob.data, rtol=1e-4, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(nets[0].blobs[name].diff, blob.diff, rtol=1e-4, atol=1e-5, err_msg=name)
    for name, blobs in nets[1].params.items():
        for blob, fused in zip(blobs, nets[0].params[name], strict=True):
            np.testing.assert_allclose(fused.data, blob.data, rtol=1e-5, err_msg=name)
            np.testing.assert_allclose(fused.diff, blob.diff, rtol=1e-4, atol=1e-4, err_msg=name)
    assert np.abs(nets[0].diff_buffer).max() > 1


def test_what_a_pass_ends_at_is_seen():
    net = net_of(NORMALIZED)
    net.forward()
    whole = net.blobs["y"].data.copy()
    net.forward(end="conv")
    product = net.blobs["y"].data.copy()
    net.forward(start="norm")
    np.testing.assert_allclose(net.blobs["y"].data, whole, rtol=1e-5, atol=2e-6)
    assert np.abs(product - whole).max() > 0.1


@pytest.mark.parametrize(
    ("layers", "phase", "expected"),
    [
        ([NORMALIZED], cafflite.TEST, ["conv", "norm", "scale", "cut"]),
        ([NORMALIZED, LOSS], cafflite.TRAIN, ["conv", "norm"]),  # the gradient of the scale needs what it was given
        ([CUT, LOSS], cafflite.TRAIN, ["conv", "cut"]),
        ([NORMALIZED, LOSS], cafflite.TRAIN, ["scale", "cut"]),
        ([BY_BATCH, CUT, LOSS], cafflite.TRAIN, ["norm", "scale", "cut"]),
        ([BY_BATCH, CUT], cafflite.TEST, ["norm", "scale", "cut"]),
        ([BY_BATCH.replace("true", "true axis: 0"), CUT, LOSS], cafflite.TRAIN, ["norm"]),
        ([BY_BATCH.replace("true", "true axis: 0"), CUT, LOSS], cafflite.TRAIN, ["scale"]),
        ([NORMALIZED.replace(STATISTICS, ""), LOSS], cafflite.TRAIN, ["conv"]),  # the batch's own statistics
        ([CUT, CUT.replace('"cut"', '"cut2"')], cafflite.TEST, ["conv", "cut"]),
        ([CUT.replace('top: "y"', 'top: "z"')], cafflite.TEST, ["conv"]),
        ([CUT.replace("ReLU", "Sigmoid")], cafflite.TEST, ["conv"]),
        ([NORMALIZED.replace("bias_term: true", "axis: 0")], cafflite.TEST, ["conv", "norm"]),
    ],
)
def test_which_layers_are_done_along(layers, phase, expected):
    assert expected in names(net_of(*layers, shape=(4, 4, 5, 5), phase=phase))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([NORMALIZED], ["norm", "scale", "cut"]),
        ([BY_BATCH, CUT], ["norm", "scale", "cut"]),
        ([BY_BATCH], ["norm", "scale"]),
        (
            [TWO_SCALES.replace('{ name: "scale2" type: "Scale"', '{ name: "scale2" type: "Scale" ' + BOTH)],
            ["scale2", "cut2"],
        ),
        ([BY_BATCH.replace("true", "true axis: 0"), CUT], []),  # slopes for the images, not for the channels
        ([BY_BATCH.replace("bias_term: true", ""), CUT], []),
        ([BY_BATCH.replace('"Scale"', '"Scale" param { lr_mult: 0 }'), CUT], []),
        ([CUT], []),
    ],
)
def test_which_backward_passes_are_one(layers, expected):
    net = net_of(*layers, LOSS, shape=(4, 4, 5, 5), phase=cafflite.TRAIN)
    found = [step.steps for step in net.fused_backward if hasattr(step, "steps")]
    assert [[step.layer.name for step in steps] for steps in found] == ([expected] if expected else [])


def test_one_backward_pass_before_any_forward_pass():
    net = net_of(BY_BATCH, CUT, LOSS, phase=cafflite.TRAIN)
    (fused,) = (step for step in net.fused_backward if hasattr(step, "steps"))
    with pytest.raises(NetError, match=r"layer 'norm' \(BatchNorm\): its backward pass .* run forward before backward"):
        fused.backward()


def test_another_shape():
    net = net_of(NORMALIZED)
    net.forward()
    net.blobs["x"].reshape(1, 4, 6, 6)
    net.blobs["x"].data[...] = 0.5
    net.forward()
    assert net.blobs["y"].shape == (1, 4, 6, 6)
    assert np.isfinite(net.blobs["y"].data).all()
