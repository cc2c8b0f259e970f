"""Weight files: those that Caffe wrote, of every age and format, and what becomes of damaged ones."""

import json
import resource
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

import cafflite
from cafflite import weights
from cafflite.backend import current_ops
from cafflite.blob import Blob
from cafflite.errors import FileError, WeightsError
from cafflite.proto import blob_proto, caffe_pb2
from cafflite.proto.caffe_pb2 import BlobProto, BlobShape, LayerParameter, NetParameter

GOLDEN = Path(__file__).parent / "golden"


def net_of(param: NetParameter, owners: dict[tuple[int, int], tuple[int, int]] | None = None, ops=None):
    """What the weights see of a net: the layers of `param` with their blobs. Spares the tests building real ones."""
    ops = ops or current_ops()
    net = SimpleNamespace(name=param.name, ops=ops, layers=[], steps=[], param_owners={})
    for index, layer in enumerate(param.layer):
        blobs = []
        for i, proto in enumerate(layer.blobs):
            array = blob_proto.to_array(proto)
            blobs.append(Blob(array.shape, ops))
            blobs[i].data[...] = array
            net.param_owners[index, i] = (owners or {}).get((index, i), (index, i))
        net.layers.append(SimpleNamespace(name=layer.name, type=layer.type, layer_param=layer, blobs=blobs))
        net.steps.append(SimpleNamespace(layer=net.layers[-1]))
    return net


def layer(name: str, *shapes: tuple[int, ...], type: str = "InnerProduct") -> LayerParameter:
    param = LayerParameter(name=name, type=type)
    for shape in shapes:
        blob_proto.set_array(param.blobs.add(), np.zeros(shape, "f4"))
    return param


def filled(*layers: LayerParameter, value: float = 1) -> NetParameter:
    """A net of these layers with every parameter counted up from `value`."""
    param = NetParameter(name="net", layer=layers)
    for one in param.layer:
        for proto in one.blobs:
            shape = tuple(proto.shape.dim)
            proto.Clear()
            blob_proto.set_array(proto, value + np.arange(np.prod(shape), dtype="f4").reshape(shape))
    return param


def values(net) -> list[np.ndarray]:
    return [blob.data.copy() for one in net.layers for blob in one.blobs]


