import gc
import json
import threading
import time

import numpy as np
import pytest
from gradient_check import build
from PIL import Image

import cafflite
from cafflite import TEST, TRAIN
from cafflite.backend.ops import Ops
from cafflite.errors import DataError, NetError, ShapeError


def pixels(number, height=6, width=8):
    """An image whose every pixel tells its number."""
    values = np.random.default_rng(number).integers(0, 256, (height, width, 3)).astype(np.uint8)
    values[:, :, 0] = number
    return values


def save(path, values):
    Image.fromarray(values).save(path)


@pytest.fixture
def images(tmp_path):
    """A list of seven images, whose labels are their numbers."""
    for i in range(7):
        save(tmp_path / f"{i}.png", pixels(i))
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(7)))
    return tmp_path


def layer_of(folder, batch_size=3, param="", transform="", phase=TEST, seed=0):
    text = (
        f'type: "ImageData" transform_param {{ {transform} }} image_data_param {{ source: "{folder}/list.txt" '
        f'root_folder: "{folder}/" batch_size: {batch_size} {param} }}'
    )
    return build(text, [], phase, seed=seed, ops=Ops(np, "float32"))


def forward(built):
    layer, bottom, top = built
    layer.forward(bottom, top)
    return top[0].data.copy(), top[1].data.astype(int).tolist()


def labels(built, batches):
    return [label for _ in range(batches) for label in forward(built)[1]]


@pytest.mark.parametrize("batch_size", [1, 3, 7, 16])
def test_the_list_goes_around(images, batch_size):
    built = layer_of(images, batch_size)
    data, found = forward(built)
    assert data.shape == (batch_size, 3, 6, 8)
    for image, label in zip(data, found, strict=True):
        np.testing.assert_array_equal(image, pixels(label)[:, :, ::-1].transpose(2, 0, 1))  # blue, green, red
    assert found + labels(built, 4) == [i % 7 for i in range(5 * batch_size)]


def test_shuffled_every_pass_has_each_image_once_in_another_order(images):
    built = layer_of(images, 7, "shuffle: true")
    passes = []
    for _ in range(20):
        data, found = forward(built)
        assert data[:, 2, 0, 0].tolist() == found  # images and labels stay together
        passes.append(tuple(found))
    assert all(sorted(found) == list(range(7)) for found in passes)
    assert len(set(passes)) > 15
    assert passes[0] == tuple(labels(layer_of(images, 7, "shuffle: true"), 1))
    assert passes[0] != tuple(labels(layer_of(images, 7, "shuffle: true", seed=1), 1))


def test_rand_skip(images):
    starts = {labels(layer_of(images, 1, "rand_skip: 4", seed=seed), 1)[0] for seed in range(40)}
    assert starts == {0, 1, 2, 3}
    assert labels(layer_of(images, 1, "rand_skip: 1"), 2) == [0, 1]


def test_grey_and_resized(images):
    data, _ = forward(layer_of(images, 2, "is_color: false new_height: 5 new_width: 4"))
    assert data.shape == (2, 1, 5, 4)
    assert data.std() > 0


RANDOM = "crop_size: 4 mirror: true"


@pytest.mark.parametrize("batches", [0, 1, 2, 5])
@pytest.mark.parametrize("param", ["", "shuffle: true", "shuffle: true rand_skip: 5"])
def test_an_exact_resume(images, batches, param):
    built = layer_of(images, 3, param, RANDOM, TRAIN)
    for _ in range(batches):
        forward(built)
    state = json.loads(json.dumps(built[0].state()))
    expected = [forward(built) for _ in range(6)]
    again = layer_of(images, 3, param, RANDOM, TRAIN, seed=9)
    forward(again)
    again[0].restore(state)
    for data, found in expected:
        data_again, found_again = forward(again)
        np.testing.assert_array_equal(data_again, data)
        assert found_again == found


def test_what_is_random_does_not_depend_on_threads(images, monkeypatch):
    runs = []
    for threads in (1, 2, 5):
        monkeypatch.setattr("cafflite.backend.pool.threads", lambda threads=threads: threads)
        built = layer_of(images, 3, "shuffle: true", RANDOM, TRAIN)
        runs.append(np.stack([forward(built)[0] for _ in range(8)]))
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])
    assert len({batch.tobytes() for batch in runs[0]}) == 8


