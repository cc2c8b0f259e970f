"""A net in the test phase as an ONNX model with the same weights, for a runtime that is timed beside it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

import cafflite
from cafflite.proto.caffe_pb2 import EltwiseParameter, NetParameter, PoolingParameter

OPSET = 13


def model(param: NetParameter) -> onnx.ModelProto:
    """From the blob `data` to the last layer's bottom, a loss as its Softmax."""
    net = cafflite.Net(param, cafflite.TEST)
    return _Model(net, [layer for layer in param.layer if layer.type != "Input"]).message()


class _Model:
    """A blob that layers change in place gets a new name each time: a name in ONNX is written once."""

    def __init__(self, net: cafflite.Net, layers: list[Any]) -> None:
        self.net = net
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.names: dict[str, str] = {name: name for name in net.inputs}
        for number, layer in enumerate(layers):
            make: Callable[[Any], None] = getattr(self, f"make_{layer.type}")
            self.top = f"{layer.top[0]}_{number}"
            make(layer)
            self.names[layer.top[0]] = self.top

    def message(self) -> onnx.ModelProto:
        shape = self.net.blobs["data"].shape
        graph = helper.make_graph(
            self.nodes,
            self.net.name or "net",
            [helper.make_tensor_value_info("data", onnx.TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(self.top, onnx.TensorProto.FLOAT, None)],
            self.weights,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        made.ir_version = 8
        return made

    def bottoms(self, layer: Any) -> list[str]:
        return [self.names[name] for name in layer.bottom]

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def parameters(self, layer: Any) -> list[str]:
        blobs = self.net.params[layer.name]
        return [self.weight(f"{layer.name}.blobs[{i}]", blob.data) for i, blob in enumerate(blobs)]

    def add(self, operation: str, inputs: list[str], **attributes: Any) -> None:
        self.nodes.append(helper.make_node(operation, inputs, [self.top], **attributes))

    def make_Convolution(self, layer: Any) -> None:
        p = layer.convolution_param
        (kernel,), stride, pad = p.kernel_size, (list(p.stride) or [1])[0], (list(p.pad) or [0])[0]
        self.add(
            "Conv", self.bottoms(layer) + self.parameters(layer),
            kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, group=p.group,
        )  # fmt: skip

    def make_InnerProduct(self, layer: Any) -> None:
        flat = f"{self.top}_flat"
        self.nodes.append(helper.make_node("Flatten", self.bottoms(layer), [flat]))
        self.add("Gemm", [flat, *self.parameters(layer)], transB=1)

    def make_Pooling(self, layer: Any) -> None:
        p = layer.pooling_param
        operation = "MaxPool" if p.pool == PoolingParameter.MAX else "AveragePool"
        self.add(
            operation, self.bottoms(layer),
            kernel_shape=[p.kernel_size] * 2, strides=[p.stride] * 2, pads=[p.pad] * 4, ceil_mode=1,
        )  # fmt: skip

    def make_ReLU(self, layer: Any) -> None:
        self.add("Relu", self.bottoms(layer))

    def make_LRN(self, layer: Any) -> None:
        p = layer.lrn_param
        self.add("LRN", self.bottoms(layer), size=p.local_size, alpha=p.alpha, beta=p.beta, bias=p.k)

    def make_Dropout(self, layer: Any) -> None:
        self.add("Identity", self.bottoms(layer))

    def make_BatchNorm(self, layer: Any) -> None:
        mean, variance, factor = (blob.data for blob in self.net.params[layer.name])
        by = 1 / factor[0] if factor[0] else 0
        inputs = [
            self.weight(f"{layer.name}.{name}", value)
            for name, value in (
                ("scale", np.ones_like(mean)), ("bias", np.zeros_like(mean)), ("mean", mean * by),
                ("variance", variance * by),
            )
        ]  # fmt: skip
        self.add("BatchNormalization", self.bottoms(layer) + inputs, epsilon=layer.batch_norm_param.eps)

    def make_Scale(self, layer: Any) -> None:
        """Slope and offset take the place of those of the BatchNorm before, which are 1 and 0."""
        for i, blob in enumerate(self.net.params[layer.name]):
            name = self.nodes[-1].input[1 + i]
            old = next(weight for weight in self.weights if weight.name == name)
            old.CopyFrom(numpy_helper.from_array(np.array(blob.data), name))
        self.top = self.nodes[-1].output[0]

    def make_Eltwise(self, layer: Any) -> None:
        if layer.eltwise_param.operation != EltwiseParameter.SUM:
            raise ValueError(f"layer '{layer.name}': only sums are converted")
        self.add("Sum", self.bottoms(layer))

    def make_Concat(self, layer: Any) -> None:
        self.add("Concat", self.bottoms(layer), axis=1)

    def make_Reduction(self, layer: Any) -> None:
        self.add("ReduceMean", self.bottoms(layer), keepdims=0)

    def make_SoftmaxWithLoss(self, layer: Any) -> None:
        self.add("Softmax", self.bottoms(layer)[:1], axis=1)
