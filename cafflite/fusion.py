"""Layers that work in place behind another, done along with it: fewer passes over memory, and the same blobs."""

from dataclasses import dataclass
from functools import partial

from cafflite.blob import Array, Blob
from cafflite.layers._kept_input import KeptInput
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
