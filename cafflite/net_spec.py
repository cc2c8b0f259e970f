"""Nets written as Python: a function call is a layer, and what it returns are the layer's tops.

from cafflite import NetSpec, layers as L, params as P

net = NetSpec()
net.data, net.label = L.HDF5Data(source="train.txt", batch_size=64, ntop=2)
net.conv = L.Convolution(net.data, num_output=20, kernel_size=5, weight_filler=dict(type="xavier"))
net.pool = L.Pooling(net.conv, pool=P.Pooling.MAX, kernel_size=2, stride=2)
net.relu = L.ReLU(net.pool, in_place=True)
net.score = L.InnerProduct(net.relu, num_output=10, param=[dict(lr_mult=1), dict(lr_mult=2)])
net.loss = L.SoftmaxWithLoss(net.score, net.label)
print(net.to_proto())
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from cafflite.errors import CaffliteError, NetError, UnknownTopError
from cafflite.proto import caffe_pb2
from cafflite.proto.caffe_pb2 import LayerParameter, NetParameter
from cafflite.proto.reader import RANGES, belongs_inside, did_you_mean, expectation, fields_of, is_repeated


class Top:
    """Output number `n` of `fn`, a layer."""

    def __init__(self, fn: Function, n: int) -> None:
        self.fn = fn
        self.n = n

    def to_proto(self) -> NetParameter:
        """The net that makes this top."""
        return to_proto(self)


class Function:
    """A layer: its type, the tops that it reads, its parameters, and the tops that it makes.

    ntop      how many tops it makes, 1 without it
    in_place  whether its tops are its bottoms

    Both are taken out of `params`; the rest are fields, as `assign` has it. Raises TypeError for an input that is
    not a Top, and NetError for more tops than a layer in place has bottoms.
    """

    def __init__(self, type_name: str, inputs: tuple[Top, ...], params: dict[str, Any]) -> None:
        for index, bottom in enumerate(inputs):
            if not isinstance(bottom, Top):
                raise TypeError(f"{type_name} input {index} is not a Top (type is {type(bottom)})")
        self.type_name = type_name
        self.inputs = inputs
        self.params = params
        self.ntop: int = params.pop("ntop", 1)
        self.in_place: bool = params.pop("in_place", False)
        if self.in_place and self.ntop > len(inputs):
            raise NetError(f"{type_name} in place has {len(inputs)} bottoms, and ntop asks for {self.ntop} tops")
        self.tops = tuple(Top(self, n) for n in range(self.ntop))

    def assign(self, layer: LayerParameter) -> None:
        """Put the parameters into their fields: those of the layer type's own message first, then the layer's.

        A name that ends in "param" is the layer's: `param`, `transform_param`, `convolution_param`, ...
        """
        own_name = param_name_dict().get(self.type_name)
        own = getattr(layer, f"{own_name}_param") if own_name else layer
        names = fields_of(own.DESCRIPTOR) | fields_of(layer.DESCRIPTOR)
        for name, value in self.params.items():
            if name not in names:
                raise _unknown(name, own, names)
            is_own = name in fields_of(own.DESCRIPTOR) and not name.endswith("param")
            assign_proto(own if is_own else layer, name, value)


class NetSpec:
    """A net under construction: each attribute, or item, that is set names a top, or a layer without tops.

    The layers stand in the order in which they are first named, each behind those that it reads. Tops without a name
    are called by their layers' types: Convolution1, Convolution2, ...
    """

    tops: OrderedDict[str, Any]

    def __init__(self) -> None:
        vars(self)["tops"] = OrderedDict()

    def __setitem__(self, name: str, top: Any) -> None:
        if not isinstance(top, Top | Function):
            raise NetError(f"'{name}' is set to a {type(top).__name__}, expected one top of a layer")
        self.tops[name] = top

    def __getitem__(self, name: str) -> Any:
        tops = vars(self).get("tops", {})  # a copy asks for names before it has any
        if name not in tops:
            raise UnknownTopError(f"the net has no top '{name}'{did_you_mean(name, tops)}")
        return tops[name]

    def __setattr__(self, name: str, top: Any) -> None:
        self[name] = top

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def to_proto(self) -> NetParameter:
        """The net as a message, whose str() is its prototxt. Raises NetError."""
        return _net(self.tops.values(), {top: name for name, top in self.tops.items()})


def to_proto(*tops: Top) -> NetParameter:
    """The net that makes these tops. Raises NetError."""
    return _net(tops, {})


def _net(tops: Iterable[Any], names: dict[Any, str]) -> NetParameter:
    """The layers that `tops` need, under `names`, which all that has none is added to."""
    net = NetParameter()
    counts: Counter[str] = Counter()
    layers: dict[Function, LayerParameter] = {}

    def name(top: Any, fn: Function) -> str:
        if top not in names:
            counts[fn.type_name] += 1
            names[top] = f"{fn.type_name}{counts[fn.type_name]}"
        return names[top]

    for fn in _in_order([top.fn if isinstance(top, Top) else top for top in tops]):
        layers[fn] = layer = net.layer.add(type=fn.type_name)
        layer.bottom.extend(layers[bottom.fn].top[bottom.n] for bottom in fn.inputs)
        layer.top.extend(layer.bottom if fn.in_place else [name(top, fn) for top in fn.tops])
        layer.name = name(fn.tops[0] if fn.tops else fn, fn)
        try:
            fn.assign(layer)
        except CaffliteError as error:
            raise error.at(f"layer '{layer.name}' ({fn.type_name})") from error
    return net


def _in_order(wanted: list[Function]) -> Iterable[Function]:
    """These layers and all that they read, each behind what it reads."""
    done: dict[Function, None] = {}
    stack = wanted[::-1]
    while stack:
        before = [bottom.fn for bottom in stack[-1].inputs if bottom.fn not in done]
        if before:
            stack += before[::-1]
        else:
            done[stack.pop()] = None
    return done


def param_name_dict() -> dict[str, str]:
    """The layer types that have a message of their own, and the field it is in, without its "_param"."""
    names = {
        field.message_type.name.removesuffix("Parameter"): field.name.removesuffix("_param")
        for field in LayerParameter.DESCRIPTOR.fields
        if field.name.endswith("_param") and field.message_type
    }
    names["Lstm"] = names.pop("LSTM")  # LSTMParameter is the fork's; Caffe's LSTM has the recurrent_param
    return names


def assign_proto(proto: Message, name: str, val: Any) -> None:
    """Set a field of a message: a dict is a message, a list the items of a repeated field, one value its only item.

    Raises NetError for a field that the message has not, or a value that it does not take.
    """
    fields = fields_of(proto.DESCRIPTOR)
    if name not in fields:
        raise _unknown(name, proto, fields)
    field = fields[name]
    is_list = isinstance(val, list | tuple)
    if is_list and not is_repeated(field):
        raise NetError(f"{name} is {val!r}, expected one value")
    values = val if is_list else [val]
    if field.message_type:
        for value in values:
            if not isinstance(value, Mapping):
                raise NetError(f"{name} is {value!r}, expected a dict of fields of {field.message_type.name}")
            message = getattr(proto, name).add() if is_repeated(field) else getattr(proto, name)
            for key, item in value.items():
                assign_proto(message, key, item)
        return
    try:
        if is_repeated(field):
            getattr(proto, name).extend(values)
        else:
            setattr(proto, name, val)
    except (TypeError, ValueError) as error:
        _, low, high = RANGES.get(field.cpp_type, ("", 0, 0))
        span = f" from {low} to {high}" if high and isinstance(error, ValueError) else ""
        raise NetError(f"{name} is {val!r}, expected {expectation(field)}{span}") from None


def _unknown(name: str, message: Message, names: Iterable[str]) -> NetError:
    hint = belongs_inside(name, message) or did_you_mean(name, names)
    return NetError(f"unknown field '{name}' in {message.DESCRIPTOR.name}{hint}")


class Layers:
    """A function for each layer type, of any name: `layers.Convolution(bottom, ..., field=value, ...)`.

    It takes tops, and the layer's fields, `ntop` and `in_place` by name, and returns the layer's one top, a tuple of
    several, or the layer itself where it has none.
    """

    def __getattr__(self, type_name: str) -> Callable[..., Any]:
        if type_name.startswith("__"):
            raise AttributeError(type_name)

        def make(*bottoms: Top, **params: Any) -> Any:
            fn = Function(type_name, bottoms, params)
            return fn if fn.ntop == 0 else fn.tops[0] if fn.ntop == 1 else fn.tops

        return make


class Parameters:
    """The enums of the layers' messages: `params.Pooling.MAX`, `params.Loss.VALID`, ..."""

    def __getattr__(self, name: str) -> Any:
        if not hasattr(caffe_pb2, f"{name}Parameter"):
            raise AttributeError(f"there is no message {name}Parameter{did_you_mean(name, param_name_dict())}")
        return getattr(caffe_pb2, f"{name}Parameter")


layers = Layers()
params = Parameters()
