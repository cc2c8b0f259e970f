"""Recurrent layers in both directions, for nets written as Python.

A bidirectional layer (Schuster and Paliwal 1997) is three layers: one recurrent layer, another one with `reverse`, and
Concat of what they make. As a prototxt:

    layer { name: "forward" type: "LSTM" bottom: "x" bottom: "cont" top: "forward"
            recurrent_param { num_output: 100 } }
    layer { name: "backward" type: "LSTM" bottom: "x" bottom: "cont" top: "backward"
            recurrent_param { num_output: 100 reverse: true } }
    layer { name: "h" type: "Concat" bottom: "forward" bottom: "backward" top: "h" concat_param { axis: 2 } }
"""

from collections.abc import Callable, Mapping
from typing import Any

from cafflite import layers
from cafflite.net_spec import Top


def bidirectional(
    recurrent: Callable[..., Any], *bottoms: Top, recurrent_param: Mapping[str, Any], **params: Any
) -> Top:
    """The outputs of two recurrent layers, one of them in reverse, side by side: (T, N, 2 num_output).

    recurrent  the function of their type: L.LSTM, L.RNN or L.GRU of `from cafflite import layers as L`
    bottoms    of each of them: x and cont, a static input, and the lengths where the recurrent_param says `lengths`
    recurrent_param, params  of each of them

    >>> from cafflite import NetSpec, bidirectional, layers as L
    >>> net = NetSpec()
    >>> net.x, net.cont = L.Input(ntop=2, shape=[dict(dim=[20, 5, 3]), dict(dim=[20, 5])])
    >>> net.h = bidirectional(L.LSTM, net.x, net.cont, recurrent_param=dict(num_output=100))
    """
    forward = recurrent(*bottoms, recurrent_param=dict(recurrent_param), **params)
    backward = recurrent(*bottoms, recurrent_param=dict(recurrent_param, reverse=True), **params)
    return layers.Concat(forward, backward, axis=2)
