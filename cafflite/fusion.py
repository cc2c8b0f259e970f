"""Layers that work in place behind another, done along with it: fewer passes over memory, and the same blobs."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from cafflite.blob import Array, Blob
from cafflite.layers._kept_input import KeptInput
from cafflite.layers.scale import Scale
from cafflite.proto.caffe_pb2 import TRAIN
from cafflite.step import PLACED, Step, placed


@dataclass
class Fused:
    """A step, and those behind it that its layer does along."""

    head: Step
    behind: list[Step]

    def __post_init__(self) -> None:
        self.layers = [step.layer for step in self.behind]

    @property
    def names(self) -> list[str]:
        """Of the layers that run."""
        return [self.head.layer.name, *(layer.name for layer in self.layers)]

    def forward(self) -> None:
        """Run the layers forward, and reshape them first where that is due."""
        for step in (self.head, *self.behind):
            if step.is_outdated():
                step.reshape()
        try:
            self.head.layer.forward_with(self.layers, self.head.bottom, self.head.top)
        except PLACED as error:
            raise placed(error, self.head.where) from error
        for step in (self.head, *self.behind):
            step.has_run = True
        for layer in self.layers:
            if isinstance(layer, KeptInput):
                layer.skip(partial(self._input_of, layer))

    def _input_of(self, layer: KeptInput) -> Array:
        """What the layer would have been given, had every layer done its own work."""
        if self.head.layer.keeps_output and layer is self.layers[0]:
            return self.head.layer.output()
        top = [Blob(self.head.top[0].shape, self.head.layer.ops)]
        self.head.layer.forward(self.head.bottom, top)
        for each in self.layers:
            each.forward(top, top)
        return layer.kept(top)


def fuse(steps: list[Step]) -> list[Step | Fused]:
    """The steps, those that can be done along with one in front of them together with it."""
    groups: list[list[Step]] = []
    for step in steps:
        if groups and _joins(step, *groups[-1]):
            groups[-1].append(step)
        else:
            groups.append([step])
    return [Fused(head, behind) if behind else head for head, *behind in groups]


def _joins(step: Step, head: Step, *behind: Step) -> bool:
    """Whether it works in place on the only top of `head`, whose layer can do its work along."""
    is_in_place = len(head.top) == 1 and all(blob is head.top[0] for blob in (*step.bottom, *step.top))
    return is_in_place and _finds_input(step, head, *behind) and head.layer.takes_in([s.layer for s in (*behind, step)])


def _finds_input(step: Step, head: Step, *behind: Step) -> bool:
    """Whether the backward pass of `step` can do without a copy of its input: it needs none, or gets it from `head`."""
    if not isinstance(step.layer, KeptInput):
        return True
    if head.layer.keeps_output:
        return not behind
    can_run_again = all(blob is not head.top[0] for blob in head.bottom)
    return can_run_again and not (step.need_backward and step.layer.phase == TRAIN)


BACKWARD = (["BatchNorm", "Scale", "ReLU"], ["BatchNorm", "Scale"], ["Scale", "ReLU"])  # that are one backward pass


@dataclass
class FusedBackward:
    """The step of a Scale with those in front and behind, all in place on one blob."""

    steps: list[Step]
    need_backward = True

    @property
    def names(self) -> list[str]:
        """Of the layers that run, from the last to the first."""
        return [step.layer.name for step in reversed(self.steps)]

    def backward(self) -> None:
        """Run the layers backward, from the last to the first."""
        for step in reversed(self.steps):
            step.require_forward()
        layers: dict[str, Any] = {step.layer.type: step.layer for step in self.steps}
        blobs = self.steps[0].top
        try:
            layers["Scale"].backward_with(layers.get("BatchNorm"), layers.get("ReLU"), blobs, blobs)
        except PLACED as error:
            raise placed(error, self.steps[0].where) from error


def fuse_backward(steps: list[Step]) -> list[Step | FusedBackward]:
    """The steps from the last to the first, those together that have one backward pass."""
    made: list[Step | FusedBackward] = []
    end = len(steps)
    while end:
        fitting = [len(types) for types in BACKWARD if _is_one_backward(steps[max(0, end - len(types)) : end], types)]
        size = max(fitting, default=1)
        made.append(FusedBackward(steps[end - size : end]) if fitting else steps[end - 1])
        end -= size
    return made


def _is_one_backward(steps: list[Step], types: list[str]) -> bool:
    blobs = {id(blob) for step in steps for blob in (*step.bottom, *step.top)}
    if [step.layer.type for step in steps] != types or len(blobs) != 1 or not all(s.need_backward for s in steps):
        return False
    (scale,) = (step.layer for step in steps if isinstance(step.layer, Scale))
    return scale.is_channel_map and all(scale.wants_all(step.propagate_down) for step in steps)
