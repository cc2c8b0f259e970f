"""What is wrong with a net: its layers one by one, what leads from one to the other, and what they say when built."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from cafflite import build
from cafflite.errors import CaffliteError
from cafflite.layers.base import Layer, registry
from cafflite.net import Net
from cafflite.proto.caffe_pb2 import TRAIN, LayerParameter, NetParameter

FILES = ("source", "mean_file")  # fields of layers' parameters that name a file to read


@dataclass(frozen=True)
class Finding:
    """A mistake or, with `is_note`, what may be meant so: `lenet.prototxt:37: layer 'ip1' (InnerProduct): ...`."""

    text: str
    is_note: bool = False


class NetCheck:
    """Finds what is wrong with a net, as upgraded, in its state; see `check.check_net`."""

    def __init__(self, net: NetParameter, place: str, spoiled: Collection[str]) -> None:
        self.findings: list[Finding] = []
        self.net = net
        self.place = place
        self.layers = self.included()
        if not self.layers:
            self.findings.append(Finding(f"{place}: the net has no layers" + (" in this state" if net.layer else "")))
        self.broken = {i for i, layer in enumerate(self.layers) if layer.place in spoiled}
        self.check_types()
        self.check_names()
        self.check_blobs()
        self.learning: set[str] = set()  # the layers that learn, by their places and names
        self.build()
        if net.state.phase == TRAIN:
            self.check_ends()

    def mistake(self, layer: LayerParameter, sentence: str) -> None:
        self.findings.append(Finding(f"{build.where(layer)}: {sentence}"))

    def note(self, layer: LayerParameter, sentence: str) -> None:
        self.findings.append(Finding(f"{build.where(layer)}: note: {sentence}", is_note=True))

    def included(self) -> list[LayerParameter]:
        layers = []
        for layer in self.net.layer:
            try:
                if build.is_included(layer, self.net.state):
                    layers.append(layer)
            except CaffliteError as error:
                self.findings.append(Finding(str(error)))
        return layers

    def check_types(self) -> None:
        for i, layer in enumerate(self.layers):
            if layer.type not in registry:
                self.mistake(layer, build.unknown_type(layer.type))
                self.broken.add(i)

    def check_names(self) -> None:
        first: dict[str, LayerParameter] = {}
        for layer in self.layers:
            other = first.setdefault(layer.name, layer)
            if layer.name and other is not layer:
                self.mistake(layer, f"its name is also that of {_named(other)}; weights are stored by name")

    def check_blobs(self) -> None:
        """Bottoms that nobody makes, and tops made twice. `self.read` is what each layer reads, or means to."""
        made: dict[str, LayerParameter] = {}
        self.read: list[set[str]] = []
        for i, layer in enumerate(self.layers):
            self.read.append({name if name in made else build.nearest(name, made) for name in layer.bottom})
            for name in layer.bottom:
                if name not in made:
                    self.mistake(layer, build.unknown_bottom(name, made))
                    self.broken.add(i)
            for j, name in enumerate(layer.top):
                is_in_place = j < len(layer.bottom) and layer.bottom[j] == name
                if name in made and not is_in_place:
                    self.mistake(layer, f"its top blob '{name}' is made by {_named(made[name])} already")
                    self.broken.add(i)
                made[name] = layer

    def build(self) -> None:
        """Build what can be built, for all that only the layers themselves can tell."""
        param = NetParameter()
        param.CopyFrom(self.net)
        del param.layer[:]
        made: set[str] = set()
        missing: set[str] = set()
        left_out = []
        for i, layer in enumerate(self.layers):
            if i not in self.broken and missing.isdisjoint(layer.bottom):
                param.layer.append(layer)
                made.update(layer.top)
            else:
                left_out.append(layer)
                missing.update(set(layer.top) - made)
        behind = len(left_out) - len(self.broken)
        if param.layer:
            net = _PatientNet(param)
            self.findings += [Finding(text) for text in net.mistakes]
            self.learning = {step.where for step in net.steps if any(step.layer.param_propagate_down)}
            left_out += net.left_out
            behind += sum(layer.type != "Split" for layer in net.left_out)
        for layer in left_out:
            self.check_files(layer)
        if behind:
            sentence = f"layers whose shapes are not checked, as they read from some with mistakes: {behind}"
            self.findings.append(Finding(f"{self.place}: note: {sentence}", is_note=True))

    def check_files(self, layer: LayerParameter) -> None:
        """What a layer would say itself if it could be built."""
        params = [value for field, value in layer.ListFields() if field.name.endswith("_param")]
        for path in [getattr(param, name, "") for param in params for name in FILES]:
            if path and not os.path.exists(path):
                self.mistake(layer, f"'{path}' is not there")

    def check_ends(self) -> None:
        """Layers from which no way leads to a loss, where there is one to learn from."""
        if not any(layer.type in registry and _may_be_loss(layer) for layer in self.layers):
            return
        to_loss = self.upstream({i for i, layer in enumerate(self.layers) if _may_be_loss(layer)})
        unread: dict[str, int] = {}
        for i, layer in enumerate(self.layers):
            for name in self.read[i]:
                unread.pop(name, None)
            unread.update({name: i for name in layer.top})
        ends = {i for i in unread.values() if not _may_be_loss(self.layers[i]) and not _measures(self.layers[i])}
        for i in sorted(ends):
            layer = self.layers[i]
            names = " and ".join(f"'{name}'" for name, maker in unread.items() if maker == i)
            if i in to_loss or not layer.bottom:
                self.note(layer, f"no layer reads its top {names}")
            else:
                self.mistake(layer, f"it feeds nothing, as no layer reads its top {names}")
        to_end = self.upstream(ends)
        for i, layer in enumerate(self.layers):
            if build.where(layer) in self.learning and i not in to_loss | to_end:
                self.mistake(layer, "it learns nothing, as no way leads from it to a loss")

    def upstream(self, targets: set[int]) -> set[int]:
        """The layers with these numbers, and those that lead to them."""
        found: set[int] = set()
        wanted: set[str] = set()
        for i, layer in reversed(list(enumerate(self.layers))):
            if i in targets or not wanted.isdisjoint(layer.top):
                found.add(i)
                wanted |= self.read[i]
        return found


class _PatientNet(Net):
    """A net that goes on behind a layer that cannot be built, and leaves out those that read from it."""

    def __init__(self, net: NetParameter) -> None:
        self.mistakes: list[str] = []
        self.left_out: list[LayerParameter] = []
        self.missing: set[str] = set()
        super().__init__(net)

    def _add_layer(self, layer_param: Any, *others: Any) -> None:
        if self.missing.isdisjoint(layer_param.bottom):
            try:
                super()._add_layer(layer_param, *others)
                return
            except CaffliteError as error:
                self.mistakes.append(str(error))
            except Exception as error:  # of a user's Python layer
                sentence = " ".join(f"{type(error).__name__}: {error}".split())
                self.mistakes.append(f"{build.where(layer_param)}: {sentence}")
        else:
            self.left_out.append(layer_param)
        self.missing.update(layer_param.top)

    def _lay_out_params(self) -> None:
        """Nothing runs, so nothing has to lie side by side."""


def _named(layer: LayerParameter) -> str:
    """A layer in a sentence about another one."""
    line = layer.place.rpartition(":")[2]
    return f"layer '{layer.name}'" + (f" in line {line}" if line else "")


def _may_be_loss(layer: LayerParameter) -> bool:
    """Whether a layer is a loss, or of a type of which nothing is known."""
    if layer.type not in registry:
        return True
    return any(layer.loss_weight or [registry[layer.type].default_loss_weight])


def _measures(layer: LayerParameter) -> bool:
    """Whether a layer only tells something about its bottoms, as Accuracy does: there is no gradient of that."""
    return bool(layer.bottom) and registry[layer.type].backward is Layer.backward
