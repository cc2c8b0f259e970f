from gradient_check import build, check

PARAMETER = 'type: "Parameter" parameter_param { shape { dim: 2 dim: 3 } }'


def test_the_top_is_the_parameter():
    layer, bottom, top = build(PARAMETER, [])
    layer.blobs[0].data[...] = [[1, 2, 3], [4, 5, 6]]
    layer.forward(bottom, top)
    assert top[0].data.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_gradient():
    check(PARAMETER, [])
