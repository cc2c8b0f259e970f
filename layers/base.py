"""The base of every layer, and the registry that a prototxt's `type` is looked up in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from cafflite.backend.ops import Ops
from cafflite.blob import Array, Blob
from cafflite.errors import NetError, ShapeError
from cafflite.fillers import fill
from cafflite.layers._channel_map import ChannelMap

registry: dict[str, type[Layer]] = {}

Blobs = list[Blob]
Count = int | tuple[int, int | None]


def layer(type_name: str) -> Callable[[type[Layer]], type[Layer]]:
    """Register a class under the name that a prototxt gives it."""

    def register(cls: type[Layer]) -> type[Layer]:
        if type_name in registry:
            raise ValueError(f"two layers are called '{type_name}': {registry[type_name]} and {cls}")
        registry[type_name] = cls
        cls.type = type_name
        return cls

    return register


class BlobVec(list[Blob]):
    """The parameters of a layer, a list that can make its own blobs."""

    def __init__(self, ops: Ops) -> None:
        super().__init__()
        self.ops = ops

    def add_blob(self, *shape: int) -> Blob:
        """Append a blob of `shape`, filled with zeros."""
        blob = Blob(shape, self.ops)
        blob.name = f"its parameter {len(self)}"
        self.append(blob)
        return blob


class Layer:
    """One step of a net.

    A subclass says what it takes in class attributes, makes its parameters in `setup`, sizes its tops in `reshape`,
    and computes in `forward` and `backward`. A bottom's diff is assigned, a parameter's diff is added to.

    Attributes for a subclass to read:
    layer_param         its LayerParameter
    param               its own message, the field of layer_param named by `param_name`
    blobs               its parameters
    phase               caffe_pb2.TRAIN or caffe_pb2.TEST
    xp, ops             the array module, and the operations that an array expression cannot do fast
    seed, rng           of its own: an integer, and a host random generator made from it at first use
    param_propagate_down  for each parameter, whether its gradient is wanted
    """

    type = ""
    param_name: str | None = None
    num_bottom: Count = (0, None)  # a number, or the least and the most (None: any) of them
    num_top: Count = (0, None)
    equal_num_bottom_top = False
    auto_top = False  # tops that a prototxt leaves out are made without a name
    default_loss_weight = 0.0  # of its only top, where the prototxt gives none
    shares_data = False  # when the tops' data are the memory of the bottom's
    reshape_every_forward = False  # when the tops' shapes depend on more than the bottoms' shapes
    backward_needs_forward = False  # when backward reads what forward has kept
    keeps_output = False  # when `output` has what forward made, whatever a layer behind, in place, makes of the top
    is_channel_map = False  # when forward only changes each channel, of axis 1, by a factor and a term

    def __init__(self, layer_param: Any, phase: int, ops: Ops, seed: int) -> None:
        self.layer_param = layer_param
        self.name: str = layer_param.name
        self.phase = phase
        self.ops = ops
        self.xp = ops.xp
        self.seed = seed
        self.param: Any = getattr(layer_param, self.param_name) if self.param_name else None
        self.blobs = BlobVec(ops)
        self.param_propagate_down: list[bool] = []

    @cached_property
    def rng(self) -> Any:
        """A numpy.random.Generator of this layer's own."""
        return self.ops.generator(self.seed)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Check the settings and make the parameters. Called once, before the first `reshape`."""

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Give the tops their shapes and make scratch arrays. Called again when a bottom's shape has changed."""

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Compute the tops' data from the bottoms' data."""

    def takes_in(self, behind: list[Layer]) -> bool:
        """Whether `forward_with` does what these layers would do behind this one in less time than they need."""
        return False

    def forward_with(self, behind: list[Layer], bottom: Blobs, top: Blobs) -> None:
        """`forward`, and then that of the layers `behind`, which work in place on the top."""
        self.forward(bottom, top)
        for layer in behind:
            layer.forward(top, top)

    def output(self) -> Array:
        """What `forward` made, where `keeps_output` says so."""
        raise NotImplementedError

    def channel_map(self) -> ChannelMap:
        """What `forward` does now, where `is_channel_map` says that it is nothing else."""
        return ChannelMap()

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        """Assign the diff of each bottom that `propagate_down` asks for, and add to the parameters' diffs."""

    def allow_force_backward(self, bottom_index: int) -> bool:
        """Whether `force_backward` may ask for the diff of this bottom (not of labels, for example)."""
        return True

    def move(self, ops: Ops) -> None:
        """Go on with `ops`. The blobs are there already; `reshape` is called next, and makes new scratch arrays."""
        self.ops = self.blobs.ops = ops
        self.xp = ops.xp

    def state(self) -> dict[str, Any]:
        """What an exact resume needs beyond the parameters: names to arrays, or to what JSON can hold."""
        return {"rng": self.rng.bit_generator.state} if "rng" in self.__dict__ else {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        if "rng" in state:
            self.rng.bit_generator.state = state["rng"]

    def add_blob(self, shape: tuple[int, ...], filler: Any = None) -> Blob:
        """Append a parameter of `shape`, filled by a FillerParameter (zeros without one)."""
        blob = self.blobs.add_blob(*shape)
        if filler is not None:
            fill(blob.data, filler, self.rng)
        return blob

    def empty(self, *shape: int, dtype: Any = None) -> Array:
        """An uninitialised scratch array on the layer's device."""
        return self.ops.empty(*shape) if dtype is None else self.xp.empty(shape, dtype)

    def check_blob_counts(self, bottom: int, top: int) -> None:
        """NetError unless the layer takes that many bottoms and tops."""
        for what, found, wanted in (("bottom", bottom, self.num_bottom), ("top", top, self.num_top)):
            least, most = wanted if isinstance(wanted, tuple) else (wanted, wanted)
            if found < least or (most is not None and found > most):
                expected = str(least) if least == most else f"{least} or more" if most is None else f"{least} to {most}"
                raise NetError(f"it has {found} {what} blobs, expected {expected}")
        if self.equal_num_bottom_top and bottom != top:
            raise NetError(f"it has {bottom} bottom and {top} top blobs, expected as many tops as bottoms")


class NeuronLayer(Layer):
    """
    bottom[0]  x  any shape
    top[0]     y  the same shape; may be x itself (in place)
    """

    num_bottom: Count = 1
    num_top: Count = 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].shape)


class LossLayer(Layer):
    """
    bottom[0]  predictions  (N, ...)
    bottom[1]  labels       (N, ...)
    top[0]     the loss     ()        with loss weight 1 unless the prototxt says otherwise
    """

    num_bottom: Count = 2
    num_top: Count = 1
    auto_top = True
    default_loss_weight = 1.0
    backward_needs_forward = True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0].shape[:1] != bottom[1].shape[:1]:
            raise ShapeError(f"predictions {bottom[0].shape} and labels {bottom[1].shape} differ in their first axis")
        top[0].reshape()

    def allow_force_backward(self, bottom_index: int) -> bool:
        return bottom_index != 1
