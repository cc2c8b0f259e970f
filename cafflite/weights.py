"""The parameters of a net in files, binary caffemodels and HDF5, read by the names of the layers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy
from google.protobuf.message import DecodeError

from cafflite import hdf5, host_blob, log
from cafflite.blob import Blob
from cafflite.errors import CaffliteError, WeightsError
from cafflite.files import reason, replace_file
from cafflite.proto import blob_proto
from cafflite.proto.caffe_pb2 import NetParameter, WeightsNet

Path = str | os.PathLike[str]
Net = Any  # cafflite.net.Net, which stands above this module
Weights = dict[str, dict[int, Any]]  # name of a layer: index of a parameter: an array or a h5py.Dataset

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
LARGEST_BINARY = 2**31 - 1  # bytes; protobuf counts them in 31 bits


def to_proto(net: Net, write_diff: bool = False) -> NetParameter:
    """The net as it was built, split layers included, with its parameters, and their diffs if `write_diff`.

    A parameter that layers share is in each of them. Raises WeightsError when a binary file cannot hold them.
    """
    count = sum(blob.count for step in net.steps for blob in step.layer.blobs)
    size = count * net.ops.dtype.itemsize * (2 if write_diff else 1)
    if size > LARGEST_BINARY:
        raise _too_large(size)
    host_blob.flush()
    param = NetParameter(name=net.name)
    for layer in (step.layer for step in net.steps):
        layer_param = param.layer.add()
        layer_param.CopyFrom(layer.layer_param)
        layer_param.ClearField("place")
        layer_param.ClearField("blobs")
        for blob in layer.blobs:
            diff = net.ops.to_host(blob.diff) if write_diff else None
            blob_proto.set_array(layer_param.blobs.add(), net.ops.to_host(blob.data), diff)
    return param


def save(net: Net, path: Path, write_diff: bool = False) -> None:
    """Write a binary caffemodel. Raises FileError, and then an older file stays as it was."""
    content = to_proto(net, write_diff).SerializeToString()
    if len(content) > LARGEST_BINARY:
        raise _too_large(len(content))
    with replace_file(path) as temporary:
        temporary.write_bytes(content)


def _too_large(size: int) -> WeightsError:
    return WeightsError(
        f"a binary file holds less than 2 GiB and these parameters take {size / 2**30:.3f}: write HDF5 instead "
        "(snapshot_format: HDF5 or save_hdf5)"
    )


def save_hdf5(net: Net, path: Path, write_diff: bool = False) -> None:
    """Write the parameters as HDF5. Raises FileError, and then an older file stays as it was.

    data/<layer>/<i> is parameter i of a layer; one that layers share is under its owner only. If `write_diff`,
    diff/<layer>/<i> is its diff, under every layer. A layer without parameters has its group all the same.
    """
    host_blob.flush()
    with hdf5.writing(path) as file:
        for index, layer in enumerate(step.layer for step in net.steps):
            try:
                data = _group(file, f"/data/{layer.name}")
                for i, blob in enumerate(layer.blobs):
                    if net.param_owners[index, i] == (index, i):
                        data[str(i)] = net.ops.to_host(blob.data)
                if write_diff:
                    diff = _group(file, f"/diff/{layer.name}")
                    for i, blob in enumerate(layer.blobs):
                        diff[str(i)] = net.ops.to_host(blob.diff)
            except (OSError, ValueError, TypeError) as error:
                raise WeightsError(
                    f"{path}: HDF5 cannot hold a layer '{layer.name}' beside the others, write a binary file: {error}"
                ) from error


def _group(file: Any, path: str) -> Any:
    group = file.require_group(path)
    if group.name != path:
        raise ValueError(f"'{path}' means '{group.name}' there")
    return group


def load(net: Net, path: Path) -> None:
    """Set the parameters of the layers that a file names, a caffemodel of either format and any age.

    A layer that the file does not name keeps its values. Raises WeightsError when the file is damaged, or when a
    layer's parameters in it are not as many or of other shapes than in the net; then the net stays as it was.
    """
    try:
        if _is_hdf5(path):
            with hdf5.reading(path, WeightsError) as file:
                _copy(net, _from_hdf5(file))
        else:
            copy_from(net, _read_binary(path))
    except CaffliteError as error:
        raise error.at(os.fspath(path)) from error
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {reason(error)}") from error


def load_each(net: Net, paths: str) -> None:
    """Load the files of a list with commas between, one after the other."""
    for path in paths.split(","):
        load(net, path.strip())


def copy_from(net: Net, param: NetParameter | WeightsNet) -> None:
    """Set the parameters of the layers that `param` names, as `load` does."""
    if isinstance(param, NetParameter):
        param = WeightsNet.FromString(param.SerializePartialToString())
    _copy(net, _from_proto(param))


def _is_hdf5(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE


def _read_binary(path: Path) -> WeightsNet:
    size = os.path.getsize(path)
    if size > LARGEST_BINARY:
        raise WeightsError(f"{size / 2**30:.3f} GiB are more than protobuf can read; save such a net as HDF5")
    with open(path, "rb") as file:
        content = file.read()
    try:
        param = WeightsNet.FromString(content)
    except DecodeError as error:
        raise WeightsError("this is not a caffemodel, or a damaged one") from error
    if not param.layer and not param.layers:
        raise WeightsError("no layers are in this file, expected a caffemodel")
    return param


def _from_proto(param: WeightsNet) -> Weights:
    weights: Weights = {}
    for layer in chain((old.layer if old.HasField("layer") else old for old in param.layers), param.layer):
        name = layer.name.decode(errors="replace")
        try:
            weights[name] = {i: blob_proto.to_array(blob) for i, blob in enumerate(layer.blobs)}
        except WeightsError as error:
            raise WeightsError(f"layer '{name}': {error}") from error
    return weights


def _from_hdf5(file: Any) -> Weights:
    """Names with '/' in them are groups in groups; a group that holds only groups is no layer."""
    weights: Weights = {}
    for path, item in hdf5.members(hdf5.member(file, "data", WeightsError), WeightsError).items():
        layer, _, index = path.rpartition("/")
        if hasattr(item, "shape"):
            if not index.isdecimal() or item.dtype.kind not in "fiu":
                raise WeightsError(f"'data/{path}' is not a parameter, expected numbers in data/<layer>/<index>")
            weights.setdefault(layer, {})[int(index)] = item
        elif len(item) == 0:
            weights[path] = {}
    return weights


def _copy(net: Net, weights: Weights) -> None:
    layers = [step.layer for step in net.steps]
    known = {layer.name for layer in layers}
    for name in weights:
        if name not in known:
            log.info(f"Ignoring source layer {name}")
    weights = dict(weights)
    pairs: list[tuple[Blob, Any]] = []
    wrong: list[str] = []
    for index, layer in enumerate(layers):
        if layer.name not in weights:
            continue
        arrays = weights.pop(layer.name)  # of layers of one name, the first gets the values
        if layer.type == "BatchNorm" and len(layer.blobs) == 3 and len(arrays) == 5:
            log.info(f"Ignoring the scale and bias of source layer {layer.name}, which this net's BatchNorm has not")
            arrays = {i: arrays[i] for i in range(3)}  # NVIDIA's fork: mean, variance, factor, scale, bias
        own = {i for i in range(len(layer.blobs)) if net.param_owners[index, i] == (index, i)}
        complete = own <= arrays.keys() <= set(range(len(layer.blobs)))
        if complete and all(_fits(array.shape, layer.blobs[i].shape) for i, array in arrays.items()):
            pairs += [(layer.blobs[i], array) for i, array in arrays.items()]
        else:
            there, here = _shapes(arrays.values()), _shapes(layer.blobs)
            wrong.append(f"layer '{layer.name}' has {there} in the file and {here} in the net")
    if wrong:
        raise WeightsError(f"{'; '.join(wrong)}; rename a layer in the net to let it start with new values")
    host_blob.flush()
    for blob, values in [(blob, numpy.asarray(array)) for blob, array in pairs]:
        with blob.ops.on_device():
            blob.data[...] = blob.ops.xp.asarray(values.reshape(blob.shape))


def _fits(source: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Before 2015 every parameter had four axes, the first ones of extent 1 where there were fewer."""
    return source in (target, (1,) * (4 - len(target)) + target)


def _shapes(arrays: Iterable[Any]) -> str:
    return " and ".join(str(array.shape) for array in arrays) or "no parameters"
