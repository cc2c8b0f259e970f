import json

import numpy as np
import pytest
from databases import BACKENDS
from gradient_check import build

import cafflite
from cafflite import TEST, TRAIN, datum, image
from cafflite.backend.ops import Ops
from cafflite.database import LMDB, new_database
from cafflite.errors import DataError, NetError
from cafflite.proto.caffe_pb2 import DataParameter, Datum


def values(number, shape=(3, 5, 6)):
    return np.random.default_rng(number).integers(0, 256, shape).astype(np.uint8)


def write(path, data, backend=LMDB):
    with new_database(path, backend) as put:
        for i, item in enumerate(data):
            put(f"{i:03d}", item.SerializeToString())
    return path


@pytest.fixture(params=BACKENDS)
def database(request, tmp_path):
    """(path, backend) of seven records, whose labels are their numbers."""
    data = [datum.from_array(values(i), i) for i in range(7)]
    return write(tmp_path / "db", data, request.param), request.param


def text_of(path, backend=LMDB, batch_size=3, transform="", param=""):
    name = DataParameter.DB.Name(backend)
    return (
        f'type: "Data" transform_param {{ {transform} }} '
        f'data_param {{ source: "{path}" backend: {name} batch_size: {batch_size} {param} }}'
    )


def layer_of(path, *args, tops=2, phase=TEST, seed=0, **kwargs):
    return build(text_of(path, *args, **kwargs), [], phase, tops, Ops(np, "float32"), seed)


def forward(built):
    layer, bottom, top = built
    layer.forward(bottom, top)
    return top[0].data.copy(), top[-1].data.astype(int).ravel().tolist()


@pytest.mark.parametrize("batch_size", [1, 3, 7, 10])
def test_the_records_go_around(database, batch_size):
    built = layer_of(*database, batch_size)
    data, found = forward(built)
    for record, label in zip(data, found, strict=True):
        np.testing.assert_array_equal(record, values(label))
    for _ in range(4):
        found += forward(built)[1]
    assert found == [i % 7 for i in range(5 * batch_size)]


def test_the_top_takes_the_memory_of_the_batch(database):
    layer, bottom, top = layer_of(*database, 2, param="prefetch: 1")
    arrays = []
    for _ in range(6):
        layer.forward(bottom, top)
        arrays.append(top[0].data)
    assert [array is arrays[i % 2] for i, array in enumerate(arrays)] == [True] * 6
    assert arrays[0] is not arrays[1]


def test_layers_that_share_the_memory_of_the_top_see_each_batch(database):
    net = cafflite.Net(
        f"""
        layer {{ name: "d" top: "d" top: "l" {text_of(*database, batch_size=1)} }}
        layer {{ name: "flat" type: "Flatten" bottom: "d" top: "flat" }}
        layer {{ name: "wide" type: "Reshape" bottom: "d" top: "wide" reshape_param {{ shape {{ dim: 5 dim: -1 }} }} }}
        layer {{ name: "double" type: "Power" bottom: "flat" top: "double" power_param {{ scale: 2 }} }}
        """,
        TEST,
    )
    for i in range(8):
        found = net.forward()
        expected = values(i % 7).astype("f").ravel()
        np.testing.assert_array_equal(found["wide"].ravel(), expected)
        np.testing.assert_array_equal(found["double"].ravel(), 2 * expected)
        np.testing.assert_array_equal(net.blobs["d"].data.ravel(), expected)


def test_what_is_written_into_the_top_stays_until_the_next_batch(database):
    net = cafflite.Net(f'layer {{ name: "d" top: "d" {text_of(*database, batch_size=1)} }}', TEST)
    for i in range(10):
        np.testing.assert_array_equal(net.forward()["d"][0], values(i % 7))
        net.blobs["d"].data[...] = -1


def test_without_labels(database):
    data, _ = forward(layer_of(*database, tops=1))
    np.testing.assert_array_equal(data[2], values(2))


def test_two_nets_on_one_database(database):
    path, backend = database
    net = f'layer {{ name: "d" top: "data" top: "label" {text_of(path, backend)} }}'
    train, test = cafflite.Net(net, TRAIN), cafflite.Net(net, TEST)
    for start in (0, 3, 6):
        for one in (train, test):
            assert one.forward()["label"].tolist() == [(start + i) % 7 for i in range(3)]


@pytest.mark.parametrize("batches", [0, 1, 3, 5])
def test_an_exact_resume(database, batches):
    settings = {"transform": "crop_size: 3 mirror: true", "phase": TRAIN}
    built = layer_of(*database, **settings)
    for _ in range(batches):
        forward(built)
    state = json.loads(json.dumps(built[0].state()))
    expected = [forward(built) for _ in range(6)]
    again = layer_of(*database, seed=5, **settings)
    forward(again)
    again[0].restore(state)
    for data, found in expected:
        data_again, found_again = forward(again)
        np.testing.assert_array_equal(data_again, data)
        assert found_again == found
    with pytest.raises(KeyError):
        again[0].restore({"row": 3})