def test_batches_of_one_may_have_any_size(images):
    save(images / "1.png", pixels(1, 9, 5))
    built = layer_of(images, 1)
    assert [forward(built)[0].shape for _ in range(3)] == [(1, 3, 6, 8), (1, 3, 9, 5), (1, 3, 6, 8)]


def test_a_net_follows_the_size_of_its_images(images):
    save(images / "1.png", pixels(1, 9, 5))
    net = cafflite.Net(
        f'layer {{ name: "d" type: "ImageData" top: "data" top: "label" image_data_param {{ '
        f'source: "{images}/list.txt" root_folder: "{images}/" }} }} '
        'layer { name: "p" type: "Power" bottom: "data" top: "twice" power_param { scale: 2 } }',
        TEST,
    )
    for shape in ((1, 3, 6, 8), (1, 3, 9, 5)):
        net.forward()
        assert net.blobs["twice"].shape == shape
        np.testing.assert_array_equal(net.blobs["twice"].data, 2 * net.blobs["data"].data)


def test_another_size_in_a_batch(images):
    save(images / "4.png", pixels(4, 9, 5))
    built = layer_of(images, 3)
    assert labels(built, 1) == [0, 1, 2]
    message = r"list.txt:5: .*4.png: it has the shape \(3, 9, 5\), and the first of its batch has \(3, 6, 8\)"
    with pytest.raises(DataError, match=message):
        forward(built)


def test_a_damaged_image_is_named_when_its_batch_comes(images):
    good = (images / "4.png").read_bytes()
    (images / "4.png").write_bytes(good[:60])
    built = layer_of(images, 3)
    assert labels(built, 1) == [0, 1, 2]
    with pytest.raises(DataError, match=r"list.txt:5: .*4.png: "):
        forward(built)
    (images / "4.png").write_bytes(good)
    assert labels(built, 1) == [3, 4, 5]


def test_a_file_that_goes_while_it_is_used(images):
    built = layer_of(images, 3)
    (images / "5.png").unlink()
    with pytest.raises(DataError, match=r"list.txt:6: .*5.png: the image cannot be read: No such file"):
        labels(built, 2)


def test_files_that_are_not_there(images):
    (images / "3.png").unlink()
    (images / "5.png").unlink()
    message = r"list.txt:4: .*3.png: there is no such file, and 1 others of the list are not there either"
    with pytest.raises(DataError, match=message):
        layer_of(images)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("image_data_param { SOURCE new_height: 5 }", NetError, "only one of new_height and new_width"),
        ("image_data_param { }", NetError, "no source"),
        ('image_data_param { source: "missing" }', DataError, "missing: .*cannot be read: No such file"),
        ("image_data_param { SOURCE batch_size: 0 }", NetError, "batch_size is 0"),
        ("image_data_param { SOURCE } data_param { prefetch: 0 }", NetError, "prefetch is 0, .* 1 to 1,000"),
        ("image_data_param { SOURCE } data_param { prefetch: 4294967295 }", NetError, "prefetch is 4294967295"),
        (
            "image_data_param { SOURCE batch_size: 100000 } data_param { prefetch: 1000 }",
            NetError,
            r"prefetch is 1000, .* of shape \(100000, 3, 6, 8\) have 14,400,000,000 elements, more than the 2",
        ),
        (
            "image_data_param { SOURCE } transform_param { crop_size: 7 }",
            ShapeError,
            r"list.txt:1: .*0.png: crop_size is 7, .*\(3, 6, 8\) is smaller",
        ),
    ],
)
def test_bad_settings(images, text, error, message):
    source = f'source: "{images}/list.txt" root_folder: "{images}/"'
    with pytest.raises(error, match=message):
        build(f'type: "ImageData" {text.replace("SOURCE", source)}', [])


def test_the_threads_end_with_the_net(images):
    built = layer_of(images)
    forward(built)
    assert any(thread.name == "cafflite prefetch" for thread in threading.enumerate())
    del built
    gc.collect()
    for _ in range(200):
        if not any(thread.name == "cafflite prefetch" for thread in threading.enumerate()):
            return
        time.sleep(0.01)
    raise AssertionError("threads are left")
