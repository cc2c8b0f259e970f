"""The nets that are timed, as NetParameters: an Input `data`, a `label` where there is a loss, random weights."""

from cafflite import NetSpec
from cafflite import layers as L
from cafflite import params as P
from cafflite.proto.caffe_pb2 import NetParameter

Top = object
FILLER = dict(type="msra")


def start(*shape: int) -> tuple[NetSpec, Top]:
    net = NetSpec()
    net.data = L.Input(shape=dict(dim=shape))
    return net, net.data


def conv(x: Top, outputs: int, kernel: int, relu: bool = True, **more) -> Top:
    y = L.Convolution(x, num_output=outputs, kernel_size=kernel, weight_filler=FILLER, **more)
    return L.ReLU(y, in_place=True) if relu else y


def full(x: Top, outputs: int, relu: bool = False) -> Top:
    y = L.InnerProduct(x, num_output=outputs, weight_filler=FILLER)
    return L.ReLU(y, in_place=True) if relu else y


def max_pool(x: Top, kernel: int, stride: int, pad: int = 0) -> Top:
    return L.Pooling(x, pool=P.Pooling.MAX, kernel_size=kernel, stride=stride, pad=pad)


def classified(net: NetSpec, x: Top, batch: int) -> NetParameter:
    net.label = L.Input(shape=dict(dim=[batch]))
    net.loss = L.SoftmaxWithLoss(x, net.label)
    return net.to_proto()


def averaged(net: NetSpec, x: Top) -> NetParameter:
    """For what has no classifier: the mean of the output is the loss."""
    net.loss = L.Reduction(x, operation=P.Reduction.MEAN, loss_weight=1)
    return net.to_proto()


def lenet(batch: int = 64) -> NetParameter:
    net, x = start(batch, 1, 28, 28)
    x = max_pool(conv(x, 20, 5, relu=False), 2, 2)
    x = max_pool(conv(x, 50, 5, relu=False), 2, 2)
    return classified(net, full(full(x, 500, relu=True), 10), batch)


def caffenet(batch: int = 10) -> NetParameter:
    net, x = start(batch, 3, 227, 227)
    for outputs, kernel, more in ((96, 11, dict(stride=4)), (256, 5, dict(pad=2, group=2))):
        x = L.LRN(max_pool(conv(x, outputs, kernel, **more), 3, 2), local_size=5, alpha=1e-4, beta=0.75)
    x = conv(x, 384, 3, pad=1)
    x = conv(x, 384, 3, pad=1, group=2)
    x = max_pool(conv(x, 256, 3, pad=1, group=2), 3, 2)
    return classified(net, full(full(full(x, 4096, relu=True), 4096, relu=True), 1000), batch)


def vgg_a(batch: int = 4) -> NetParameter:
    """The convolutions of VGG-A."""
    net, x = start(batch, 3, 224, 224)
    for stage in ((64,), (128,), (256, 256), (512, 512)):
        for outputs in stage:
            x = conv(x, outputs, 3, pad=1)
        x = max_pool(x, 2, 2)
    return averaged(net, x)


def mobilenet(batch: int = 4) -> NetParameter:
    """MobileNet of half the width, without its classifier and without normalisation, which deployment folds away."""
    net, x = start(batch, 3, 224, 224)
    x = conv(x, 16, 3, stride=2, pad=1)
    channels = 16
    blocks = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), *[(256, 1)] * 5, (512, 2), (512, 1))
    for outputs, stride in blocks:
        x = conv(x, channels, 3, stride=stride, pad=1, group=channels)
        x = conv(x, outputs, 1)
        channels = outputs
    return averaged(net, x)


def resnet_50(batch: int = 4) -> NetParameter:
    """ResNet-50 as it is deployed, its normalisations with the statistics that they were trained to."""
    net, x = start(batch, 3, 224, 224)

    def normed(x: Top, outputs: int, kernel: int, relu: bool = True, **more) -> Top:
        y = conv(x, outputs, kernel, relu=False, bias_term=False, **more)
        y = L.Scale(L.BatchNorm(y, in_place=True, use_global_stats=True), in_place=True, bias_term=True)
        return L.ReLU(y, in_place=True) if relu else y

    x = max_pool(normed(x, 64, 7, stride=2, pad=3), 3, 2)
    for width, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(count):
            stride = 2 if block == 0 and width > 64 else 1
            short = normed(x, 4 * width, 1, relu=False, stride=stride) if block == 0 else x
            y = normed(normed(x, width, 1, stride=stride), width, 3, pad=1)
            x = L.ReLU(L.Eltwise(short, normed(y, 4 * width, 1, relu=False)), in_place=True)
    x = L.Pooling(x, pool=P.Pooling.AVE, kernel_size=7, stride=1)
    return classified(net, full(x, 1000), batch)


def googlenet(batch: int = 4) -> NetParameter:
    """GoogLeNet as it is deployed, without the two classifiers that only help its training."""
    net, x = start(batch, 3, 224, 224)
    x = L.LRN(max_pool(conv(x, 64, 7, stride=2, pad=3), 3, 2), local_size=5, alpha=1e-4, beta=0.75)
    x = conv(conv(x, 64, 1), 192, 3, pad=1)
    x = max_pool(L.LRN(x, local_size=5, alpha=1e-4, beta=0.75), 3, 2)
    inceptions = (
        (64, 96, 128, 16, 32, 32),
        (128, 128, 192, 32, 96, 64),
        None,
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
        None,
        (256, 160, 320, 32, 128, 128),
        (384, 192, 384, 48, 128, 128),
    )
    for widths in inceptions:
        if widths is None:
            x = max_pool(x, 3, 2)
            continue
        one, before_three, three, before_five, five, after_pool = widths
        x = L.Concat(
            conv(x, one, 1),
            conv(conv(x, before_three, 1), three, 3, pad=1),
            conv(conv(x, before_five, 1), five, 5, pad=2),
            conv(max_pool(x, 3, 1, pad=1), after_pool, 1),
        )
    x = L.Dropout(L.Pooling(x, pool=P.Pooling.AVE, kernel_size=7, stride=1), dropout_ratio=0.4, in_place=True)
    return classified(net, full(x, 1000), batch)
