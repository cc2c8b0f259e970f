"""What a layer does that changes each channel by a factor and a term only: one in front of it can do that along."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from cafflite.blob import Array

if TYPE_CHECKING:
    from cafflite.layers.base import Layer


class ChannelMap(NamedTuple):
    """y = scale x + offset for each channel (C,), and of that slope y where it is not above 0; None is 1 or 0."""

    scale: Array | None = None
    offset: Array | None = None
    slope: float = 1.0


def can_join(layers: list[Layer]) -> bool:
    """Whether `joined` can join what they do: of the layers, only the last one may have a slope."""
    return all(layer.is_channel_map for layer in layers) and all(layer.type != "ReLU" for layer in layers[:-1])


def joined(offset: Array | None, maps: Iterable[ChannelMap]) -> ChannelMap:
    """x + offset and then all the `maps`, of which only the last may have a slope."""
    scale, slope = None, 1.0
    for factor, term, slope in maps:  # noqa: B007  # the last slope is the one that counts
        if factor is not None:
            scale = factor if scale is None else factor * scale
            offset = None if offset is None else factor * offset
        if term is not None:
            offset = term if offset is None else offset + term
    return ChannelMap(scale, offset, slope)
