import json
from pathlib import Path

import numpy as np
import pytest
from gradient_check import build, check

import cafflite
from cafflite.errors import NetError

RANDOM = sorted((Path(__file__).parents[1] / "golden" / "random").glob("dropout*"))


def layer_of(ratio, shape=(20, 30), phase=cafflite.TRAIN, seed=0):
    return build(f'type: "Dropout" dropout_param {{ dropout_ratio: {ratio} }}', [np.ones(shape)], phase, seed=seed)


@pytest.mark.parametrize("phase", [cafflite.TRAIN, cafflite.TEST])
@pytest.mark.parametrize("ratio", [0, 0.35, 1])
def test_gradient(ratio, phase):
    check(f'type: "Dropout" dropout_param {{ dropout_ratio: {ratio} }}', [(3, 4)], phase)


@pytest.mark.parametrize("folder", RANDOM, ids=lambda folder: folder.name)
def test_facts_of_the_original(folder):
    facts = json.loads((folder / "meta.json").read_text())
    net = cafflite.Net(folder / "net.prototxt", cafflite.TRAIN)
    x, y = net.blobs["data"], net.blobs["y"]
    x.data[...] = 1
    net.forward()
    np.testing.assert_allclose(np.unique(y.data), facts["values"], rtol=1e-6)
    kept = np.mean(y.data != 0)
    deviation = np.sqrt(facts["ratio"] * (1 - facts["ratio"]) / facts["count"])
    assert abs(kept - facts["kept_fraction"]) <= 5 * np.sqrt(2) * deviation
    y.diff[...] = 1
    net.backward()
    np.testing.assert_array_equal(x.diff, y.data)
    before = y.data.copy()
    net.forward()
    assert (y.data != before).any() == facts["new_mask_each_forward"]


@pytest.mark.parametrize("phase", [cafflite.TRAIN, cafflite.TEST])
def test_in_place(phase):
    layer, bottom, top = layer_of(0.5, phase=phase)
    layer.forward(bottom, top)
    top[0].diff[...] = 3
    layer.backward(top, [True], bottom)
    in_place, blobs, _ = layer_of(0.5, phase=phase)
    in_place.forward(blobs, blobs)
    np.testing.assert_array_equal(blobs[0].data, top[0].data)
    blobs[0].diff[...] = 3
    in_place.backward(blobs, [True], blobs)
    np.testing.assert_array_equal(blobs[0].diff, bottom[0].diff)


def test_in_testing_nothing_is_dropped():
    layer, bottom, top = layer_of(0.9, phase=cafflite.TEST)
    layer.forward(bottom, top)
    assert (top[0].data == 1).all()


def test_everything_can_be_dropped():
    layer, bottom, top = layer_of(1)
    bottom[0].data[0] = np.inf
    layer.forward(bottom, top)
    assert not top[0].data.any()


def test_layers_and_steps_have_masks_of_their_own():
    masks = []
    for seed in (0, 1):
        layer, bottom, top = layer_of(0.5, seed=seed)
        for _ in range(2):
            layer.forward(bottom, top)
            masks.append(tuple(top[0].data.ravel()))
    assert len(set(masks)) == 4


def test_an_exact_resume():
    layer, bottom, top = layer_of(0.5, seed=0)
    for _ in range(3):
        layer.forward(bottom, top)
    state = json.loads(json.dumps(layer.state()))
    layer.forward(bottom, top)
    again, bottom, found = layer_of(0.5, seed=1)
    again.restore(state)
    again.forward(bottom, found)
    np.testing.assert_array_equal(found[0].data, top[0].data)


@pytest.mark.parametrize("ratio", [-0.1, 1.5, "nan"])
def test_refused(ratio):
    with pytest.raises(NetError, match="dropout_ratio is .*, expected 0 to 1"):
        layer_of(ratio)
