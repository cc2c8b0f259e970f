import numpy as np
import pytest
from gradient_check import build, check

from cafflite.errors import CaffliteError
from cafflite.proto.caffe_pb2 import BlobProto, BlobShape

H = np.array([[1.0, 0.2, 0], [0.5, 2, 0.1], [0, 0, 0.7]])
LABELS = np.array([2.0, 0, 1, 1])


def matrix_file(tmp_path, matrix) -> str:
    path = tmp_path / "h.binaryproto"
    path.write_bytes(BlobProto(shape=BlobShape(dim=matrix.shape), data=matrix.ravel()).SerializeToString())
    return str(path)


def test_with_the_identity_it_is_the_softmax_loss():
    bottoms = [np.random.default_rng(0).standard_normal((4, 3)), LABELS]
    layer, bottom, top = build('type: "InfogainLoss"', [*bottoms, np.eye(3)])
    layer.forward(bottom, top)
    softmax, softmax_bottom, softmax_top = build('type: "SoftmaxWithLoss"', bottoms)
    softmax.forward(softmax_bottom, softmax_top)
    assert top[0].data == pytest.approx(softmax_top[0].data)


@pytest.mark.parametrize(
    ("param", "shape"),
    [
        ("", (4, 3)),
        ("infogain_loss_param { axis: -1 }", (2, 2, 3)),
        ("loss_param { ignore_label: 1 }", (2, 3, 2)),
        ("loss_param { normalization: FULL }", (2, 3, 2)),
        ("loss_param { normalize: false }", (2, 3, 2)),
        ("loss_param { normalization: NONE }", (4, 3)),
    ],
)
def test_gradient(param, shape):
    labels = LABELS.reshape([n for i, n in enumerate(shape) if n != 3])
    check(f'type: "InfogainLoss" {param}', [shape, labels, H], propagate_down=[True, False, False])


@pytest.mark.parametrize("shape", [(3, 3), (1, 1, 3, 3)])
def test_the_matrix_of_a_file(tmp_path, shape):
    path = matrix_file(tmp_path, H.reshape(shape))
    layer, bottom, top = build(f'type: "InfogainLoss" infogain_loss_param {{ source: "{path}" }}', [(4, 3), LABELS])
    layer.forward(bottom, top)
    other, other_bottom, other_top = build('type: "InfogainLoss"', [bottom[0].data, LABELS, H])
    other.forward(other_bottom, other_top)
    assert top[0].data == pytest.approx(other_top[0].data, rel=1e-6)


@pytest.mark.parametrize(
    ("source", "bottoms", "message"),
    [
        ("", [(4, 3), LABELS], "neither a third bottom nor a source"),
        ('source: "missing.binaryproto"', [(4, 3), LABELS], "missing.binaryproto: "),
        ("", [(4, 3), LABELS, (2, 3)], r"matrix has shape \(2, 3\), expected 3 by 3"),
        ("", [(4, 3), (4, 2), (3, 3)], "8 values, and predictions .* need 4"),
    ],
)
def test_refused(source, bottoms, message):
    with pytest.raises(CaffliteError, match=message):
        build(f'type: "InfogainLoss" infogain_loss_param {{ {source} }}', bottoms)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "h.binaryproto"
    path.write_bytes(b"\xff" * 40)
    with pytest.raises(CaffliteError, match="h.binaryproto: this is not a BlobProto"):
        build(f'type: "InfogainLoss" infogain_loss_param {{ source: "{path}" }}', [(4, 3), LABELS])
