"""What a net had in Caffe's first years: phase, mode and preprocessing were its own until 2015."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy

from cafflite import backend, npy
from cafflite.errors import NetError, ShapeError
from cafflite.preprocess import Transformer
from cafflite.proto.caffe_pb2 import TEST, TRAIN, Phase
from cafflite.pycaffe.names import NamedNet


class FirstYearsNet(NamedNet):
    """A net with the methods of 2014, for scripts of then; `transformer` is how today's say the same."""

    def set_phase_test(self) -> None:
        """Accepted where the net is in TEST already; NetError where not, as a net is made in its phase."""
        self._expect(TEST)

    def set_phase_train(self) -> None:
        """Accepted where the net is in TRAIN already; NetError where not, as a net is made in its phase."""
        self._expect(TRAIN)

    def _expect(self, phase: int) -> None:
        if self.phase != phase:
            wanted = Phase.Name(phase)
            raise NetError(
                f"the net is in {Phase.Name(self.phase)} and stays in it: make it by "
                f"caffe.Net(network_file, weights, caffe.{wanted}) in place of set_phase_{wanted.lower()}()"
            )

    def set_mode_cpu(self) -> None:
        """The same as `cafflite.set_mode_cpu()`."""
        backend.set_mode_cpu()

    def set_mode_gpu(self) -> None:
        """The same as `cafflite.set_mode_gpu()`: for nets made from then on."""
        backend.set_mode_gpu()

    def set_device(self, device: int) -> None:
        """The same as `cafflite.set_device(device)`."""
        backend.set_device(device)

    @cached_property
    def transformer(self) -> Transformer:
        """A Transformer for the inputs as they are now; images (H, W, K) for those with four axes."""
        transformer = Transformer({name: self.blobs[name].shape for name in self.inputs})
        for name in self.inputs:
            if self.blobs[name].ndim == 4:
                transformer.set_transpose(name, (2, 0, 1))
        return transformer

    def set_mean(self, input_: str, mean: Any, mode: str = "elementwise") -> None:
        """Set what `preprocess` subtracts: an array (K, H, W), or the path of an .npy file of it.

        mode  "elementwise", or "channel" for the mean of each channel
        """
        array = npy.read(mean) if isinstance(mean, str) else numpy.asarray(mean)
        if mode not in ("elementwise", "channel"):
            raise NetError(f"mode is {mode!r}, expected 'elementwise' or 'channel'")
        if mode == "channel":
            if array.ndim != 3:
                raise ShapeError(f"the mean has shape {array.shape}, expected (K, H, W)")
            array = array.mean(axis=(1, 2))
        self.transformer.set_mean(input_, array)

    def set_input_scale(self, input_: str, scale: float) -> None:
        """`transformer.set_input_scale`."""
        self.transformer.set_input_scale(input_, scale)

    def set_raw_scale(self, input_: str, scale: float) -> None:
        """`transformer.set_raw_scale`."""
        self.transformer.set_raw_scale(input_, scale)

    def set_channel_swap(self, input_: str, order: Any) -> None:
        """`transformer.set_channel_swap`."""
        self.transformer.set_channel_swap(input_, order)

    def preprocess(self, input_name: str, input_: Any) -> numpy.ndarray:
        """`transformer.preprocess`."""
        return self.transformer.preprocess(input_name, input_)

    def deprocess(self, input_name: str, input_: Any) -> numpy.ndarray:
        """`transformer.deprocess`."""
        return self.transformer.deprocess(input_name, input_)
