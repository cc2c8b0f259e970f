"""Nets and solvers of every age of Caffe, brought to today's form by the rules of Caffe's own upgrade.

A layer has been written in three ways: `layers { layer { type: "conv" } }` (V0), `layers { type: CONVOLUTION }` (V1)
and today's `layer { type: "Convolution" }`; a net's inputs as `input` with `input_dim` or `input_shape`, and today as
an Input layer. Everything here returns a new message and leaves the given one as it is.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import Message

from cafflite.errors import CaffliteError, NetError, SolverError
from cafflite.proto.caffe_pb2 import (
    BlobShape,
    InputParameter,
    LayerParameter,
    NetParameter,
    SolverParameter,
    V1LayerParameter,
)

V1_TYPES = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}
# V0's types are V1's in small letters, but for these.
_V0_TYPES = {"conv": "CONVOLUTION", "pool": "POOLING", "innerproduct": "INNER_PRODUCT", "images": "IMAGE_DATA"}
_V0_NAMES = {
    "biasterm": "bias_term",
    "kernelsize": "kernel_size",
    "batchsize": "batch_size",
    "shuffle_images": "shuffle",
    "meanfile": "mean_file",
    "cropsize": "crop_size",
    "det_fg_threshold": "fg_threshold",
    "det_bg_threshold": "bg_threshold",
    "det_fg_fraction": "fg_fraction",
    "det_context_pad": "context_pad",
    "det_crop_mode": "crop_mode",
}
_LAYER_FIELDS = ("name", "blobs", "blobs_lr", "weight_decay", "hdf5_output_param")
_TRANSFORM_FIELDS = ("scale", "mean_file", "crop_size", "mirror")
_DATA_PARAMS = {"Data": "data_param", "ImageData": "image_data_param", "WindowData": "window_data_param"}
# The lists of a V1 layer that hold one value for each of its parameters, and where ParamSpec has them.
_PARAM_SPEC = {"param": "name", "blob_share_mode": "share_mode", "blobs_lr": "lr_mult", "weight_decay": "decay_mult"}
_SOLVER_TYPES = {
    "SGD": "SGD",
    "NESTEROV": "Nesterov",
    "ADAGRAD": "AdaGrad",
    "RMSPROP": "RMSProp",
    "ADADELTA": "AdaDelta",
    "ADAM": "Adam",
}


def upgrade_net(net: NetParameter) -> NetParameter:
    """The net with today's layers only, its inputs as an Input layer. Raises NetError, with the layer's place."""
    if net.layer and net.layers:
        raise _refuse(net.layers[0], "'layers' is the old form of 'layer'; a net cannot mix them, write all as 'layer'")
    new = NetParameter()
    new.CopyFrom(net)
    for field in ("input", "input_shape", "input_dim", "layer", "layers"):
        new.ClearField(field)
    new.layer.extend(_inputs(net))
    new.layer.extend(net.layer)
    new.layer.extend(_from_v1(_from_v0(layer)) for layer in _merge_padding(net.layers))
    for layer in new.layer:
        if layer.type == "BatchNorm" and len(layer.param) == 3:
            # As needed when the three blobs counted as parameters; they must not be trained.
            for spec in layer.param:
                spec.lr_mult = spec.decay_mult = 0
    return new


def upgrade_solver(solver: SolverParameter) -> SolverParameter:
    """The solver with `type` in place of the enum `solver_type`. Raises SolverError when it has both."""
    new = SolverParameter()
    new.CopyFrom(solver)
    if solver.HasField("solver_type"):
        old = SolverParameter.SolverType.Name(solver.solver_type)
        if solver.HasField("type"):
            raise SolverError(f'the solver has both type: "{solver.type}" and the old solver_type: {old}; remove one')
        new.type = _SOLVER_TYPES[old]
        new.ClearField("solver_type")
    return new


def _inputs(net: NetParameter) -> list[LayerParameter]:
    """The Input layer for `input`; none without shapes, as in old weight files."""
    if not net.input or not (net.input_shape or net.input_dim):
        return []
    if not net.input_shape and len(net.input_dim) % 4:
        raise NetError(f"the net has {len(net.input_dim)} input_dim; an input takes 4 of them, or an input_shape")
    fours = range(0, len(net.input_dim), 4)
    shapes = list(net.input_shape) or [BlobShape(dim=net.input_dim[i : i + 4]) for i in fours]
    if len(shapes) < len(net.input):
        raise NetError(f"input '{net.input[len(shapes)]}' has no shape; give it an input_shape, or 4 input_dim")
    shapes = shapes[: len(net.input)]
    return [LayerParameter(name="input", type="Input", top=net.input, input_param=InputParameter(shape=shapes))]


def _merge_padding(layers: Iterable[V1LayerParameter]) -> Iterator[V1LayerParameter]:
    """The layers without V0's padding layers, whose `pad` goes to the convolution or pooling behind them."""
    made_by: dict[str, V1LayerParameter] = {}
    for layer in layers:
        merged = layer
        for padding in (made_by[bottom] for bottom in layer.bottom if bottom in made_by):
            if padding.layer.type != "padding":
                continue
            one_blob = len(layer.bottom) == len(padding.bottom) == len(padding.top) == 1
            if layer.layer.type not in ("conv", "pool") or not one_blob:
                name = padding.layer.name
                raise _refuse(layer, f"padding layer '{name}' can only stand between one blob and a conv or pool layer")
            merged = V1LayerParameter()
            merged.CopyFrom(layer)
            merged.layer.pad = padding.layer.pad
            merged.bottom[0] = padding.bottom[0]
        made_by.update(dict.fromkeys(layer.top, layer))
        if layer.layer.type != "padding":
            yield merged