def test_a_solver_goes_on_exactly_where_it_was(database, tmp_path):
    path, backend = database
    net = (
        f'layer {{ name: "d" top: "x" top: "label" '
        f"{text_of(path, backend, transform='crop_size: 3 mirror: true scale: 0.01')} }} "
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 7 '
        'weight_filler { type: "xavier" } } } '
        'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "y" bottom: "label" }'
    )
    (tmp_path / "net.prototxt").write_text(net)
    (tmp_path / "solver.prototxt").write_text(
        f'net: "{tmp_path}/net.prototxt" base_lr: 0.1 lr_policy: "fixed" snapshot_prefix: "{tmp_path}/s" max_iter: 9'
    )
    solver = cafflite.get_solver(str(tmp_path / "solver.prototxt"))
    solver.step(4)
    solver.snapshot()
    solver.step(5)
    again = cafflite.get_solver(str(tmp_path / "solver.prototxt"))
    again.restore(str(tmp_path / "s_iter_4.solverstate"))
    again.step(5)
    np.testing.assert_array_equal(again.net.data_buffer, solver.net.data_buffer)


@pytest.mark.parametrize(
    ("transform", "expected"), [("", 3), ("force_gray: true", 1), ("force_color: true crop_size: 4", 3)]
)
def test_encoded_images(tmp_path, transform, expected):
    data = [Datum(data=image.encode(values(i, (3, 6, 5)), "png"), encoded=True, label=i) for i in range(4)]
    found, _ = forward(layer_of(write(tmp_path / "db", data), transform=transform))
    assert found.shape[1] == expected
    if not transform:
        np.testing.assert_array_equal(found[1], values(1, (3, 6, 5)))


def test_numbers_that_are_not_bytes(tmp_path):
    arrays = np.random.default_rng(0).standard_normal((4, 2, 5, 4)).astype("f")
    mixed = [datum.from_array(values(0, (2, 5, 4)), 0), *(datum.from_array(array, 1) for array in arrays)]
    found, _ = forward(layer_of(write(tmp_path / "db", mixed), batch_size=5, transform="crop_size: 3 scale: 2"))
    np.testing.assert_array_equal(found[0], 2.0 * values(0, (2, 5, 4))[:, 1:4, :3])
    np.testing.assert_array_equal(found[1:], 2 * arrays[:, :, 1:4, :3])


def test_a_record_of_another_shape(tmp_path):
    data = [datum.from_array(values(i, (3, 5, 6 + (i == 4))), i) for i in range(7)]
    built = layer_of(write(tmp_path / "db", data))
    assert forward(built)[1] == [0, 1, 2]
    message = r"db: record '004': it has the shape \(3, 5, 7\), and the first of its batch has \(3, 5, 6\)"
    for _ in range(2):
        with pytest.raises(DataError, match=message):
            forward(built)
    assert forward(layer_of(tmp_path / "db", batch_size=1))[0].shape == (1, 3, 5, 6)
    assert forward(layer_of(tmp_path / "db", batch_size=7, transform="crop_size: 5"))[0].shape == (7, 3, 5, 5)


def test_a_damaged_record(tmp_path):
    with new_database(tmp_path / "db", LMDB) as put:
        for i in range(6):
            put(f"{i}", b"\xff\xff" if i == 4 else datum.from_array(values(i), i).SerializeToString())
    built = layer_of(tmp_path / "db")
    forward(built)
    with pytest.raises(DataError, match=r"db: record '4': this record is not a Datum"):
        forward(built)


def test_what_is_not_used_is_said(database, capfd):
    layer_of(*database, transform="force_gray: true", param="rand_skip: 5 mirror: true")
    said = capfd.readouterr().err
    assert "rand_skip is not used" in said
    assert "force_color and force_gray are for encoded images only" in said
    assert "mirror of data_param is not used" in said


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("batch_size: 3", NetError, "no source"),
        ('source: "missing" batch_size: 3', DataError, "missing: there is nothing of this name, expected .* LevelDB"),
        ('source: "FOLDER" backend: LMDB', NetError, "batch_size is 0"),
        ('source: "FOLDER" batch_size: 3', DataError, "this is an LMDB, expected a LevelDB; set `backend: LMDB`"),
    ],
)
def test_bad_settings(tmp_path, text, error, message):
    write(tmp_path / "db", [datum.from_array(values(0), 0)])
    with pytest.raises(error, match=message):
        build(f'type: "Data" data_param {{ {text.replace("FOLDER", str(tmp_path / "db"))} }}', [], tops=2)
