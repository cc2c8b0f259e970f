"""Net: layers in order, their blobs and parameters; forward, backward, share, reshape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy

from cafflite import backend, build, debug_info, host_blob, sharing, weights
from cafflite.backend.base import on_its_device
from cafflite.backend.ops import Ops
from cafflite.backend.pool import one_blas_thread
from cafflite.blob import Array, Blob
from cafflite.errors import NetError, ShapeError
from cafflite.fusion import Fused, FusedBackward, fuse, fuse_backward
from cafflite.layers.base import BlobVec, Layer, registry
from cafflite.named import Named
from cafflite.proto import caffe_pb2
from cafflite.proto.upgrade import upgrade_net
from cafflite.step import PLACED, Step, placed


@dataclass
class Param:
    """A parameter that a solver updates: its blob, its multipliers, and its place in the net's flat buffers.

    is_shared  its values lie in another net, by `share_trained_layers_with`; its diff stays in the buffer
    """

    name: str
    blob: Blob
    lr_mult: float
    decay_mult: float
    place: slice
    lr_is_given: bool = False
    decay_is_given: bool = False
    is_shared: bool = False


class Net:
    """A net in one phase, built from a NetParameter whose `state` names the phase, level and stages.

    net_param  as read from a prototxt, of any age; it is upgraded, filtered and wired here
    data_shapes  shapes for the tops of data layers, to build the net without their files: Input layers stand for them
    ops        the device and number type; by default those of the current mode, which the net follows at its next
               forward pass when that changes, and float32
    seed       makes fillers and random layers repeatable; drawn from `backend.set_random_seed`'s by default

    `callbacks` has a list of functions for each of "before_forward", "after_forward", "before_backward" and
    "after_backward", which are called with the index of every layer that is passed.

    Raises NetError, or ShapeError, with the place of the layer that cannot be built.
    """

    def __init__(
        self,
        net_param: Any,
        ops: Ops | None = None,
        seed: int | None = None,
        data_shapes: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        param = build.filter_net(upgrade_net(net_param))
        if data_shapes is not None:
            param = build.replace_data_layers(param, data_shapes)
        build.refuse_unknown_types(param)
        param = build.insert_splits(param)
        if not param.layer:
            raise NetError("the net has no layers" + (" in this phase" if net_param.layer else ""))
        self.name: str = param.name
        self.phase: int = param.state.phase
        self.ops = ops or backend.current_ops()
        self._follows_mode, self._mode_changes = ops is None, backend.changes
        self.debug_info: bool = param.debug_info
        self.steps: list[Step] = []
        self.blobs: Named[Blob] = Named(kind="blob")
        self.params: Named[BlobVec] = Named(kind="layer with parameters")
        self.loss_weights: dict[str, float] = {}
        self.inputs: list[str] = []
        self.learnable: list[Param] = []
        self.param_owners: dict[tuple[int, int], tuple[int, int]] = {}
        self._learnable_of: dict[tuple[int, int], int] = {}  # owner (layer, index) -> index in learnable
        self._named_params: dict[str, tuple[int, int]] = {}
        self.shared_from: WeakKeyDictionary[Net, None] = WeakKeyDictionary()  # the nets whose parameters are used
        self.sharings = 0  # how many times parameters moved to other memory: a solver follows them
        self.callbacks: dict[str, list[Callable[[int], Any]]] = {
            f"{when}_{pass_}": [] for when in ("before", "after") for pass_ in ("forward", "backward")
        }

        seeds = self.ops.generator(backend.next_seed() if seed is None else seed)
        unread: dict[str, None] = {}
        needs_diff: set[str] = set()
        with one_blas_thread:
            for layer_param in param.layer:
                self._add_layer(layer_param, int(seeds.integers(2**63)), unread, needs_diff)
        self.outputs = sorted(unread)
        self.output_blobs = [self.blobs[name] for name in self.outputs]
        self._skip_what_no_loss_needs()
        if param.force_backward:
            self._force_backward()
        weighted = (pair for step in self.steps for pair in zip(step.top, step.loss_weight, strict=True))
        self.losses = [(blob, weight) for blob, weight in weighted if weight]
        self.fused, self.fused_backward = fuse(self.steps), fuse_backward(self.steps)
        self._lay_out_params()
        if any(layer.blobs for layer in param.layer):
            weights.copy_from(self, param)
            for step in self.steps:
                step.layer.layer_param.ClearField("blobs")

    @property
    def layers(self) -> list[Layer]:
        return [step.layer for step in self.steps]

    # Building

    @on_its_device
    def _add_layer(self, layer_param: Any, seed: int, unread: dict[str, None], needs_diff: set[str]) -> None:
        where = build.where(layer_param)
        try:
            if not layer_param.HasField("phase"):
                layer_param.phase = self.phase
            layer = registry[layer_param.type](layer_param, layer_param.phase, self.ops, seed)
            step = self._wire(layer, where, unread, needs_diff)
            layer.setup(step.bottom, step.top)
            step.reshape()
            index = len(self.steps)
            self.steps.append(step)
            self._add_params(index, layer)
        except PLACED as error:
            raise placed(error, where) from error
        step.need_backward = any(step.propagate_down) or any(layer.param_propagate_down)
        (needs_diff.update if step.need_backward else needs_diff.difference_update)(step.top_names)
        for name, weight in zip(step.top_names, step.loss_weight, strict=True):
            self.loss_weights[name] = weight

    def _wire(self, layer: Layer, where: str, unread: dict[str, None], needs_diff: set[str]) -> Step:
        p = layer.layer_param
        bottom_names, top_names = list(p.bottom), list(p.top)
        for name in bottom_names:
            if name not in unread:
                raise NetError(f"its bottom blob '{name}' is read by another layer in place after this name was taken")
            del unread[name]
        if p.propagate_down and len(p.propagate_down) != len(bottom_names):
            raise NetError(f"propagate_down is given {len(p.propagate_down)} times for {len(bottom_names)} bottoms")
        bottom = [self.blobs[name] for name in bottom_names]
        top = []
        for i, name in enumerate(top_names):
            in_place = i < len(bottom_names) and bottom_names[i] == name
            if name in self.blobs and not in_place:
                raise NetError(f"its top blob '{name}' is made by another layer already")
            top.append(self.blobs.setdefault(name, Blob((), self.ops)))
            top[-1].name = f"blob '{name}'"
            unread[name] = None
            if layer.type == "Input":
                self.inputs.append(name)
        if layer.auto_top:
            least = layer.num_top if isinstance(layer.num_top, int) else layer.num_top[0]
            for _ in range(least - len(top)):
                top_names.append("(automatic)")
                top.append(Blob((), self.ops))
                self.blobs["(automatic)"] = top[-1]
        layer.check_blob_counts(len(bottom), len(top))
        wanted = [name in needs_diff for name in bottom_names]
        propagate_down = list(p.propagate_down) if p.propagate_down else wanted
        loss_weight = self._loss_weight(layer, len(top))
        return Step(layer, bottom, top, bottom_names, top_names, where, propagate_down, loss_weight)

    def _loss_weight(self, layer: Layer, tops: int) -> list[float]:
        given = layer.layer_param.loss_weight
        if not given and layer.default_loss_weight:
            given.append(layer.default_loss_weight)
        if len(given) not in (0, tops):
            raise NetError(f"loss_weight is given {len(given)} times, expected once for each of its {tops} tops")
        return list(given) or [0.0] * tops

    def _add_params(self, index: int, layer: Layer) -> None:
        specs = list(layer.layer_param.param)
        if len(specs) > len(layer.blobs):
            raise NetError(
                f"it has {len(specs)} param blocks, expected at most one for each of its {len(layer.blobs)} blobs"
            )
        specs += [caffe_pb2.ParamSpec()] * (len(layer.blobs) - len(specs))
        layer.param_propagate_down = [spec.lr_mult != 0 for spec in specs]
        if layer.blobs:
            self.params[layer.name] = layer.blobs
        for i, (spec, blob) in enumerate(zip(specs, layer.blobs, strict=True)):
            owner = self._named_params.setdefault(spec.name, (index, i)) if spec.name else (index, i)
            self.param_owners[index, i] = owner
            if owner == (index, i):
                self._learnable_of[owner] = len(self.learnable)
                self.learnable.append(
                    Param(spec.name or str(i), blob, spec.lr_mult, spec.decay_mult, slice(0, 0),
                          spec.HasField("lr_mult"), spec.HasField("decay_mult"))
                )  # fmt: skip
            else:
                self._share_param(spec, blob, owner)

    def _share_param(self, spec: Any, blob: Blob, owner: tuple[int, int]) -> None:
        shared = self.learnable[self._learnable_of[owner]]
        of = f"parameter '{spec.name}', which it shares with layer '{self.steps[owner[0]].layer.name}',"
        if spec.share_mode == caffe_pb2.ParamSpec.PERMISSIVE:
            if blob.count != shared.blob.count:
                raise ShapeError(f"{of} has {shared.blob.count} values there and {blob.count} here")
        elif blob.shape != shared.blob.shape:
            raise ShapeError(
                f"{of} has shape {shared.blob.shape} there and {blob.shape} here; "
                "share_mode: PERMISSIVE allows shapes of equal count"
            )
        for field, given in (("lr_mult", "lr_is_given"), ("decay_mult", "decay_is_given")):
            if spec.HasField(field):
                value = getattr(spec, field)
                if getattr(shared, given) and getattr(shared, field) != value:
                    raise NetError(f"{of} has {field} {getattr(shared, field):g} there and {value:g} here")
                setattr(shared, field, value)
                setattr(shared, given, True)

    def _skip_what_no_loss_needs(self) -> None:
        """Take back the backward pass of layers that are under no loss, or whose tops' diffs nobody computes."""
        under_loss: set[str] = set()
        skipped: set[str] = set()
        for step in reversed(self.steps):
            contributes = any(step.loss_weight) or not under_loss.isdisjoint(step.top_names)
            if not contributes or skipped.issuperset(step.top_names):
                step.need_backward = False
                step.propagate_down = [False] * len(step.bottom)
            if contributes:
                under_loss.update(step.bottom_names)
            skipped.update(n for n, wanted in zip(step.bottom_names, step.propagate_down, strict=True) if not wanted)

    def _force_backward(self) -> None:
        for step in self.steps:
            step.need_backward = True
            step.propagate_down = [
                wanted or step.layer.allow_force_backward(i) for i, wanted in enumerate(step.propagate_down)
            ]
            step.layer.param_propagate_down = [True] * len(step.layer.blobs)

    @on_its_device
    def _lay_out_params(self) -> None:
        """Move all learnable parameters into one buffer and their diffs into another; the blobs become views."""
        count = sum(param.blob.count for param in self.learnable)
        try:
            self.data_buffer: Array = self.ops.empty(count)
            self.diff_buffer: Array = self.ops.empty(count)
        except MemoryError as error:
            raise placed(error, f"the net's {count:,} parameters and their diffs") from error
        start = 0
        for param in self.learnable:
            param.place = slice(start, start + param.blob.count)
            param.blob.place(self.data_buffer[param.place], self.diff_buffer[param.place])
            start = param.place.stop
        for (layer, i), owner in self.param_owners.items():
            if owner != (layer, i):
                blob, shared = self.steps[layer].layer.blobs[i], self.steps[owner[0]].layer.blobs[owner[1]]
                blob.share_data(shared)
                blob.share_diff(shared)

    def param_names(self, index: int) -> list[str]:
        """The names of a layer's parameters: as given in its `param` blocks, else their index."""
        layer = self.steps[index].layer
        given = [spec.name for spec in layer.layer_param.param]
        return [given[i] if i < len(given) and given[i] else str(i) for i in range(len(layer.blobs))]

    # Running

    @on_its_device
    def reshape(self) -> None:
        """Let every layer take the shapes of its bottoms, from first to last."""
        host_blob.flush()
        for step in self.steps:
            if not step.bottom or step.layer.reshape_every_forward or step.is_outdated():
                step.reshape()

    def forward(self, start: int = 0, end: int | None = None) -> None:
        """Run the layers from index `start` to `end`, both included (all by default)."""
        self.follow_mode()
        host_blob.flush()
        before, after = self.callbacks["before_forward"], self.callbacks["after_forward"]
        stop = len(self.steps) if end is None else end + 1
        # infinity is a value, as in Caffe
        with self.ops.on_device(), one_blas_thread, numpy.errstate(all="ignore"):
            if (start, stop) == (0, len(self.steps)) and not (before or after or self.debug_info):
                for step in self.steps_of_a_pass():
                    step.forward()
                return
            for index in range(start, stop):
                for callback in before:
                    callback(index)
                self.steps[index].forward()
                if self.debug_info:
                    debug_info.forward(self, index)
                for callback in after:
                    callback(index)

    def steps_of_a_pass(self) -> Sequence[Step | Fused]:
        """What `forward` runs where nobody looks between the layers."""
        return self.steps if self.ops.defers else self.fused

    def steps_of_a_backward_pass(self) -> Sequence[Step | FusedBackward]:
        """What `backward` runs, in its order, where nobody looks between the layers."""
        return self.steps[::-1] if self.ops.defers else self.fused_backward

    def backward(self, start: int | None = None, end: int = 0) -> None:
        """Run backward through the layers from index `start` (the last by default) down to `end`, both included."""
        host_blob.flush()
        before, after = self.callbacks["before_backward"], self.callbacks["after_backward"]
        start = len(self.steps) - 1 if start is None else start
        # infinity is a value, as in Caffe
        with self.ops.on_device(), one_blas_thread, numpy.errstate(all="ignore"):
            if (start, end) == (len(self.steps) - 1, 0) and not (before or after or self.debug_info):
                for each in self.steps_of_a_backward_pass():
                    if each.need_backward:
                        each.backward()
                return
            for index in range(start, end - 1, -1):
                step = self.steps[index]
                for callback in before:
                    callback(index)
                if step.need_backward:
                    step.backward()
                    if self.debug_info:
                        debug_info.backward(self, index)
                for callback in after:
                    callback(index)
        if self.debug_info:
            debug_info.params(self)

    @on_its_device
    def loss(self) -> Array:
        """The weighted sum of all losses after a forward pass, as a scalar on the net's device."""
        return sum([weight * blob.data.sum() for blob, weight in self.losses], 0.0)

    @on_its_device
    def clear_param_diffs(self) -> None:
        """Set the diffs of all parameters to zero."""
        host_blob.flush()
        self.ops.clear(self.diff_buffer)

    def share_trained_layers_with(self, other: Net) -> None:
        """Use the parameters of the layers of `other` of the same name; gradients stay each net's own.

        Whoever updates the parameters of one net updates them for both. Raises ShapeError where they differ in shape,
        and NetError where the other net is on another device; then nothing is shared.
        """
        self.follow_mode()
        other.follow_mode()
        host_blob.flush()
        sharing.share(self, other)
        self.shared_from[other] = None

    def param_arrays(self) -> list[Array]:
        """The values of all learnable parameters in flat arrays: the buffer, or one a parameter after sharing."""
        if not any(param.is_shared for param in self.learnable):
            return [self.data_buffer]
        return [param.blob.data.reshape(-1) for param in self.learnable]

    # From one device to another

    def follow_mode(self) -> None:
        """Move to the device of the current mode, where that has changed and the net was not made with `ops`."""
        if self._mode_changes != backend.changes:
            self._mode_changes = backend.changes
            if self._follows_mode and (ops := backend.current_ops()) is not self.ops:
                self.move(ops)

    def move(self, ops: Ops) -> None:
        """Go on with `ops`, with all blobs and states as they are. Parameters of other nets come along from there."""
        host_blob.flush()
        for step in self.steps:
            for blob in (*step.bottom, *step.top, *step.layer.blobs):
                blob.move(ops)
        with ops.on_device():
            for step in self.steps:
                step.layer.move(ops)
        self.ops = ops
        self._lay_out_params()
        self.sharings += 1
        for param in self.learnable:
            param.is_shared = False
        for other in list(self.shared_from):
            self.share_trained_layers_with(other)
        with ops.on_device():
            for step in self.steps:
                step.reshape()

    # What an exact resume needs

    @on_its_device
    def state(self) -> list[dict[str, Any]]:
        """The state of every layer beyond its parameters, in order."""
        return [step.layer.state() for step in self.steps]

    @on_its_device
    def restore(self, state: list[dict[str, Any]]) -> None:
        """Take back what `state` gave."""
        for step, layer_state in zip(self.steps, state, strict=True):
            step.layer.restore(layer_state)