def assert_same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert [array.shape for array in found] == [array.shape for array in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


SAVE = {"binary": weights.save, "hdf5": weights.save_hdf5}
both_formats = pytest.mark.parametrize("form", SAVE)


# Files that Caffe wrote

RECORDED = [
    (GOLDEN / "weights" / name / file)
    for name, files in {
        "mixed": ("out.caffemodel", "out.caffemodel.h5"),
        "recurrent": ("out.caffemodel", "out.caffemodel.h5"),
        "v1_binary": ("old.caffemodel", "out.caffemodel", "out.caffemodel.h5"),
    }.items()
    for file in files
]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recorded_files_are_read(path) -> None:
    meta = json.loads((path.parent / "meta.json").read_text())
    data = np.load(path.parent / "data.npz")
    net = net_of(NetParameter(layer=[layer(one["name"], *one["blobs"]) for one in meta["layers"]]))
    weights.load(net, path)
    for one in net.layers:
        for i, blob in enumerate(one.blobs):
            np.testing.assert_array_equal(blob.data, data[f"param:{one.name}:{i}"])


@pytest.mark.parametrize("path", list(GOLDEN.rglob("*.caffemodel")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recorded_binary_files_are_written_to_the_byte(path, tmp_path) -> None:
    param = NetParameter.FromString(path.read_bytes())
    if param.layers:
        assert path.name == "old.caffemodel", "a file in an old format"
        return
    for one in param.layer:
        one.place = "net.prototxt:1"
    weights.save(net_of(param), tmp_path / "net.caffemodel")
    assert (tmp_path / "net.caffemodel").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("folder", [GOLDEN / "weights" / name for name in ("mixed", "recurrent")], ids=lambda p: p.name)
def test_hdf5_is_laid_out_as_caffe_does(folder, tmp_path) -> None:
    net = net_of(NetParameter.FromString((folder / "out.caffemodel").read_bytes()))
    weights.save_hdf5(net, tmp_path / "net.h5")
    assert contents(tmp_path / "net.h5") == contents(folder / "out.caffemodel.h5")


def contents(path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: found.update({name: values_of(item)}))
    return found


def values_of(item) -> object:
    return (item.dtype.name, item[()].tolist()) if isinstance(item, h5py.Dataset) else None


@pytest.mark.parametrize("case", ["finetune_by_name", "finetune_by_name_h5"])
@pytest.mark.parametrize("file", ["pretrained.caffemodel", "pretrained.caffemodel.h5"])
def test_finetuning_starts_from_the_layers_of_the_same_names(case, file, capsys) -> None:
    folder = GOLDEN / "solver" / case
    data = np.load(folder / "data.npz")
    net = cafflite.Net(str(folder / "net.prototxt"), cafflite.TRAIN)
    for stage in ("before_load", "param"):
        if stage == "param":
            weights.load(net, folder / file)
        for key in data.files:
            kind, _, name = key.partition(":")
            if kind == stage:
                one, _, i = name.partition(":")
                blob = net.params[one][int(i)].data
                if stage == "before_load":
                    blob[...] = data[key]
                np.testing.assert_array_equal(blob, data[key], err_msg=key)
    assert "Ignoring source layer old_head" in capsys.readouterr().err


@pytest.mark.parametrize(
    "case", ["snapshot_sgd_binaryproto/snap_iter_10", "lstm_adam/snap_iter_20", "lstm_fork_sgd/snap_iter_20"]
)
def test_a_snapshot_comes_back_as_caffe_wrote_it(case) -> None:
    path = GOLDEN / "solver" / f"{case}.caffemodel"
    net = cafflite.Net(str(path.with_name("net.prototxt")), cafflite.TRAIN)
    weights.load(net, path)
    assert weights.to_proto(net) == NetParameter.FromString(path.read_bytes())


# Round trips


@both_formats
def test_round_trip(form, tmp_path) -> None:
    saved = filled(layer("ip", (2, 3), (2,)), layer("relu"), layer("scalar", ()), layer("five", (1, 2, 1, 2, 1)))
    SAVE[form](net_of(saved), tmp_path / "net")
    net = net_of(NetParameter(layer=[layer(one.name, *(tuple(b.shape.dim) for b in one.blobs)) for one in saved.layer]))
    weights.load(net, tmp_path / "net")
    assert_same(values(net), values(net_of(saved)))


@both_formats
def test_layers_with_slashes_and_other_letters(form, tmp_path) -> None:
    names = ["inception/a/1x1", "inception/a", "inception/a/pool", "b/relu", "b", "größe", "名", "a b:c"]
    saved = filled(*(layer(name, (2,)) for name in names), layer("inception"))
    SAVE[form](net_of(saved), tmp_path / "net")
    net = net_of(NetParameter(layer=[layer(name, (2,)) for name in reversed(names)]))
    weights.load(net, tmp_path / "net")
    assert_same(values(net)[::-1], values(net_of(saved)))


@both_formats
def test_float64_stays_float64(form, tmp_path) -> None:
    net = net_of(NetParameter(layer=[layer("ip", (3,))]), ops=current_ops("float64"))
    net.layers[0].blobs[0].data[...] = [1 / 3, 2 / 3, 1e-300]
    expected = values(net)
    SAVE[form](net, tmp_path / "net")
    net.layers[0].blobs[0].data[...] = 0
    weights.load(net, tmp_path / "net")
    assert_same(values(net), expected)


def test_a_shared_parameter_is_repeated_in_binary_and_not_in_hdf5(tmp_path) -> None:
    param = filled(layer("a", (2, 2), (2,)), layer("b", (2, 2), (2,)))
    net = net_of(param, owners={(1, 0): (0, 0)})
    weights.save(net, tmp_path / "net.caffemodel")
    weights.save_hdf5(net, tmp_path / "net.h5")
    assert [len(one.blobs) for one in weights.to_proto(net).layer] == [2, 2]
    assert sorted(contents(tmp_path / "net.h5")) == ["data", "data/a", "data/a/0", "data/a/1", "data/b", "data/b/1"]
    for file in ("net.caffemodel", "net.h5"):
        again = net_of(NetParameter(layer=[layer("a", (2, 2), (2,)), layer("b", (2, 2), (2,))]), {(1, 0): (0, 0)})
        weights.load(again, tmp_path / file)
        np.testing.assert_array_equal(again.layers[0].blobs[0].data, net.layers[0].blobs[0].data)
        np.testing.assert_array_equal(again.layers[1].blobs[1].data, net.layers[1].blobs[1].data)


def test_diffs_are_written_on_request(tmp_path) -> None:
    net = net_of(filled(layer("a", (2,)), layer("b", (2,)), layer("relu")), owners={(1, 0): (0, 0)})
    for one in net.layers[:2]:
        one.blobs[0].diff[...] = [5, 6]
    assert [list(b.diff) for one in weights.to_proto(net, write_diff=True).layer for b in one.blobs] == [[5, 6], [5, 6]]
    assert [list(b.diff) for one in weights.to_proto(net).layer for b in one.blobs] == [[], []]
    weights.save_hdf5(net, tmp_path / "net.h5", write_diff=True)
    found = contents(tmp_path / "net.h5")
    assert found["diff/a/0"] == found["diff/b/0"] == ("float32", [5, 6])
    assert "diff/relu" in found and "data/b/0" not in found


def test_copy_from_takes_a_message() -> None:
    net = net_of(NetParameter(layer=[layer("ip", (2, 3))]))
    saved = filled(layer("ip", (2, 3)))
    weights.copy_from(net, saved)
    assert_same(values(net), values(net_of(saved)))


def test_a_list_of_files_is_loaded_in_its_order(tmp_path) -> None:
    weights.save(net_of(filled(layer("a", (2,)), layer("b", (2,)), value=1)), tmp_path / "one")
    weights.save_hdf5(net_of(filled(layer("b", (2,)), value=7)), tmp_path / "two")
    net = net_of(NetParameter(layer=[layer("a", (2,)), layer("b", (2,))]))
    weights.load_each(net, f"{tmp_path}/one, {tmp_path}/two")
    assert_same(values(net), [np.array([1, 2], "f4"), np.array([7, 8], "f4")])


# Old formats and forks


def blob(*values: float, **shape: int) -> BlobProto:
    return BlobProto(data=values, **shape)


V1 = caffe_pb2.V1LayerParameter
OLD = {
    "V1": V1(name="ip", type=V1.INNER_PRODUCT, blobs=[blob(1, 2, num=1, channels=1, height=1, width=2)]),
    "V0": V1(layer=dict(name="ip", type="innerproduct", blobs=[blob(1, 2, num=1, channels=1, height=1, width=2)])),
}


@pytest.mark.parametrize("age", OLD)
@pytest.mark.parametrize("shape", [(2,), (1, 2), (1, 1, 2), (1, 1, 1, 2)])
def test_old_binaries_with_blobs_of_four_axes(age, shape) -> None:
    net = net_of(NetParameter(layer=[layer("ip", shape)]))
    weights.copy_from(net, NetParameter(layers=[OLD[age]]))
    assert_same(values(net), [np.array([1, 2], "f4").reshape(shape)])


@pytest.mark.parametrize("shape", [(2, 1), (1, 1, 1, 1, 2), (2, 1, 1, 1), ()])
def test_four_axes_have_to_agree(shape) -> None:
    net = net_of(NetParameter(layer=[layer("ip", shape)]))
    with pytest.raises(WeightsError, match=r"layer 'ip' has \(1, 1, 1, 2\) in the file and \("):
        weights.copy_from(net, NetParameter(layers=[OLD["V1"]]))


def test_five_blobs_of_nvidias_batch_norm(capsys) -> None:
    net = net_of(NetParameter(layer=[layer("bn", (2,), (2,), (1,), type="BatchNorm")]))
    source = filled(layer("bn", (2,), (2,), (1,), (2,), (2,), type="BatchNorm"))
    weights.copy_from(net, source)
    assert_same(values(net), values(net_of(source))[:3])
    assert "Ignoring the scale and bias of source layer bn" in capsys.readouterr().err
    with pytest.raises(WeightsError, match="layer 'bn' has"):
        weights.copy_from(net_of(NetParameter(layer=[layer("bn", (2,), (2,), (1,))])), source)


def test_half_precision(tmp_path) -> None:
    numbers = np.array([0.5, -2], "<f2")
    raw = BlobProto(shape=BlobShape(dim=[2]), raw_data_type=caffe_pb2.FLOAT16, raw_data=numbers.tobytes())
    (tmp_path / "net").write_bytes(NetParameter(layer=[LayerParameter(name="ip", blobs=[raw])]).SerializeToString())
    net = net_of(NetParameter(layer=[layer("ip", (2,))]))
    weights.load(net, tmp_path / "net")
    assert_same(values(net), [np.array([0.5, -2], "f4")])


@pytest.mark.parametrize(
    "foreign",
    [
        b"\xca\x0c\x02\xff\xff",  # field 201, a message for caffe-lstm, with bytes that are none
        b"\xc8\x0c\x05",  # field 201 as a number
        b"\xd2\x06\x03\x0a\xff\x01",  # field 106, convolution_param, as something else
    ],
)
def test_settings_of_a_fork_do_not_stop_its_weights(foreign, tmp_path) -> None:
    one = filled(layer("ip", (2,))).layer[0].SerializeToString() + foreign
    (tmp_path / "net").write_bytes(b"\xa2\x06" + bytes([len(one)]) + one)
    net = net_of(NetParameter(layer=[layer("ip", (2,))]))
    weights.load(net, tmp_path / "net")
    assert_same(values(net), [np.array([1, 2], "f4")])


# What does not fit or is damaged


@both_formats
def test_one_error_names_every_layer_that_does_not_fit(form, tmp_path) -> None:
    path = tmp_path / "net"
    SAVE[form](net_of(filled(layer("a", (2, 3), (2,)), layer("b", (4,)), layer("c", (2,)), layer("d"))), path)
    net = net_of(filled(layer("a", (2, 4), (2,)), layer("b", (4,), (1,)), layer("c", (2,)), layer("d", (1,)), value=9))
    before = values(net)
    with pytest.raises(WeightsError) as caught:
        weights.load(net, path)
    assert str(caught.value) == (
        f"{path}: layer 'a' has (2, 3) and (2,) in the file and (2, 4) and (2,) in the net; "
        "layer 'b' has (4,) in the file and (4,) and (1,) in the net; "
        "layer 'd' has no parameters in the file and (1,) in the net; "
        "rename a layer in the net to let it start with new values"
    )
    assert_same(values(net), before)


def test_of_layers_of_one_name_the_first_gets_the_values() -> None:
    net = net_of(NetParameter(layer=[layer("ip", (2,)), layer("ip", (2,))]))
    weights.copy_from(net, filled(layer("ip", (2,))))
    assert_same(values(net), [np.array([1, 2], "f4"), np.zeros(2, "f4")])


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "no layers are in this file"),
        (b'name: "net"\nlayer { name: "ip" }\n', "not a caffemodel, or a damaged one"),
        (BlobProto(num=1, data=[2]).SerializeToString(), "no layers are in this file"),
        (weights.HDF5_SIGNATURE, "cannot be read as HDF5"),
        (weights.HDF5_SIGNATURE + bytes(5000), "cannot be read as HDF5"),
    ],
    ids=["absent", "empty", "text", "another message", "HDF5 signature", "HDF5 zeros"],
)
def test_what_is_no_caffemodel(content, message, tmp_path) -> None:
    path = tmp_path / "net"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"^{path}: .*{message}"):
        weights.load(net_of(NetParameter(layer=[layer("ip", (2,))])), path)


