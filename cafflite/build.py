"""From the net as written to the net as run: layers filtered by the net's state, data layers replaced, splits inserted.

Pure functions from NetParameter to NetParameter.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from cafflite.errors import NetError
from cafflite.forks import FORK_OF
from cafflite.layers.base import registry
from cafflite.proto import caffe_pb2


def where(layer: Any) -> str:
    """The place that errors about a LayerParameter start with: `lenet.prototxt:37: layer 'ip1' (InnerProduct)`."""
    place = f"{layer.place}: " if layer.place else ""
    return f"{place}layer '{layer.name}' ({layer.type})"


def filter_net(net: Any) -> Any:
    """The net without the layers that its own `state` (phase, level, stages) leaves out."""
    filtered = caffe_pb2.NetParameter()
    filtered.CopyFrom(net)
    del filtered.layer[:]
    filtered.layer.extend(layer for layer in net.layer if is_included(layer, net.state))
    return filtered


def is_included(layer: Any, state: Any) -> bool:
    """Whether a net in this state has the layer. Raises NetError when it has rules of both kinds."""
    if layer.include and layer.exclude:
        raise NetError("it has both include and exclude rules, expected only one kind").at(where(layer))
    if layer.include:
        return any(_meets(state, rule) for rule in layer.include)
    return not any(_meets(state, rule) for rule in layer.exclude)


def _meets(state: Any, rule: Any) -> bool:
    return (
        (not rule.HasField("phase") or rule.phase == state.phase)
        and (not rule.HasField("min_level") or state.level >= rule.min_level)
        and (not rule.HasField("max_level") or state.level <= rule.max_level)
        and all(stage in state.stage for stage in rule.stage)
        and not any(stage in state.stage for stage in rule.not_stage)
    )


def replace_data_layers(net: Any, shapes: Mapping[str, Sequence[int]]) -> Any:
    """The net with Input layers of the given shapes, by the name of a top, in place of its data layers.

    Replaced are the layers without bottoms that make a blob named in `shapes`, and those that are not registered.
    Raises NetError when one of these has a top without a shape, or a shape is for no such top.
    """
    replaced = caffe_pb2.NetParameter()
    replaced.CopyFrom(net)
    sources = [layer for layer in replaced.layer if not layer.bottom]
    tops = [name for layer in sources for name in layer.top]
    for name in shapes:
        if name not in tops:
            raise NetError(f"data_shapes has '{name}', and no layer without bottoms makes it{meant(name, tops)}")
    for layer in sources:
        if layer.type in registry and shapes.keys().isdisjoint(layer.top):
            continue
        missing = [name for name in layer.top if name not in shapes]
        if missing:
            raise NetError(f"data_shapes has no shape for its top {_quoted(missing)}").at(where(layer))
        data = caffe_pb2.InputParameter(shape=[caffe_pb2.BlobShape(dim=shapes[name]) for name in layer.top])
        layer.CopyFrom(
            caffe_pb2.LayerParameter(
                name=layer.name, type="Input", top=layer.top, input_param=data, place=layer.place or None
            )
        )
    return replaced


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def insert_splits(net: Any) -> Any:
    """The net with a Split layer behind every blob that is read more than once, named as Caffe names them.

    A top with a loss weight of its own counts as read once more, by the loss.
    """
    readers, sources = _readers(net)
    split = caffe_pb2.NetParameter()
    split.CopyFrom(net)
    del split.layer[:]
    taken: Counter[tuple[int, int]] = Counter()
    for i, layer in enumerate(net.layer):
        wired = split.layer.add()
        wired.CopyFrom(layer)
        for j, name in enumerate(layer.bottom):
            source = sources[i, j]
            if readers[source] > 1:
                wired.bottom[j] = _split_blob(net.layer[source[0]].name, name, source[1], taken[source])
                taken[source] += 1
        for j, name in enumerate(layer.top):
            if readers[i, j] > 1:
                loss_weight = layer.loss_weight[j] if j < len(layer.loss_weight) else 0.0
                _add_split(split, layer, name, j, readers[i, j], loss_weight)
                if loss_weight:
                    wired.ClearField("loss_weight")
                    taken[i, j] += 1  # the first copy is the one the loss reads
    return split


def _readers(net: Any) -> tuple[Counter[tuple[int, int]], dict[tuple[int, int], tuple[int, int]]]:
    """How often each top (layer, index) is read, and which top each bottom (layer, index) reads."""
    latest: dict[str, tuple[int, int]] = {}
    readers: Counter[tuple[int, int]] = Counter()
    sources = {}
    for i, layer in enumerate(net.layer):
        for j, name in enumerate(layer.bottom):
            if name not in latest:
                raise NetError(unknown_bottom(name, latest)).at(where(layer))
            sources[i, j] = latest[name]
            readers[latest[name]] += 1
        for j, name in enumerate(layer.top):
            latest[name] = (i, j)
            if j < len(layer.loss_weight) and layer.loss_weight[j]:
                readers[i, j] += 1
    return readers, sources


def unknown_bottom(name: str, made: Iterable[str]) -> str:
    """The sentence about a bottom that is not among the blobs made before it."""
    return f"unknown bottom blob '{name}': no layer before it makes it{meant(name, made)}"


def unknown_type(name: str) -> str:
    """The sentence about a layer type that is not registered."""
    fork = f" (known from the {FORK_OF[name]} fork)" if name in FORK_OF else meant(name, registry)
    return f"unknown layer type '{name}'{fork}"


def refuse_unknown_types(net: Any) -> None:
    """NetError that names all types of layers that nobody has registered, each with the place of its first one."""
    unknown: dict[str, list[Any]] = {}
    for layer in net.layer:
        if layer.type not in registry:
            unknown.setdefault(layer.type, []).append(layer)
    if not unknown:
        return
    places, sentences = [], []
    for name, layers in unknown.items():
        places.append(where(layers[0]) + (f" and {len(layers) - 1} more" if len(layers) > 1 else ""))
        sentences.append(unknown_type(name))
    others = "".join(f"\n{place}: {sentence}" for place, sentence in zip(places[1:], sentences[1:], strict=True))
    types = ", ".join(sorted(registry))
    raise NetError(f"{sentences[0]}{others}; registered types: {types}").at(places[0])


def meant(name: str, names: Iterable[str]) -> str:
    """`; did you mean '...'?` where one of `names` is close, but for capitals, else nothing."""
    close = nearest(name, names)
    return f"; did you mean '{close}'?" if close else ""


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that is close to `name`, but for capitals; empty when there is none."""
    small = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), small, 1)
    return small[close[0]] if close else ""


def _split_blob(layer: str, blob: str, index: int, copy: int) -> str:
    return f"{blob}_{layer}_{index}_split_{copy}"


def _add_split(net: Any, source: Any, blob: str, index: int, copies: int, loss_weight: float) -> None:
    split = net.layer.add(name=f"{blob}_{source.name}_{index}_split", type="Split", bottom=[blob], place=source.place)
    split.top.extend(_split_blob(source.name, blob, index, k) for k in range(copies))
    if loss_weight:
        split.loss_weight.extend([loss_weight] + [0.0] * (copies - 1))
