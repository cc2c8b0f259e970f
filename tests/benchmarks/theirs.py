"""The timed work, by PyTorch, eager."""

import os
from collections.abc import Callable

import torch
from torch import nn
from torch_net import Layers

from cafflite.proto.caffe_pb2 import NetParameter

STEPS, STREAMS, SYMBOLS = 50, 250, 47


def begin() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))


def network(make: Callable[[], NetParameter], train: bool) -> Callable[[], object]:
    """A forward pass in the test phase, or an iteration of SGD with momentum."""
    begin()
    net = make()
    inputs = {}
    for layer in net.layer:
        if layer.type == "Input":
            shape = list(layer.input_param.shape[0].dim)
            inputs[layer.top[0]] = torch.randn(shape) if len(shape) > 1 else torch.zeros(shape, dtype=torch.long)
    module = Layers(net, inputs)
    if not train:
        module.eval()
        return torch.inference_mode()(module)
    sgd = torch.optim.SGD(module.parameters(), 1e-4, momentum=0.9)

    def iterate() -> None:
        sgd.zero_grad()
        module().backward()
        sgd.step()

    return iterate


def characters() -> Callable[[], object]:
    """What models/text_gen does in an iteration."""
    begin()
    embed, lstm, drop, out = nn.Embedding(SYMBOLS, 32), nn.LSTM(32, 256), nn.Dropout(0.35), nn.Linear(256, SYMBOLS)
    parameters = [p for module in (embed, lstm, out) for p in module.parameters()]
    adam = torch.optim.Adam(parameters, 1e-3, betas=(0.2, 0.999), weight_decay=1e-4)
    symbols = torch.randint(0, SYMBOLS, (2, STEPS, STREAMS))

    def iterate() -> None:
        adam.zero_grad()
        scores = out(drop(lstm(embed(symbols[0]))[0]))
        nn.functional.cross_entropy(scores.view(-1, SYMBOLS), symbols[1].view(-1)).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()

    return iterate


def sine() -> Callable[[], object]:
    """What models/sine_lstm does in an iteration."""
    begin()
    lstm, out = nn.LSTM(1, 15), nn.Linear(15, 1)
    parameters = [*lstm.parameters(), *out.parameters()]
    sgd = torch.optim.SGD(parameters, 1e-4, momentum=0.95)
    x, label = torch.zeros(320, 1, 1), torch.randn(320, 1, 1)

    def iterate() -> None:
        sgd.zero_grad()
        nn.functional.mse_loss(out(lstm(x)[0]), label).backward()
        sgd.step()

    return iterate


def one_step(units: int) -> Callable[[], object]:
    """One character through an embedding, an LSTM, an inner product and a softmax, the state carried."""
    begin()
    embed, lstm, out = nn.Embedding(SYMBOLS, 32), nn.LSTM(32, units), nn.Linear(units, SYMBOLS)
    state = (torch.zeros(1, 1, units), torch.zeros(1, 1, units))
    symbol = torch.tensor([[3]])

    def step() -> torch.Tensor:
        nonlocal state
        with torch.inference_mode():
            y, state = lstm(embed(symbol), state)
            return out(y).softmax(-1)

    return step
