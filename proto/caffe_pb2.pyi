"""Made from caffe.proto by tools/gen_proto.py; not to be edited."""

from collections.abc import Iterable
from typing import Final

from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer, RepeatedScalarFieldContainer
from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper
from google.protobuf.message import Message

POOL: DescriptorPool
DESCRIPTOR: FileDescriptor

Type: _EnumTypeWrapper[int]
DOUBLE: Final = 0
FLOAT: Final = 1
FLOAT16: Final = 2
INT: Final = 3
UINT: Final = 4

Phase: _EnumTypeWrapper[int]
TRAIN: Final = 0
TEST: Final = 1

class BlobShape(Message):
    DESCRIPTOR: Descriptor
    @property
    def dim(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        dim: Iterable[int] | None = ...,
    ) -> None: ...

class BlobProto(Message):
    DESCRIPTOR: Descriptor
    @property
    def shape(self) -> BlobShape: ...
    @property
    def data(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def diff(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def double_data(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def double_diff(self) -> RepeatedScalarFieldContainer[float]: ...
    num: int
    channels: int
    height: int
    width: int
    raw_data_type: int
    raw_diff_type: int
    raw_data: bytes
    raw_diff: bytes
    def __init__(
        self,
        *,
        shape: BlobShape | None = ...,
        data: Iterable[float] | None = ...,
        diff: Iterable[float] | None = ...,
        double_data: Iterable[float] | None = ...,
        double_diff: Iterable[float] | None = ...,
        num: int | None = ...,
        channels: int | None = ...,
        height: int | None = ...,
        width: int | None = ...,
        raw_data_type: int | str | None = ...,
        raw_diff_type: int | str | None = ...,
        raw_data: bytes | None = ...,
        raw_diff: bytes | None = ...,
    ) -> None: ...

class BlobProtoVector(Message):
    DESCRIPTOR: Descriptor
    @property
    def blobs(self) -> RepeatedCompositeFieldContainer[BlobProto]: ...
    def __init__(
        self,
        *,
        blobs: Iterable[BlobProto] | None = ...,
    ) -> None: ...

class Datum(Message):
    DESCRIPTOR: Descriptor
    channels: int
    height: int
    width: int
    data: bytes
    label: int
    @property
    def float_data(self) -> RepeatedScalarFieldContainer[float]: ...
    encoded: bool
    def __init__(
        self,
        *,
        channels: int | None = ...,
        height: int | None = ...,
        width: int | None = ...,
        data: bytes | None = ...,
        label: int | None = ...,
        float_data: Iterable[float] | None = ...,
        encoded: bool | None = ...,
    ) -> None: ...

class LabelMap(Message):
    DESCRIPTOR: Descriptor
    @property
    def item(self) -> RepeatedCompositeFieldContainer[LabelMapItem]: ...
    def __init__(
        self,
        *,
        item: Iterable[LabelMapItem] | None = ...,
    ) -> None: ...

class LabelMapItem(Message):
    DESCRIPTOR: Descriptor
    name: str
    label: int
    display_name: str
    def __init__(
        self,
        *,
        name: str | None = ...,
        label: int | None = ...,
        display_name: str | None = ...,
    ) -> None: ...

class FillerParameter(Message):
    DESCRIPTOR: Descriptor
    VarianceNorm: _EnumTypeWrapper[int]
    FAN_IN: Final = 0
    FAN_OUT: Final = 1
    AVERAGE: Final = 2
    type: str
    value: float
    min: float
    max: float
    mean: float
    std: float
    sparse: int
    variance_norm: int
    def __init__(
        self,
        *,
        type: str | None = ...,
        value: float | None = ...,
        min: float | None = ...,
        max: float | None = ...,
        mean: float | None = ...,
        std: float | None = ...,
        sparse: int | None = ...,
        variance_norm: int | str | None = ...,
    ) -> None: ...

class NetState(Message):
    DESCRIPTOR: Descriptor
    phase: int
    level: int
    @property
    def stage(self) -> RepeatedScalarFieldContainer[str]: ...
    def __init__(
        self,
        *,
        phase: int | str | None = ...,
        level: int | None = ...,
        stage: Iterable[str] | None = ...,
    ) -> None: ...

class NetStateRule(Message):
    DESCRIPTOR: Descriptor
    phase: int
    min_level: int
    max_level: int
    @property
    def stage(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def not_stage(self) -> RepeatedScalarFieldContainer[str]: ...
    def __init__(
        self,
        *,
        phase: int | str | None = ...,
        min_level: int | None = ...,
        max_level: int | None = ...,
        stage: Iterable[str] | None = ...,
        not_stage: Iterable[str] | None = ...,
    ) -> None: ...

class ParamSpec(Message):
    DESCRIPTOR: Descriptor
    DimCheckMode: _EnumTypeWrapper[int]
    STRICT: Final = 0
    PERMISSIVE: Final = 1
    name: str
    share_mode: int
    lr_mult: float
    decay_mult: float
    def __init__(
        self,
        *,
        name: str | None = ...,
        share_mode: int | str | None = ...,
        lr_mult: float | None = ...,
        decay_mult: float | None = ...,
    ) -> None: ...

class NetParameter(Message):
    DESCRIPTOR: Descriptor
    name: str
    force_backward: bool
    @property
    def state(self) -> NetState: ...
    debug_info: bool
    @property
    def layer(self) -> RepeatedCompositeFieldContainer[LayerParameter]: ...
    @property
    def input(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def input_shape(self) -> RepeatedCompositeFieldContainer[BlobShape]: ...
    @property
    def input_dim(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def layers(self) -> RepeatedCompositeFieldContainer[V1LayerParameter]: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        force_backward: bool | None = ...,
        state: NetState | None = ...,
        debug_info: bool | None = ...,
        layer: Iterable[LayerParameter] | None = ...,
        input: Iterable[str] | None = ...,
        input_shape: Iterable[BlobShape] | None = ...,
        input_dim: Iterable[int] | None = ...,
        layers: Iterable[V1LayerParameter] | None = ...,
    ) -> None: ...

class LayerParameter(Message):
    DESCRIPTOR: Descriptor
    name: str
    type: str
    @property
    def bottom(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def top(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def include(self) -> RepeatedCompositeFieldContainer[NetStateRule]: ...
    @property
    def exclude(self) -> RepeatedCompositeFieldContainer[NetStateRule]: ...
    phase: int
    @property
    def param(self) -> RepeatedCompositeFieldContainer[ParamSpec]: ...
    @property
    def blobs(self) -> RepeatedCompositeFieldContainer[BlobProto]: ...
    @property
    def propagate_down(self) -> RepeatedScalarFieldContainer[bool]: ...
    @property
    def loss_weight(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def transform_param(self) -> TransformationParameter: ...
    @property
    def loss_param(self) -> LossParameter: ...
    @property
    def data_param(self) -> DataParameter: ...
    @property
    def dummy_data_param(self) -> DummyDataParameter: ...
    @property
    def hdf5_data_param(self) -> HDF5DataParameter: ...
    @property
    def hdf5_output_param(self) -> HDF5OutputParameter: ...
    @property
    def image_data_param(self) -> ImageDataParameter: ...
    @property
    def input_param(self) -> InputParameter: ...
    @property
    def memory_data_param(self) -> MemoryDataParameter: ...
    @property
    def window_data_param(self) -> WindowDataParameter: ...
    @property
    def convolution_param(self) -> ConvolutionParameter: ...
    @property
    def crop_param(self) -> CropParameter: ...
    @property
    def lrn_param(self) -> LRNParameter: ...
    @property
    def pooling_param(self) -> PoolingParameter: ...
    @property
    def spp_param(self) -> SPPParameter: ...
    @property
    def batch_norm_param(self) -> BatchNormParameter: ...
    @property
    def bias_param(self) -> BiasParameter: ...
    @property
    def embed_param(self) -> EmbedParameter: ...
    @property
    def inner_product_param(self) -> InnerProductParameter: ...
    @property
    def mvn_param(self) -> MVNParameter: ...
    @property
    def recurrent_param(self) -> RecurrentParameter: ...
    @property
    def scale_param(self) -> ScaleParameter: ...
    @property
    def clip_param(self) -> ClipParameter: ...
    @property
    def dropout_param(self) -> DropoutParameter: ...
    @property
    def elu_param(self) -> ELUParameter: ...
    @property
    def exp_param(self) -> ExpParameter: ...
    @property
    def log_param(self) -> LogParameter: ...
    @property
    def power_param(self) -> PowerParameter: ...
    @property
    def prelu_param(self) -> PReLUParameter: ...
    @property
    def relu_param(self) -> ReLUParameter: ...
    @property
    def sigmoid_param(self) -> SigmoidParameter: ...
    @property
    def swish_param(self) -> SwishParameter: ...
    @property
    def tanh_param(self) -> TanHParameter: ...
    @property
    def threshold_param(self) -> ThresholdParameter: ...
    @property
    def argmax_param(self) -> ArgMaxParameter: ...
    @property
    def concat_param(self) -> ConcatParameter: ...
    @property
    def eltwise_param(self) -> EltwiseParameter: ...
    @property
    def flatten_param(self) -> FlattenParameter: ...
    @property
    def parameter_param(self) -> ParameterParameter: ...
    @property
    def python_param(self) -> PythonParameter: ...
    @property
    def reduction_param(self) -> ReductionParameter: ...
    @property
    def reshape_param(self) -> ReshapeParameter: ...
    @property
    def slice_param(self) -> SliceParameter: ...
    @property
    def tile_param(self) -> TileParameter: ...
    @property
    def accuracy_param(self) -> AccuracyParameter: ...
    @property
    def contrastive_loss_param(self) -> ContrastiveLossParameter: ...
    @property
    def hinge_loss_param(self) -> HingeLossParameter: ...
    @property
    def infogain_loss_param(self) -> InfogainLossParameter: ...
    @property
    def softmax_param(self) -> SoftmaxParameter: ...
    @property
    def ctc_decoder_param(self) -> CTCDecoderParameter: ...
    @property
    def ctc_loss_param(self) -> CTCLossParameter: ...
    @property
    def lstm_param(self) -> LSTMParameter: ...
    @property
    def permute_param(self) -> PermuteParameter: ...
    @property
    def reverse_param(self) -> ReverseParameter: ...
    @property
    def hard_tanh_param(self) -> HardTanhParameter: ...
    place: str
    def __init__(
        self,
        *,
        name: str | None = ...,
        type: str | None = ...,
        bottom: Iterable[str] | None = ...,
        top: Iterable[str] | None = ...,
        include: Iterable[NetStateRule] | None = ...,
        exclude: Iterable[NetStateRule] | None = ...,
        phase: int | str | None = ...,
        param: Iterable[ParamSpec] | None = ...,
        blobs: Iterable[BlobProto] | None = ...,
        propagate_down: Iterable[bool] | None = ...,
        loss_weight: Iterable[float] | None = ...,
        transform_param: TransformationParameter | None = ...,
        loss_param: LossParameter | None = ...,
        data_param: DataParameter | None = ...,
        dummy_data_param: DummyDataParameter | None = ...,
        hdf5_data_param: HDF5DataParameter | None = ...,
        hdf5_output_param: HDF5OutputParameter | None = ...,
        image_data_param: ImageDataParameter | None = ...,
        input_param: InputParameter | None = ...,
        memory_data_param: MemoryDataParameter | None = ...,
        window_data_param: WindowDataParameter | None = ...,
        convolution_param: ConvolutionParameter | None = ...,
        crop_param: CropParameter | None = ...,
        lrn_param: LRNParameter | None = ...,
        pooling_param: PoolingParameter | None = ...,
        spp_param: SPPParameter | None = ...,
        batch_norm_param: BatchNormParameter | None = ...,
        bias_param: BiasParameter | None = ...,
        embed_param: EmbedParameter | None = ...,
        inner_product_param: InnerProductParameter | None = ...,
        mvn_param: MVNParameter | None = ...,
        recurrent_param: RecurrentParameter | None = ...,
        scale_param: ScaleParameter | None = ...,
        clip_param: ClipParameter | None = ...,
        dropout_param: DropoutParameter | None = ...,
        elu_param: ELUParameter | None = ...,
        exp_param: ExpParameter | None = ...,
        log_param: LogParameter | None = ...,
        power_param: PowerParameter | None = ...,
        prelu_param: PReLUParameter | None = ...,
        relu_param: ReLUParameter | None = ...,
        sigmoid_param: SigmoidParameter | None = ...,
        swish_param: SwishParameter | None = ...,
        tanh_param: TanHParameter | None = ...,
        threshold_param: ThresholdParameter | None = ...,
        argmax_param: ArgMaxParameter | None = ...,
        concat_param: ConcatParameter | None = ...,
        eltwise_param: EltwiseParameter | None = ...,
        flatten_param: FlattenParameter | None = ...,
        parameter_param: ParameterParameter | None = ...,
        python_param: PythonParameter | None = ...,
        reduction_param: ReductionParameter | None = ...,
        reshape_param: ReshapeParameter | None = ...,
        slice_param: SliceParameter | None = ...,
        tile_param: TileParameter | None = ...,
        accuracy_param: AccuracyParameter | None = ...,
        contrastive_loss_param: ContrastiveLossParameter | None = ...,
        hinge_loss_param: HingeLossParameter | None = ...,
        infogain_loss_param: InfogainLossParameter | None = ...,
        softmax_param: SoftmaxParameter | None = ...,
        ctc_decoder_param: CTCDecoderParameter | None = ...,
        ctc_loss_param: CTCLossParameter | None = ...,
        lstm_param: LSTMParameter | None = ...,
        permute_param: PermuteParameter | None = ...,
        reverse_param: ReverseParameter | None = ...,
        hard_tanh_param: HardTanhParameter | None = ...,
        place: str | None = ...,
    ) -> None: ...

class LSTMParameter(Message):
    DESCRIPTOR: Descriptor
    num_output: int
    clipping_threshold: float
    @property
    def weight_filler(self) -> FillerParameter: ...
    @property
    def bias_filler(self) -> FillerParameter: ...
    batch_size: int
    def __init__(
        self,
        *,
        num_output: int | None = ...,
        clipping_threshold: float | None = ...,
        weight_filler: FillerParameter | None = ...,
        bias_filler: FillerParameter | None = ...,
        batch_size: int | None = ...,
    ) -> None: ...

class PermuteParameter(Message):
    DESCRIPTOR: Descriptor
    @property
    def order(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        order: Iterable[int] | None = ...,
    ) -> None: ...

class CTCLossParameter(Message):
    DESCRIPTOR: Descriptor
    blank_index: int
    def __init__(
        self,
        *,
        blank_index: int | None = ...,
    ) -> None: ...

class CTCDecoderParameter(Message):
    DESCRIPTOR: Descriptor
    blank_index: int
    ctc_merge_repeated: bool
    def __init__(
        self,
        *,
        blank_index: int | None = ...,
        ctc_merge_repeated: bool | None = ...,
    ) -> None: ...

class ReverseParameter(Message):
    DESCRIPTOR: Descriptor
    axis: int
    def __init__(
        self,
        *,
        axis: int | None = ...,
    ) -> None: ...

class SolverParameter(Message):
    DESCRIPTOR: Descriptor
    SnapshotFormat: _EnumTypeWrapper[int]
    HDF5: Final = 0
    BINARYPROTO: Final = 1
    SolverMode: _EnumTypeWrapper[int]
    CPU: Final = 0
    GPU: Final = 1
    SolverType: _EnumTypeWrapper[int]
    SGD: Final = 0
    NESTEROV: Final = 1
    ADAGRAD: Final = 2
    RMSPROP: Final = 3
    ADADELTA: Final = 4
    ADAM: Final = 5
    net: str
    @property
    def net_param(self) -> NetParameter: ...
    train_net: str
    @property
    def train_net_param(self) -> NetParameter: ...
    @property
    def test_net(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def test_net_param(self) -> RepeatedCompositeFieldContainer[NetParameter]: ...
    @property
    def train_state(self) -> NetState: ...
    @property
    def test_state(self) -> RepeatedCompositeFieldContainer[NetState]: ...
    @property
    def test_iter(self) -> RepeatedScalarFieldContainer[int]: ...
    test_interval: int
    test_compute_loss: bool
    test_initialization: bool
    base_lr: float
    max_iter: int
    iter_size: int
    average_loss: int
    display: int
    lr_policy: str
    gamma: float
    power: float
    stepsize: int
    @property
    def stepvalue(self) -> RepeatedScalarFieldContainer[int]: ...
    type: str
    solver_type: int
    momentum: float
    momentum2: float
    rms_decay: float
    delta: float
    weight_decay: float
    regularization_type: str
    clip_gradients: float
    snapshot: int
    snapshot_prefix: str
    snapshot_diff: bool
    snapshot_format: int
    snapshot_after_train: bool
    @property
    def weights(self) -> RepeatedScalarFieldContainer[str]: ...
    solver_mode: int
    device_id: int
    random_seed: int
    debug_info: bool
    layer_wise_reduce: bool
    def __init__(
        self,
        *,
        net: str | None = ...,
        net_param: NetParameter | None = ...,
        train_net: str | None = ...,
        train_net_param: NetParameter | None = ...,
        test_net: Iterable[str] | None = ...,
        test_net_param: Iterable[NetParameter] | None = ...,
        train_state: NetState | None = ...,
        test_state: Iterable[NetState] | None = ...,
        test_iter: Iterable[int] | None = ...,
        test_interval: int | None = ...,
        test_compute_loss: bool | None = ...,
        test_initialization: bool | None = ...,
        base_lr: float | None = ...,
        max_iter: int | None = ...,
        iter_size: int | None = ...,
        average_loss: int | None = ...,
        display: int | None = ...,
        lr_policy: str | None = ...,
        gamma: float | None = ...,
        power: float | None = ...,
        stepsize: int | None = ...,
        stepvalue: Iterable[int] | None = ...,
        type: str | None = ...,
        solver_type: int | str | None = ...,
        momentum: float | None = ...,
        momentum2: float | None = ...,
        rms_decay: float | None = ...,
        delta: float | None = ...,
        weight_decay: float | None = ...,
        regularization_type: str | None = ...,
        clip_gradients: float | None = ...,
        snapshot: int | None = ...,
        snapshot_prefix: str | None = ...,
        snapshot_diff: bool | None = ...,
        snapshot_format: int | str | None = ...,
        snapshot_after_train: bool | None = ...,
        weights: Iterable[str] | None = ...,
        solver_mode: int | str | None = ...,
        device_id: int | None = ...,
        random_seed: int | None = ...,
        debug_info: bool | None = ...,
        layer_wise_reduce: bool | None = ...,
    ) -> None: ...

class SolverState(Message):
    DESCRIPTOR: Descriptor
    iter: int
    learned_net: str
    @property
    def history(self) -> RepeatedCompositeFieldContainer[BlobProto]: ...
    current_step: int
    def __init__(
        self,
        *,
        iter: int | None = ...,
        learned_net: str | None = ...,
        history: Iterable[BlobProto] | None = ...,
        current_step: int | None = ...,
    ) -> None: ...

class TransformationParameter(Message):
    DESCRIPTOR: Descriptor
    scale: float
    mirror: bool
    crop_size: int
    mean_file: str
    @property
    def mean_value(self) -> RepeatedScalarFieldContainer[float]: ...
    force_color: bool
    force_gray: bool
    def __init__(
        self,
        *,
        scale: float | None = ...,
        mirror: bool | None = ...,
        crop_size: int | None = ...,
        mean_file: str | None = ...,
        mean_value: Iterable[float] | None = ...,
        force_color: bool | None = ...,
        force_gray: bool | None = ...,
    ) -> None: ...

class DataParameter(Message):
    DESCRIPTOR: Descriptor
    DB: _EnumTypeWrapper[int]
    LEVELDB: Final = 0
    LMDB: Final = 1
    source: str
    backend: int
    batch_size: int
    rand_skip: int
    prefetch: int
    force_encoded_color: bool
    scale: float
    mean_file: str
    crop_size: int
    mirror: bool
    def __init__(
        self,
        *,
        source: str | None = ...,
        backend: int | str | None = ...,
        batch_size: int | None = ...,
        rand_skip: int | None = ...,
        prefetch: int | None = ...,
        force_encoded_color: bool | None = ...,
        scale: float | None = ...,
        mean_file: str | None = ...,
        crop_size: int | None = ...,
        mirror: bool | None = ...,
    ) -> None: ...

class DummyDataParameter(Message):
    DESCRIPTOR: Descriptor
    @property
    def data_filler(self) -> RepeatedCompositeFieldContainer[FillerParameter]: ...
    @property
    def num(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def channels(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def height(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def width(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def shape(self) -> RepeatedCompositeFieldContainer[BlobShape]: ...
    def __init__(
        self,
        *,
        data_filler: Iterable[FillerParameter] | None = ...,
        num: Iterable[int] | None = ...,
        channels: Iterable[int] | None = ...,
        height: Iterable[int] | None = ...,
        width: Iterable[int] | None = ...,
        shape: Iterable[BlobShape] | None = ...,
    ) -> None: ...

class HDF5DataParameter(Message):
    DESCRIPTOR: Descriptor
    source: str
    batch_size: int
    shuffle: bool
    def __init__(
        self,
        *,
        source: str | None = ...,
        batch_size: int | None = ...,
        shuffle: bool | None = ...,
    ) -> None: ...

class HDF5OutputParameter(Message):
    DESCRIPTOR: Descriptor
    file_name: str
    def __init__(
        self,
        *,
        file_name: str | None = ...,
    ) -> None: ...

class ImageDataParameter(Message):
    DESCRIPTOR: Descriptor
    source: str
    root_folder: str
    batch_size: int
    shuffle: bool
    rand_skip: int
    is_color: bool
    new_height: int
    new_width: int
    scale: float
    mean_file: str
    crop_size: int
    mirror: bool
    def __init__(
        self,
        *,
        source: str | None = ...,
        root_folder: str | None = ...,
        batch_size: int | None = ...,
        shuffle: bool | None = ...,
        rand_skip: int | None = ...,
        is_color: bool | None = ...,
        new_height: int | None = ...,
        new_width: int | None = ...,
        scale: float | None = ...,
        mean_file: str | None = ...,
        crop_size: int | None = ...,
        mirror: bool | None = ...,
    ) -> None: ...

class InputParameter(Message):
    DESCRIPTOR: Descriptor
    @property
    def shape(self) -> RepeatedCompositeFieldContainer[BlobShape]: ...
    def __init__(
        self,
        *,
        shape: Iterable[BlobShape] | None = ...,
    ) -> None: ...

class MemoryDataParameter(Message):
    DESCRIPTOR: Descriptor
    batch_size: int
    channels: int
    height: int
    width: int
    def __init__(
        self,
        *,
        batch_size: int | None = ...,
        channels: int | None = ...,
        height: int | None = ...,
        width: int | None = ...,
    ) -> None: ...

class WindowDataParameter(Message):
    DESCRIPTOR: Descriptor
    source: str
    scale: float
    mean_file: str
    batch_size: int
    crop_size: int
    mirror: bool
    fg_threshold: float
    bg_threshold: float
    fg_fraction: float
    context_pad: int
    crop_mode: str
    cache_images: bool
    root_folder: str
    def __init__(
        self,
        *,
        source: str | None = ...,
        scale: float | None = ...,
        mean_file: str | None = ...,
        batch_size: int | None = ...,
        crop_size: int | None = ...,
        mirror: bool | None = ...,
        fg_threshold: float | None = ...,
        bg_threshold: float | None = ...,
        fg_fraction: float | None = ...,
        context_pad: int | None = ...,
        crop_mode: str | None = ...,
        cache_images: bool | None = ...,
        root_folder: str | None = ...,
    ) -> None: ...

class ConvolutionParameter(Message):
    DESCRIPTOR: Descriptor
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    num_output: int
    bias_term: bool
    axis: int
    group: int
    @property
    def kernel_size(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def stride(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def pad(self) -> RepeatedScalarFieldContainer[int]: ...
    @property
    def dilation(self) -> RepeatedScalarFieldContainer[int]: ...
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    @property
    def weight_filler(self) -> FillerParameter: ...
    @property
    def bias_filler(self) -> FillerParameter: ...
    engine: int
    force_nd_im2col: bool
    def __init__(
        self,
        *,
        num_output: int | None = ...,
        bias_term: bool | None = ...,
        axis: int | None = ...,
        group: int | None = ...,
        kernel_size: Iterable[int] | None = ...,
        stride: Iterable[int] | None = ...,
        pad: Iterable[int] | None = ...,
        dilation: Iterable[int] | None = ...,
        kernel_h: int | None = ...,
        kernel_w: int | None = ...,
        stride_h: int | None = ...,
        stride_w: int | None = ...,
        pad_h: int | None = ...,
        pad_w: int | None = ...,
        weight_filler: FillerParameter | None = ...,
        bias_filler: FillerParameter | None = ...,
        engine: int | str | None = ...,
        force_nd_im2col: bool | None = ...,
    ) -> None: ...

class CropParameter(Message):
    DESCRIPTOR: Descriptor
    axis: int
    @property
    def offset(self) -> RepeatedScalarFieldContainer[int]: ...
    def __init__(
        self,
        *,
        axis: int | None = ...,
        offset: Iterable[int] | None = ...,
    ) -> None: ...

class LRNParameter(Message):
    DESCRIPTOR: Descriptor
    NormRegion: _EnumTypeWrapper[int]
    ACROSS_CHANNELS: Final = 0
    WITHIN_CHANNEL: Final = 1
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    local_size: int
    alpha: float
    beta: float
    norm_region: int
    k: float
    engine: int
    def __init__(
        self,
        *,
        local_size: int | None = ...,
        alpha: float | None = ...,
        beta: float | None = ...,
        norm_region: int | str | None = ...,
        k: float | None = ...,
        engine: int | str | None = ...,
    ) -> None: ...

class PoolingParameter(Message):
    DESCRIPTOR: Descriptor
    PoolMethod: _EnumTypeWrapper[int]
    MAX: Final = 0
    AVE: Final = 1
    STOCHASTIC: Final = 2
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    RoundMode: _EnumTypeWrapper[int]
    CEIL: Final = 0
    FLOOR: Final = 1
    pool: int
    round_mode: int
    global_pooling: bool
    kernel_size: int
    stride: int
    pad: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    engine: int
    def __init__(
        self,
        *,
        pool: int | str | None = ...,
        round_mode: int | str | None = ...,
        global_pooling: bool | None = ...,
        kernel_size: int | None = ...,
        stride: int | None = ...,
        pad: int | None = ...,
        kernel_h: int | None = ...,
        kernel_w: int | None = ...,
        stride_h: int | None = ...,
        stride_w: int | None = ...,
        pad_h: int | None = ...,
        pad_w: int | None = ...,
        engine: int | str | None = ...,
    ) -> None: ...

class SPPParameter(Message):
    DESCRIPTOR: Descriptor
    PoolMethod: _EnumTypeWrapper[int]
    MAX: Final = 0
    AVE: Final = 1
    STOCHASTIC: Final = 2
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    pyramid_height: int
    pool: int
    engine: int
    def __init__(
        self,
        *,
        pyramid_height: int | None = ...,
        pool: int | str | None = ...,
        engine: int | str | None = ...,
    ) -> None: ...

class BatchNormParameter(Message):
    DESCRIPTOR: Descriptor
    use_global_stats: bool
    moving_average_fraction: float
    eps: float
    def __init__(
        self,
        *,
        use_global_stats: bool | None = ...,
        moving_average_fraction: float | None = ...,
        eps: float | None = ...,
    ) -> None: ...

class BiasParameter(Message):
    DESCRIPTOR: Descriptor
    axis: int
    num_axes: int
    @property
    def filler(self) -> FillerParameter: ...
    def __init__(
        self,
        *,
        axis: int | None = ...,
        num_axes: int | None = ...,
        filler: FillerParameter | None = ...,
    ) -> None: ...

class ScaleParameter(Message):
    DESCRIPTOR: Descriptor
    axis: int
    num_axes: int
    @property
    def filler(self) -> FillerParameter: ...
    bias_term: bool
    @property
    def bias_filler(self) -> FillerParameter: ...
    def __init__(
        self,
        *,
        axis: int | None = ...,
        num_axes: int | None = ...,
        filler: FillerParameter | None = ...,
        bias_term: bool | None = ...,
        bias_filler: FillerParameter | None = ...,
    ) -> None: ...

class EmbedParameter(Message):
    DESCRIPTOR: Descriptor
    num_output: int
    input_dim: int
    bias_term: bool
    @property
    def weight_filler(self) -> FillerParameter: ...
    @property
    def bias_filler(self) -> FillerParameter: ...
    def __init__(
        self,
        *,
        num_output: int | None = ...,
        input_dim: int | None = ...,
        bias_term: bool | None = ...,
        weight_filler: FillerParameter | None = ...,
        bias_filler: FillerParameter | None = ...,
    ) -> None: ...

class InnerProductParameter(Message):
    DESCRIPTOR: Descriptor
    num_output: int
    bias_term: bool
    @property
    def weight_filler(self) -> FillerParameter: ...
    @property
    def bias_filler(self) -> FillerParameter: ...
    axis: int
    transpose: bool
    def __init__(
        self,
        *,
        num_output: int | None = ...,
        bias_term: bool | None = ...,
        weight_filler: FillerParameter | None = ...,
        bias_filler: FillerParameter | None = ...,
        axis: int | None = ...,
        transpose: bool | None = ...,
    ) -> None: ...

class MVNParameter(Message):
    DESCRIPTOR: Descriptor
    normalize_variance: bool
    across_channels: bool
    eps: float
    def __init__(
        self,
        *,
        normalize_variance: bool | None = ...,
        across_channels: bool | None = ...,
        eps: float | None = ...,
    ) -> None: ...

class RecurrentParameter(Message):
    DESCRIPTOR: Descriptor
    num_output: int
    @property
    def weight_filler(self) -> FillerParameter: ...
    @property
    def bias_filler(self) -> FillerParameter: ...
    debug_info: bool
    expose_hidden: bool
    peephole: bool
    lengths: bool
    reverse: bool
    def __init__(
        self,
        *,
        num_output: int | None = ...,
        weight_filler: FillerParameter | None = ...,
        bias_filler: FillerParameter | None = ...,
        debug_info: bool | None = ...,
        expose_hidden: bool | None = ...,
        peephole: bool | None = ...,
        lengths: bool | None = ...,
        reverse: bool | None = ...,
    ) -> None: ...

class ClipParameter(Message):
    DESCRIPTOR: Descriptor
    min: float
    max: float
    def __init__(
        self,
        *,
        min: float | None = ...,
        max: float | None = ...,
    ) -> None: ...

class DropoutParameter(Message):
    DESCRIPTOR: Descriptor
    dropout_ratio: float
    def __init__(
        self,
        *,
        dropout_ratio: float | None = ...,
    ) -> None: ...

class ELUParameter(Message):
    DESCRIPTOR: Descriptor
    alpha: float
    def __init__(
        self,
        *,
        alpha: float | None = ...,
    ) -> None: ...

class ExpParameter(Message):
    DESCRIPTOR: Descriptor
    base: float
    scale: float
    shift: float
    def __init__(
        self,
        *,
        base: float | None = ...,
        scale: float | None = ...,
        shift: float | None = ...,
    ) -> None: ...

class HardTanhParameter(Message):
    DESCRIPTOR: Descriptor
    min: float
    max: float
    def __init__(
        self,
        *,
        min: float | None = ...,
        max: float | None = ...,
    ) -> None: ...

class LogParameter(Message):
    DESCRIPTOR: Descriptor
    base: float
    scale: float
    shift: float
    def __init__(
        self,
        *,
        base: float | None = ...,
        scale: float | None = ...,
        shift: float | None = ...,
    ) -> None: ...

class PowerParameter(Message):
    DESCRIPTOR: Descriptor
    power: float
    scale: float
    shift: float
    def __init__(
        self,
        *,
        power: float | None = ...,
        scale: float | None = ...,
        shift: float | None = ...,
    ) -> None: ...

class PReLUParameter(Message):
    DESCRIPTOR: Descriptor
    @property
    def filler(self) -> FillerParameter: ...
    channel_shared: bool
    def __init__(
        self,
        *,
        filler: FillerParameter | None = ...,
        channel_shared: bool | None = ...,
    ) -> None: ...

class ReLUParameter(Message):
    DESCRIPTOR: Descriptor
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    negative_slope: float
    engine: int
    def __init__(
        self,
        *,
        negative_slope: float | None = ...,
        engine: int | str | None = ...,
    ) -> None: ...

class SigmoidParameter(Message):
    DESCRIPTOR: Descriptor
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    engine: int
    def __init__(
        self,
        *,
        engine: int | str | None = ...,
    ) -> None: ...

class SwishParameter(Message):
    DESCRIPTOR: Descriptor
    beta: float
    def __init__(
        self,
        *,
        beta: float | None = ...,
    ) -> None: ...

class TanHParameter(Message):
    DESCRIPTOR: Descriptor
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    engine: int
    def __init__(
        self,
        *,
        engine: int | str | None = ...,
    ) -> None: ...

class ThresholdParameter(Message):
    DESCRIPTOR: Descriptor
    threshold: float
    def __init__(
        self,
        *,
        threshold: float | None = ...,
    ) -> None: ...

class ArgMaxParameter(Message):
    DESCRIPTOR: Descriptor
    out_max_val: bool
    top_k: int
    axis: int
    def __init__(
        self,
        *,
        out_max_val: bool | None = ...,
        top_k: int | None = ...,
        axis: int | None = ...,
    ) -> None: ...

class ConcatParameter(Message):
    DESCRIPTOR: Descriptor
    concat_dim: int
    axis: int
    def __init__(
        self,
        *,
        concat_dim: int | None = ...,
        axis: int | None = ...,
    ) -> None: ...

class EltwiseParameter(Message):
    DESCRIPTOR: Descriptor
    EltwiseOp: _EnumTypeWrapper[int]
    PROD: Final = 0
    SUM: Final = 1
    MAX: Final = 2
    operation: int
    @property
    def coeff(self) -> RepeatedScalarFieldContainer[float]: ...
    stable_prod_grad: bool
    def __init__(
        self,
        *,
        operation: int | str | None = ...,
        coeff: Iterable[float] | None = ...,
        stable_prod_grad: bool | None = ...,
    ) -> None: ...

class FlattenParameter(Message):
    DESCRIPTOR: Descriptor
    axis: int
    end_axis: int
    def __init__(
        self,
        *,
        axis: int | None = ...,
        end_axis: int | None = ...,
    ) -> None: ...

class ParameterParameter(Message):
    DESCRIPTOR: Descriptor
    @property
    def shape(self) -> BlobShape: ...
    def __init__(
        self,
        *,
        shape: BlobShape | None = ...,
    ) -> None: ...

class PythonParameter(Message):
    DESCRIPTOR: Descriptor
    module: str
    layer: str
    param_str: str
    share_in_parallel: bool
    def __init__(
        self,
        *,
        module: str | None = ...,
        layer: str | None = ...,
        param_str: str | None = ...,
        share_in_parallel: bool | None = ...,
    ) -> None: ...

class ReductionParameter(Message):
    DESCRIPTOR: Descriptor
    ReductionOp: _EnumTypeWrapper[int]
    SUM: Final = 1
    ASUM: Final = 2
    SUMSQ: Final = 3
    MEAN: Final = 4
    operation: int
    axis: int
    coeff: float
    def __init__(
        self,
        *,
        operation: int | str | None = ...,
        axis: int | None = ...,
        coeff: float | None = ...,
    ) -> None: ...

class ReshapeParameter(Message):
    DESCRIPTOR: Descriptor
    @property
    def shape(self) -> BlobShape: ...
    axis: int
    num_axes: int
    def __init__(
        self,
        *,
        shape: BlobShape | None = ...,
        axis: int | None = ...,
        num_axes: int | None = ...,
    ) -> None: ...

class SliceParameter(Message):
    DESCRIPTOR: Descriptor
    slice_dim: int
    @property
    def slice_point(self) -> RepeatedScalarFieldContainer[int]: ...
    axis: int
    def __init__(
        self,
        *,
        slice_dim: int | None = ...,
        slice_point: Iterable[int] | None = ...,
        axis: int | None = ...,
    ) -> None: ...

class TileParameter(Message):
    DESCRIPTOR: Descriptor
    axis: int
    tiles: int
    def __init__(
        self,
        *,
        axis: int | None = ...,
        tiles: int | None = ...,
    ) -> None: ...

class LossParameter(Message):
    DESCRIPTOR: Descriptor
    NormalizationMode: _EnumTypeWrapper[int]
    FULL: Final = 0
    VALID: Final = 1
    BATCH_SIZE: Final = 2
    NONE: Final = 3
    ignore_label: int
    normalize: bool
    normalization: int
    def __init__(
        self,
        *,
        ignore_label: int | None = ...,
        normalize: bool | None = ...,
        normalization: int | str | None = ...,
    ) -> None: ...

class AccuracyParameter(Message):
    DESCRIPTOR: Descriptor
    top_k: int
    axis: int
    ignore_label: int
    def __init__(
        self,
        *,
        top_k: int | None = ...,
        axis: int | None = ...,
        ignore_label: int | None = ...,
    ) -> None: ...

class ContrastiveLossParameter(Message):
    DESCRIPTOR: Descriptor
    margin: float
    legacy_version: bool
    def __init__(
        self,
        *,
        margin: float | None = ...,
        legacy_version: bool | None = ...,
    ) -> None: ...

class HingeLossParameter(Message):
    DESCRIPTOR: Descriptor
    Norm: _EnumTypeWrapper[int]
    L1: Final = 1
    L2: Final = 2
    norm: int
    def __init__(
        self,
        *,
        norm: int | str | None = ...,
    ) -> None: ...

class InfogainLossParameter(Message):
    DESCRIPTOR: Descriptor
    source: str
    axis: int
    def __init__(
        self,
        *,
        source: str | None = ...,
        axis: int | None = ...,
    ) -> None: ...

class SoftmaxParameter(Message):
    DESCRIPTOR: Descriptor
    Engine: _EnumTypeWrapper[int]
    DEFAULT: Final = 0
    CAFFE: Final = 1
    CUDNN: Final = 2
    engine: int
    axis: int
    def __init__(
        self,
        *,
        engine: int | str | None = ...,
        axis: int | None = ...,
    ) -> None: ...

class V1LayerParameter(Message):
    DESCRIPTOR: Descriptor
    LayerType: _EnumTypeWrapper[int]
    NONE: Final = 0
    ACCURACY: Final = 1
    BNLL: Final = 2
    CONCAT: Final = 3
    CONVOLUTION: Final = 4
    DATA: Final = 5
    DROPOUT: Final = 6
    EUCLIDEAN_LOSS: Final = 7
    FLATTEN: Final = 8
    HDF5_DATA: Final = 9
    HDF5_OUTPUT: Final = 10
    IM2COL: Final = 11
    IMAGE_DATA: Final = 12
    INFOGAIN_LOSS: Final = 13
    INNER_PRODUCT: Final = 14
    LRN: Final = 15
    MULTINOMIAL_LOGISTIC_LOSS: Final = 16
    POOLING: Final = 17
    RELU: Final = 18
    SIGMOID: Final = 19
    SOFTMAX: Final = 20
    SOFTMAX_LOSS: Final = 21
    SPLIT: Final = 22
    TANH: Final = 23
    WINDOW_DATA: Final = 24
    ELTWISE: Final = 25
    POWER: Final = 26
    SIGMOID_CROSS_ENTROPY_LOSS: Final = 27
    HINGE_LOSS: Final = 28
    MEMORY_DATA: Final = 29
    ARGMAX: Final = 30
    THRESHOLD: Final = 31
    DUMMY_DATA: Final = 32
    SLICE: Final = 33
    MVN: Final = 34
    ABSVAL: Final = 35
    SILENCE: Final = 36
    CONTRASTIVE_LOSS: Final = 37
    EXP: Final = 38
    DECONVOLUTION: Final = 39
    CONVOLUTION3D: Final = 9001
    DECONVOLUTION3D: Final = 9002
    POOLING3D: Final = 9003
    VIDEO_DATA: Final = 9004
    VIDEO_SEGMENTATION_DATA: Final = 9005
    VIDEO_WITH_VOXEL_TRUTH_DATA: Final = 9006
    VOXEL_SOFTMAX: Final = 9007
    VOXEL_SOFTMAX_LOSS: Final = 9008
    CROP: Final = 9009
    MULTI_STAGE_MEANFIELD: Final = 9010
    MCWINDOW_DATA: Final = 9011
    DimCheckMode: _EnumTypeWrapper[int]
    STRICT: Final = 0
    PERMISSIVE: Final = 1
    @property
    def layer(self) -> V0LayerParameter: ...
    @property
    def bottom(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def top(self) -> RepeatedScalarFieldContainer[str]: ...
    name: str
    type: int
    @property
    def blobs(self) -> RepeatedCompositeFieldContainer[BlobProto]: ...
    @property
    def blobs_lr(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def weight_decay(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def concat_param(self) -> ConcatParameter: ...
    @property
    def convolution_param(self) -> ConvolutionParameter: ...
    @property
    def data_param(self) -> DataParameter: ...
    @property
    def dropout_param(self) -> DropoutParameter: ...
    @property
    def hdf5_data_param(self) -> HDF5DataParameter: ...
    @property
    def hdf5_output_param(self) -> HDF5OutputParameter: ...
    @property
    def image_data_param(self) -> ImageDataParameter: ...
    @property
    def infogain_loss_param(self) -> InfogainLossParameter: ...
    @property
    def inner_product_param(self) -> InnerProductParameter: ...
    @property
    def lrn_param(self) -> LRNParameter: ...
    @property
    def pooling_param(self) -> PoolingParameter: ...
    @property
    def window_data_param(self) -> WindowDataParameter: ...
    @property
    def power_param(self) -> PowerParameter: ...
    @property
    def memory_data_param(self) -> MemoryDataParameter: ...
    @property
    def argmax_param(self) -> ArgMaxParameter: ...
    @property
    def eltwise_param(self) -> EltwiseParameter: ...
    @property
    def threshold_param(self) -> ThresholdParameter: ...
    @property
    def dummy_data_param(self) -> DummyDataParameter: ...
    @property
    def accuracy_param(self) -> AccuracyParameter: ...
    @property
    def hinge_loss_param(self) -> HingeLossParameter: ...
    @property
    def relu_param(self) -> ReLUParameter: ...
    @property
    def slice_param(self) -> SliceParameter: ...
    @property
    def include(self) -> RepeatedCompositeFieldContainer[NetStateRule]: ...
    @property
    def exclude(self) -> RepeatedCompositeFieldContainer[NetStateRule]: ...
    @property
    def mvn_param(self) -> MVNParameter: ...
    @property
    def loss_weight(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def transform_param(self) -> TransformationParameter: ...
    @property
    def tanh_param(self) -> TanHParameter: ...
    @property
    def sigmoid_param(self) -> SigmoidParameter: ...
    @property
    def softmax_param(self) -> SoftmaxParameter: ...
    @property
    def contrastive_loss_param(self) -> ContrastiveLossParameter: ...
    @property
    def exp_param(self) -> ExpParameter: ...
    @property
    def loss_param(self) -> LossParameter: ...
    @property
    def param(self) -> RepeatedScalarFieldContainer[str]: ...
    @property
    def blob_share_mode(self) -> RepeatedScalarFieldContainer[int]: ...
    place: str
    def __init__(
        self,
        *,
        layer: V0LayerParameter | None = ...,
        bottom: Iterable[str] | None = ...,
        top: Iterable[str] | None = ...,
        name: str | None = ...,
        type: int | str | None = ...,
        blobs: Iterable[BlobProto] | None = ...,
        blobs_lr: Iterable[float] | None = ...,
        weight_decay: Iterable[float] | None = ...,
        concat_param: ConcatParameter | None = ...,
        convolution_param: ConvolutionParameter | None = ...,
        data_param: DataParameter | None = ...,
        dropout_param: DropoutParameter | None = ...,
        hdf5_data_param: HDF5DataParameter | None = ...,
        hdf5_output_param: HDF5OutputParameter | None = ...,
        image_data_param: ImageDataParameter | None = ...,
        infogain_loss_param: InfogainLossParameter | None = ...,
        inner_product_param: InnerProductParameter | None = ...,
        lrn_param: LRNParameter | None = ...,
        pooling_param: PoolingParameter | None = ...,
        window_data_param: WindowDataParameter | None = ...,
        power_param: PowerParameter | None = ...,
        memory_data_param: MemoryDataParameter | None = ...,
        argmax_param: ArgMaxParameter | None = ...,
        eltwise_param: EltwiseParameter | None = ...,
        threshold_param: ThresholdParameter | None = ...,
        dummy_data_param: DummyDataParameter | None = ...,
        accuracy_param: AccuracyParameter | None = ...,
        hinge_loss_param: HingeLossParameter | None = ...,
        relu_param: ReLUParameter | None = ...,
        slice_param: SliceParameter | None = ...,
        include: Iterable[NetStateRule] | None = ...,
        exclude: Iterable[NetStateRule] | None = ...,
        mvn_param: MVNParameter | None = ...,
        loss_weight: Iterable[float] | None = ...,
        transform_param: TransformationParameter | None = ...,
        tanh_param: TanHParameter | None = ...,
        sigmoid_param: SigmoidParameter | None = ...,
        softmax_param: SoftmaxParameter | None = ...,
        contrastive_loss_param: ContrastiveLossParameter | None = ...,
        exp_param: ExpParameter | None = ...,
        loss_param: LossParameter | None = ...,
        param: Iterable[str] | None = ...,
        blob_share_mode: Iterable[int | str] | None = ...,
        place: str | None = ...,
    ) -> None: ...

class V0LayerParameter(Message):
    DESCRIPTOR: Descriptor
    PoolMethod: _EnumTypeWrapper[int]
    MAX: Final = 0
    AVE: Final = 1
    STOCHASTIC: Final = 2
    name: str
    type: str
    num_output: int
    biasterm: bool
    @property
    def weight_filler(self) -> FillerParameter: ...
    @property
    def bias_filler(self) -> FillerParameter: ...
    pad: int
    kernelsize: int
    group: int
    stride: int
    pool: int
    dropout_ratio: float
    local_size: int
    alpha: float
    beta: float
    source: str
    scale: float
    meanfile: str
    batchsize: int
    cropsize: int
    mirror: bool
    k: float
    @property
    def blobs(self) -> RepeatedCompositeFieldContainer[BlobProto]: ...
    @property
    def blobs_lr(self) -> RepeatedScalarFieldContainer[float]: ...
    @property
    def weight_decay(self) -> RepeatedScalarFieldContainer[float]: ...
    rand_skip: int
    det_fg_threshold: float
    det_bg_threshold: float
    det_fg_fraction: float
    det_context_pad: int
    det_crop_mode: str
    new_num: int
    new_channels: int
    new_height: int
    new_width: int
    shuffle_images: bool
    concat_dim: int
    @property
    def hdf5_output_param(self) -> HDF5OutputParameter: ...
    def __init__(
        self,
        *,
        name: str | None = ...,
        type: str | None = ...,
        num_output: int | None = ...,
        biasterm: bool | None = ...,
        weight_filler: FillerParameter | None = ...,
        bias_filler: FillerParameter | None = ...,
        pad: int | None = ...,
        kernelsize: int | None = ...,
        group: int | None = ...,
        stride: int | None = ...,
        pool: int | str | None = ...,
        dropout_ratio: float | None = ...,
        local_size: int | None = ...,
        alpha: float | None = ...,
        beta: float | None = ...,
        source: str | None = ...,
        scale: float | None = ...,
        meanfile: str | None = ...,
        batchsize: int | None = ...,
        cropsize: int | None = ...,
        mirror: bool | None = ...,
        k: float | None = ...,
        blobs: Iterable[BlobProto] | None = ...,
        blobs_lr: Iterable[float] | None = ...,
        weight_decay: Iterable[float] | None = ...,
        rand_skip: int | None = ...,
        det_fg_threshold: float | None = ...,
        det_bg_threshold: float | None = ...,
        det_fg_fraction: float | None = ...,
        det_context_pad: int | None = ...,
        det_crop_mode: str | None = ...,
        new_num: int | None = ...,
        new_channels: int | None = ...,
        new_height: int | None = ...,
        new_width: int | None = ...,
        shuffle_images: bool | None = ...,
        concat_dim: int | None = ...,
        hdf5_output_param: HDF5OutputParameter | None = ...,
    ) -> None: ...

class WeightsBlob(Message):
    DESCRIPTOR: Descriptor
    @property
    def shape(self) -> BlobShape: ...
    data: bytes
    diff: bytes
    double_data: bytes
    double_diff: bytes
    num: int
    channels: int
    height: int
    width: int
    raw_data_type: int
    raw_diff_type: int
    raw_data: bytes
    raw_diff: bytes
    def __init__(
        self,
        *,
        shape: BlobShape | None = ...,
        data: bytes | None = ...,
        diff: bytes | None = ...,
        double_data: bytes | None = ...,
        double_diff: bytes | None = ...,
        num: int | None = ...,
        channels: int | None = ...,
        height: int | None = ...,
        width: int | None = ...,
        raw_data_type: int | None = ...,
        raw_diff_type: int | None = ...,
        raw_data: bytes | None = ...,
        raw_diff: bytes | None = ...,
    ) -> None: ...

class WeightsLayer(Message):
    DESCRIPTOR: Descriptor
    name: bytes
    type: bytes
    @property
    def blobs(self) -> RepeatedCompositeFieldContainer[WeightsBlob]: ...
    def __init__(
        self,
        *,
        name: bytes | None = ...,
        type: bytes | None = ...,
        blobs: Iterable[WeightsBlob] | None = ...,
    ) -> None: ...

class WeightsLayerV1(Message):
    DESCRIPTOR: Descriptor
    @property
    def layer(self) -> WeightsLayerV0: ...
    name: bytes
    type: int
    @property
    def blobs(self) -> RepeatedCompositeFieldContainer[WeightsBlob]: ...
    def __init__(
        self,
        *,
        layer: WeightsLayerV0 | None = ...,
        name: bytes | None = ...,
        type: int | None = ...,
        blobs: Iterable[WeightsBlob] | None = ...,
    ) -> None: ...

class WeightsLayerV0(Message):
    DESCRIPTOR: Descriptor
    name: bytes
    type: bytes
    @property
    def blobs(self) -> RepeatedCompositeFieldContainer[WeightsBlob]: ...
    def __init__(
        self,
        *,
        name: bytes | None = ...,
        type: bytes | None = ...,
        blobs: Iterable[WeightsBlob] | None = ...,
    ) -> None: ...

class WeightsNet(Message):
    DESCRIPTOR: Descriptor
    name: bytes
    @property
    def layers(self) -> RepeatedCompositeFieldContainer[WeightsLayerV1]: ...
    @property
    def layer(self) -> RepeatedCompositeFieldContainer[WeightsLayer]: ...
    def __init__(
        self,
        *,
        name: bytes | None = ...,
        layers: Iterable[WeightsLayerV1] | None = ...,
        layer: Iterable[WeightsLayer] | None = ...,
    ) -> None: ...