def test_a_folder_is_no_caffemodel(tmp_path) -> None:
    with pytest.raises(WeightsError, match=f"^{tmp_path}: cannot be read: Is a directory"):
        weights.load(net_of(NetParameter()), tmp_path)


@pytest.mark.parametrize("file", ["out.caffemodel", "out.caffemodel.h5"])
def test_damage_of_any_kind_ends_in_one_error(file, tmp_path) -> None:
    folder, path = GOLDEN / "weights" / "mixed", tmp_path / "net"
    whole = (folder / file).read_bytes()
    net = net_of(NetParameter.FromString((folder / "out.caffemodel").read_bytes()))
    rng = np.random.default_rng(0)
    refused = 0
    for attempt in range(200):
        content = bytearray(whole)
        if attempt % 2:
            del content[rng.integers(len(content)) :]
        else:
            content[rng.integers(len(content) // 4)] = rng.integers(256)
        path.write_bytes(content)
        try:
            weights.load(net, path)
        except WeightsError as error:
            assert str(error).startswith(f"{path}: ")
            refused += 1
    assert refused > 80


def test_a_blob_with_too_few_numbers_is_named() -> None:
    proto = NetParameter(layer=[LayerParameter(name="ip", blobs=[BlobProto(shape=BlobShape(dim=[3]), data=[1, 2])])])
    with pytest.raises(WeightsError, match=r"layer 'ip': a blob of shape \(3,\) holds 2 numbers in its data"):
        weights.copy_from(net_of(NetParameter(layer=[layer("ip", (3,))])), proto)


def soft_link(file: h5py.File) -> None:
    file["data/ip"] = h5py.SoftLink("/elsewhere")


def external_link(file: h5py.File) -> None:
    file["data/ip"] = h5py.ExternalLink("other.h5", "/data/ip")


def linked_root(file: h5py.File) -> None:
    file["data"] = h5py.SoftLink("/elsewhere")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("data/ip/0", (2,), "f4", external=[("/etc/hostname", 0, 8)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (2,))
    file.create_virtual_dataset("data/ip/0", layout)


def terabytes(file: h5py.File) -> None:
    file.create_dataset("data/ip/0", (2**40,), "f4", chunks=(2**20,))


def endless(file: h5py.File) -> None:
    file["data/ip/again"] = file.require_group("data/ip")


def text(file: h5py.File) -> None:
    file["data/ip/0"] = "text"


def other_name(file: h5py.File) -> None:
    file["data/ip/weight"] = np.zeros(2, "f4")


def no_shape(file: h5py.File) -> None:
    file["data/ip/0"] = h5py.Empty("f4")


def nothing(file: h5py.File) -> None:
    file["weights"] = np.zeros(2, "f4")


@pytest.mark.parametrize(
    "fill, message",
    [
        (soft_link, "'/data/ip' is a link to something elsewhere"),
        (external_link, "'/data/ip' is a link to something elsewhere"),
        (linked_root, "'/data' is a link to something elsewhere"),
        (external_storage, "'/data/ip/0' has its numbers in another file"),
        (virtual, "'/data/ip/0' has its numbers in another file"),
        (terabytes, r"layer 'ip' has \(1099511627776,\) in the file and \(2,\) in the net"),
        (endless, "'/data/ip/again' is a group that stands in two places"),
        (text, "'data/ip/0' is not a parameter"),
        (other_name, "'data/ip/weight' is not a parameter"),
        (no_shape, r"layer 'ip' has None in the file and \(2,\) in the net"),
        (nothing, "there is no '/data' in this file"),
    ],
)
def test_hdf5_that_is_not_read(fill, message, tmp_path) -> None:
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        fill(file)
    with pytest.raises(WeightsError, match=f"^{path}: {message}"):
        weights.load(net_of(NetParameter(layer=[layer("ip", (2,))])), path)


@pytest.mark.parametrize("names", [("ip", "ip"), ("ip", "ip/0"), ("ip//b",), (".",), ("",)])
def test_names_that_hdf5_cannot_hold(names, tmp_path) -> None:
    net = net_of(filled(*(layer(name, (2,)) for name in names)))
    with pytest.raises(WeightsError, match="HDF5 cannot hold a layer"):
        weights.save_hdf5(net, tmp_path / "net.h5")
    assert list(tmp_path.iterdir()) == []


# Limits of the disk and of protobuf


@both_formats
def test_a_full_disk_leaves_the_older_file(form, tmp_path) -> None:
    path = tmp_path / "net"
    SAVE[form](net_of(filled(layer("ip", (2,)))), path)
    older = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, limits[1]))
    try:
        with pytest.raises(FileError, match=f"^{path}: cannot be written: File too large"):
            SAVE[form](net_of(filled(layer("ip", (10000,)))), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == older
    assert list(tmp_path.iterdir()) == [path]


def test_what_protobuf_cannot_hold_goes_to_hdf5(tmp_path, monkeypatch) -> None:
    net = net_of(filled(layer("ip", (1000,))))
    weights.save(net, tmp_path / "net.caffemodel")
    for largest in (3999, 4000):  # 4000 bytes of parameters, and a few around them
        monkeypatch.setattr(weights, "LARGEST_BINARY", largest)
        with pytest.raises(WeightsError, match="write HDF5 instead"):
            weights.save(net, tmp_path / "net.caffemodel")
    with pytest.raises(WeightsError, match="more than protobuf can read"):
        weights.load(net, tmp_path / "net.caffemodel")
    weights.save_hdf5(net, tmp_path / "net.h5")
    weights.load(net, tmp_path / "net.h5")
