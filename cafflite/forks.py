"""The layer types of Caffe's forks that are not here, for errors that say where a layer comes from.

A type that several forks have stands under the one that it is known from. Those in capitals are of the old `layers`.
A type that gets a layer here is to be taken out: its settings are then fields like all others.
"""

_TYPES = {
    "bottom-up-attention": "InnerProductBlob",
    "C3D": (
        "BlackHole CONVOLUTION3D Convolution3D DECONVOLUTION3D Deconvolution3D L2Normalize POOLING3D Pooling3D "
        "VIDEO_DATA VIDEO_SEGMENTATION_DATA VIDEO_WITH_VOXEL_TRUTH_DATA VOXEL_SOFTMAX VOXEL_SOFTMAX_LOSS"
    ),
    "caffe-face": "CenterLoss",
    "caffe-model": "SeLu SeLuDropout",
    "caffe-multigpu": "TripletLoss",
    "caffe-windows": (
        "Arccos BatchContrastiveLoss ChannelScale ConfidencePenaltyLoss CorrelationLoss Cosine FCNAccuracy Flip "
        "FocalLoss GeneralContrastiveLoss GeneralTripletLoss GlobalLSEMargin Gram Hotspot InnerDistance Insanity "
        "LabelSpecificAdd LargeMarginInnerProduct Local MovingNormalize MultiLabelImageData NCALoss Noise "
        "Pairwise PredictBox Proposal Resize Slope SoftContrastiveLoss SoftTruncation SubRegion Transformer "
        "Truncation"
    ),
    "caffe_ocr": "DenseBlock ReverseTime SoftmaxWithLossMultiLabel WarpCTCLoss",
    "CRF-RNN": "CROP MULTI_STAGE_MEANFIELD MultiStageMeanfield",
    "CTPN": "Transpose",
    "DeepLab": (
        "AdaptiveBiasChannel BiasChannel DenseCRF DomainTransform DomainTransformForwardOnly ImageSegData Interp "
        "MatRead MatWrite SegAccuracy SpatialProduct UniqueLabel"
    ),
    "deepsaldet": "MCWINDOW_DATA",
    "Fast R-CNN": "ROIPooling SmoothL1Loss",
    "FlowNet 2": (
        "Accum BlackAugmentation ChannelNorm Correlation Correlation1D CustomData DataAugmentation DisparityData "
        "Downsample FloatReader FloatWriter FlowAugmentation FLOWriter FlowWarp GenerateAugmentationParameters "
        "ImgReader ImgWriter L1Loss LpqLoss Mean NegReLU PFMWriter Resample"
    ),
    "HED": "ImageLabelmapData",
    "Intel": "BoxData EvalDetection MnActivation SpatialDropout",
    "LRCN": "Scalar",
    "mini-caffe": "ConvolutionDepthwise ShuffleChannel",
    "MNC": "MaskPooling MaskResize ROIWarping",
    "MobileNet-SSD": "ReLU6",
    "MobileNet-YOLO": (
        "AssistedExcitation Axpy DepthwiseConvolution GaussianYolov3 LaneData RegionLoss Reorg "
        "SegmentationEvaluate YoloDetectionOutput YoloSeg Yolov3 Yolov3DetectionOutput"
    ),
    "MS-CNN": "BboxAccuracy BoxOutput DecodeBBox DetectionAccuracy DetectionLoss ImageGtData ProposalTarget ROIAlign",
    "NVIDIA": "DetectNetTransformation TRT",
    "OpenCV": "BboxData SqueezeDetLoss",
    "OpenPose": "CPMData EuclideanmaskLoss ImResize Maximum Nms",
    "OpenVINO": "PriorBoxClustered",
    "R-FCN": "BoxAnnotatorOHEM PSROIPooling SmoothL1LossOHEM SoftmaxWithLossOHEM",
    "RCF": "AutoCrop",
    "SegNet": "BN DenseImageData Upsample",
    "SphereFace": "MarginInnerProduct",
    "SSD": "AnnotatedData DetectionEvaluate DetectionOutput MultiBoxLoss Normalize PriorBox VideoData",
    "SSTD": "AnnotatedDataMask DetectionOrientedOutput MultiBoxOrientedLoss",
    "STN": "LocLoss PowerFile Repeat SpatialTransformer STLoss",
    "Synopsys": (
        "Add Atan Attention BatchToSpaceND BEGANLoss BroadcastTo Ceil Corr1d CountNonzero CropAndResize "
        "DepthToSpace Div EmbeddingLookup EmbeddingLookupSparse ExpandDimsND FarthestPointSample Floor FloorDiv "
        "FloorMod GANLoss GatherND GatherV2 Gemm GroupPoint HardSigmoid HardSwish HardTanH ICNetSubgraph "
        "LayerNorm LogSoftmax LpNormalization LSTMV2 LuongAttention MaskRCNNDetection MaskRCNNProposal MatMul "
        "Minimum MirrorPad Mish Mul NMS NMSGather NonMaxSuppression NotEqual OneHot Pad PeepholeLSTM Piece Pow "
        "PyramidROIAlign QueryBallPoint Range ReduceAll ReduceAny ReduceL1 ReduceL2 ReduceLogSumExp ReduceMax "
        "ReduceMean ReduceMin ReduceProd ReduceSum ResizeBilinear ResizeNearestNeighbor ReverseSequence RNNv2 "
        "Round ScaledTanH ScatterND SeLU SeLUDropout Shape SimpleRNN Sin Softplus Softsign SpaceToBatchND "
        "SpaceToDepth SparseToDense SpatialBatchingPooling Squeeze SqueezeConvolution SqueezeDeconvolution "
        "SqueezeInnerProduct SSDDecoder SSDSort Stack StridedSlice Sub Tensor2Box ThreeInterpolate ThreeNN "
        "ThresholdedReLU TileND TopkGather Unstack UpsampleDarknet Where4 Where4Gathernd Where4GatherndCrop XLU "
        "YoloV2Loss YoloV3Loss"
    ),
    "TSN": "BatchReduction Gather Scatter SegData SyncBN",
    "WarpCTC": "ContinuationIndicator CtcLoss LabelsequenceAccuracy",
}
FORK_OF = {name: fork for fork, names in _TYPES.items() for name in names.split()}
