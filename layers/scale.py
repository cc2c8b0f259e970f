"""Scale: y = s x, or y = s x + b, with s and b along some axes of x."""

from __future__ import annotations

from cafflite.errors import ShapeError
from cafflite.layers._along_axes import AlongAxes
from cafflite.layers._channel_map import ChannelMap, can_join, joined
from cafflite.layers._kept_input import KeptInput
from cafflite.layers.base import Blobs, Layer, layer
from cafflite.layers.batch_norm import BatchNorm
from cafflite.layers.relu import ReLU
from cafflite.proto.caffe_pb2 import FillerParameter


@layer("Scale")
class Scale(KeptInput, AlongAxes):
    """
    bottom[0]  x  (M..., K..., L...)  K from `axis` on
    bottom[1]  s  (K...)              optional
    top[0]     y  (M..., K..., L...)  may be x itself (in place)
    blobs[0]   s  (K...)              with `num_axes` axes (-1: all from `axis` on); absent with a second bottom
    blobs[-1]  b  (K...)              with bias_term
    """

    param_name = "scale_param"

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        p = self.param
        if len(bottom) == 1:
            filler = p.filler if p.HasField("filler") else FillerParameter(type="constant", value=1)
            self.add_blob(self.parameter_shape(bottom[0]), filler)
        if p.bias_term:
            self.add_blob(self.operand(bottom).shape, p.bias_filler)

        self.is_channel_map = len(bottom) == 1 and p.axis == 1 and self.blobs[0].ndim == 1

    def channel_map(self) -> ChannelMap:
        return ChannelMap(self.blobs[0].data, self.blobs[1].data if self.param.bias_term else None)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        factor, bias = self.operand(bottom), self.blobs[-1] if self.param.bias_term else None
        if bias is not None and bias.shape != factor.shape:
            raise ShapeError(f"its second bottom has shape {factor.shape}, and its bias was made for {bias.shape}")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.forward_with([], bottom, top)

    def takes_in(self, behind: list[Layer]) -> bool:
        return self.is_channel_map and can_join(behind)

    def forward_with(self, behind: list[Layer], bottom: Blobs, top: Blobs) -> None:
        x, y, kept = bottom[0].data.reshape(self.view), top[0].data.reshape(self.view), self.room(bottom)
        s = self.operand(bottom).data.reshape(-1)
        b = self.blobs[-1].data.reshape(-1) if self.param.bias_term else None
        then = joined(b, [layer.channel_map() for layer in behind])
        s = s if then.scale is None else s * then.scale
        kept = None if kept is None else kept.reshape(self.view)
        self.ops.channel_affine(x, s, then.offset, y, then.slope, kept)

    def backward(self, top: Blobs, propagate_down: list[bool], bottom: Blobs) -> None:
        if self.wants_all(propagate_down):
            self.backward_with(None, None, top, bottom)
            return
        dy = top[0].diff.reshape(self.view)
        if self.param.bias_term and self.param_propagate_down[-1]:
            self.ops.add_channel_sum(dy, out=self.blobs[-1].diff.reshape(-1))
        ds = self.operand_diff(propagate_down, bottom)
        if ds is not None:
            self.ops.add_channel_dot(dy, self.kept(bottom).reshape(self.view), out=ds)
        if propagate_down[0]:
            s, dx = self.operand(bottom).data.reshape(-1), bottom[0].diff.reshape(self.view)
            self.ops.channel_affine(dy, s, None, out=dx)

    def wants_all(self, propagate_down: list[bool]) -> bool:
        """Whether it has both parameters and all three gradients are wanted, as by a net that learns."""
        return len(self.blobs) == 2 and all((*self.param_propagate_down, *propagate_down))

    def backward_with(self, norm: BatchNorm | None, relu: ReLU | None, top: Blobs, bottom: Blobs) -> None:
        """All three gradients in one pass; before it that of a layer behind, and after it that of one in front."""
        dy, dx, y = (array.reshape(self.view) for array in (top[0].diff, bottom[0].diff, top[0].data))
        s, (ds, db) = self.blobs[0].data.reshape(-1), (blob.diff.reshape(-1) for blob in self.blobs)
        self.ops.channel_affine_backward(
            *(dy, self.kept(bottom).reshape(self.view), s, ds, db, dx, y),
            slope=relu.param.negative_slope if relu else 1.0,
            inverse=norm.inverse if norm else None,
            by_batch=norm is not None and not norm.use_global_stats,
        )