def _from_v0(layer: V1LayerParameter) -> V1LayerParameter:
    """What V0 has in one flat message goes to the parameters of the layer's type; what the type lacks is dropped."""
    if not layer.HasField("layer"):
        return layer
    old = layer.layer
    kind = _V0_TYPES.get(old.type, old.type.upper())
    if kind not in V1_TYPES:
        raise _refuse(layer, f"unknown layer type '{old.type}'")
    new = V1LayerParameter()
    new.CopyFrom(layer)
    new.ClearField("layer")
    new.type = V1LayerParameter.LayerType.Value(kind)
    for field, value in old.ListFields():
        name = _V0_NAMES.get(field.name, field.name)
        if name in _LAYER_FIELDS:
            target: Any = new
        elif name in _TRANSFORM_FIELDS:
            target = new.transform_param
        else:
            target = getattr(new, f"{kind.lower()}_param", None)
        if name != "type" and hasattr(target, name):
            _assign(target, name, value)
    return new


def _from_v1(layer: V1LayerParameter) -> LayerParameter:
    new = LayerParameter()
    for field, value in layer.ListFields():
        if field.name == "type":
            name = V1LayerParameter.LayerType.Name(value)
            new.type = V1_TYPES.get(name, name)  # a fork's type keeps its name
        elif field.name in _PARAM_SPEC:
            while len(new.param) < len(value):
                new.param.add()
            for spec, item in zip(new.param, value, strict=False):
                setattr(spec, _PARAM_SPEC[field.name], item)
        else:
            _assign(new, field.name, value)
    if new.type in _DATA_PARAMS:
        data = getattr(new, _DATA_PARAMS[new.type])
        for name in filter(data.HasField, _TRANSFORM_FIELDS):
            setattr(new.transform_param, name, getattr(data, name))
            data.ClearField(name)
    return new


def _assign(message: Message, name: str, value: Any) -> None:
    """Set a field of any kind; one value for a repeated field is its first."""
    if isinstance(value, Message):
        getattr(message, name).CopyFrom(value)
    elif message.DESCRIPTOR.fields_by_name[name].has_presence:
        setattr(message, name, value)
    else:
        getattr(message, name).extend([value] if isinstance(value, int) else value)


def _refuse(layer: V1LayerParameter, sentence: str) -> CaffliteError:
    if layer.HasField("layer"):
        name, kind = layer.layer.name, layer.layer.type
    else:
        name, kind = layer.name, V1LayerParameter.LayerType.Name(layer.type)
    place = f"{layer.place}: " if layer.place else ""
    return NetError(sentence).at(f"{place}layer '{name}' ({kind})")
