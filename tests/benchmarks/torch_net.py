"""A NetParameter in PyTorch, eager: the same layers on the same shapes, as one who writes PyTorch would have them."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from cafflite.proto.caffe_pb2 import NetParameter, PoolingParameter


def first(values, default: int) -> int:
    return values[0] if values else default


class Layers(nn.Module):
    """The net; `forward` returns its last blob. A BatchNorm takes the Scale behind it in."""

    def __init__(self, net: NetParameter, inputs: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.inputs = inputs
        self.weights = nn.ParameterList()
        self.steps: list[tuple[Callable, list[str], str]] = []
        shapes = {name: tuple(value.shape) for name, value in inputs.items()}
        blobs = dict(inputs)
        layers = [layer for layer in net.layer if layer.type != "Input"]
        for layer in layers:
            if layer.type == "Scale":
                continue  # the BatchNorm before has it
            make = getattr(self, f"make_{layer.type}")
            step = make(layer, *(shapes[name] for name in layer.bottom))
            with torch.no_grad():
                blobs[layer.top[0]] = step(*(blobs[name] for name in layer.bottom))
            shapes[layer.top[0]] = tuple(blobs[layer.top[0]].shape)
            self.steps.append((step, list(layer.bottom), layer.top[0]))

    def forward(self) -> torch.Tensor:
        blobs = dict(self.inputs)
        for step, bottoms, top in self.steps:
            blobs[top] = step(*[blobs[name] for name in bottoms])
        return blobs[top]

    def parameter(self, *shape: int) -> nn.Parameter:
        self.weights.append(nn.Parameter(torch.randn(shape) * (2 / max(1, torch.Size(shape[1:]).numel())) ** 0.5))
        return self.weights[-1]

    def make_Convolution(self, layer, x):
        p = layer.convolution_param
        kernel, stride, pad = first(p.kernel_size, 1), first(p.stride, 1), first(p.pad, 0)
        w = self.parameter(p.num_output, x[1] // p.group, kernel, kernel)
        b = nn.Parameter(torch.zeros(p.num_output)) if p.bias_term else None
        if b is not None:
            self.weights.append(b)
        return lambda x: F.conv2d(x, w, b, stride, pad, 1, p.group)

    def make_InnerProduct(self, layer, x):
        w = self.parameter(layer.inner_product_param.num_output, torch.Size(x[1:]).numel())
        b = nn.Parameter(torch.zeros(len(w)))
        self.weights.append(b)
        return lambda x: F.linear(x.flatten(1), w, b)

    def make_Pooling(self, layer, x):
        p = layer.pooling_param
        pool = F.max_pool2d if p.pool == PoolingParameter.MAX else F.avg_pool2d
        return lambda x: pool(x, p.kernel_size, p.stride, p.pad, ceil_mode=True)

    def make_ReLU(self, layer, x):
        return lambda x: F.relu(x, inplace=True)

    def make_LRN(self, layer, x):
        p = layer.lrn_param
        return lambda x: F.local_response_norm(x, p.local_size, p.alpha, p.beta, p.k)

    def make_Dropout(self, layer, x):
        return lambda x: F.dropout(x, layer.dropout_param.dropout_ratio, self.training)

    def make_BatchNorm(self, layer, x):
        mean, variance = torch.zeros(x[1]), torch.ones(x[1])
        scale, shift = nn.Parameter(torch.ones(x[1])), nn.Parameter(torch.zeros(x[1]))
        self.weights.extend([scale, shift])
        return lambda x: F.batch_norm(x, mean, variance, scale, shift, training=False, eps=1e-5)

    def make_Eltwise(self, layer, *shapes):
        return lambda a, b: a + b

    def make_Concat(self, layer, *shapes):
        return lambda *parts: torch.cat(parts, 1)

    def make_Reduction(self, layer, x):
        return torch.mean

    def make_SoftmaxWithLoss(self, layer, *shapes):
        return F.cross_entropy
