"""Python layers: written as for pycaffe, loaded by name from a folder on sys.path."""

import sys
import textwrap
import traceback

import numpy as np
import pytest

import cafflite
from cafflite.errors import NetError, ShapeError

pytestmark = pytest.mark.usefixtures("device")

MODULE = """
import caffe


class Scaled(caffe.Layer):
    def setup(self, bottom, top):
        self.params, self.ops, self.rng, self.name = "all", "names", "are", "free"
        self.factor = float(self.param_str)
        self.calls = []
        assert self.param_str_ == self.param_str

    def reshape(self, bottom, top):
        self.calls.append(bottom[0].data.shape)
        assert len(bottom) == len(top) == 2
        for x, y in zip(bottom, top):
            y.reshape(*x.data.shape)

    def forward(self, bottom, top):
        for x, y in zip(bottom, top):
            y.data[...] = self.factor * x.data

    def backward(self, top, propagate_down, bottom):
        for i in range(len(bottom)):
            if propagate_down[i]:
                bottom[i].diff[...] = self.factor * top[i].diff

    def set_factor(self, factor):
        self.factor = factor


class Weighted(caffe.Layer):
    def setup(self, bottom, top):
        self.blobs.add_blob(bottom[0].channels, 1)
        self.blobs[0].data[...] = 2

    def reshape(self, bottom, top):
        top[0].reshape(bottom[0].num, 1)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data.dot(self.blobs[0].data)

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[...] += bottom[0].data.T.dot(top[0].diff)
        bottom[0].diff[...] = top[0].diff.dot(self.blobs[0].data.T)


class Phase(caffe.Layer):
    def __init__(self, param, *args):
        super(Phase, self).__init__(param, *args)
        self.title = param.name

    def reshape(self, bottom, top):
        top[0].reshape(2)

    def forward(self, bottom, top):
        top[0].data[...] = [self.phase, self.phase == caffe.TEST]


class Incomplete(caffe.Layer):
    def reshape(self, bottom, top):
        top[0].reshape(1)


class Failing(caffe.Layer):
    def reshape(self, bottom, top):
        top[0].reshape(*[-1] if self.param_str == "reshape" else [1])

    def forward(self, bottom, top):
        {}["missing"]


class Foreign:
    pass
"""


@pytest.fixture(autouse=True)
def user_modules(tmp_path, monkeypatch):
    """A folder with the user's modules, and `import caffe`."""
    (tmp_path / "user_layers.py").write_text(textwrap.dedent(MODULE))
    (tmp_path / "user_broken.py").write_text("import no_such_module_at_all")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "caffe", cafflite)
    for name in ("user_layers", "user_broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield tmp_path
    for name in ("user_layers", "user_broken"):
        sys.modules.pop(name, None)


def net(layer: str, tops: int = 1, module: str = "user_layers", phase: int = cafflite.TRAIN, more: str = ""):
    """Two inputs a and b, (2, 3), read by as many bottoms as there are tops."""
    blobs = "".join(f'bottom: "{bottom}" top: "{top}" ' for bottom, top in zip("ab"[:tops], "yz", strict=False))
    return cafflite.Net(
        'force_backward: true layer { name: "in" type: "Input" top: "a" top: "b" '
        "input_param { shape { dim: 2 dim: 3 } } }"
        f'layer {{ name: "user" type: "Python" {blobs} '
        f'python_param {{ module: "{module}" layer: "{layer}" {more} }} }}',
        phase,
    )


def test_forward_and_backward():
    user = net("Scaled", tops=2, more='param_str: "3"')
    user.blobs["a"].data[...], user.blobs["b"].data[...] = 1, 2
    tops = user.forward()
    assert (tops["y"] == 3).all()
    assert (tops["z"] == 6).all()
    user.blobs["y"].diff[...], user.blobs["z"].diff[...] = 1, -1
    user.backward()
    assert (user.blobs["a"].diff == 3).all()
    assert (user.blobs["b"].diff == -3).all()


def test_reshape_is_called_before_every_forward():
    user = net("Scaled", tops=2, more='param_str: "3"')
    user.forward()
    user.forward()
    user.blobs["a"].reshape(5, 3)
    assert user.forward()["y"].shape == (5, 3)
    assert user.layer_dict["user"].calls == [(2, 3), (2, 3), (2, 3), (5, 3)]


def test_scripts_reach_the_users_object_through_the_net():
    user = net("Scaled", tops=2, more='param_str: "3" share_in_parallel: true')
    user.blobs["a"].data[...] = 1
    user.layers[1].set_factor(4)
    assert (user.forward()["y"] == 4).all()
    with pytest.raises(AttributeError, match="no attribute 'unheard_of'"):
        _ = user.layers[1].unheard_of


def test_parameters():
    user = net("Weighted")
    assert [blob.shape for blob in user.params["user"]] == [(3, 1)]
    user.blobs["a"].data[...] = [[1, 2, 3], [4, 5, 6]]
    assert user.forward()["y"].tolist() == [[12], [30]]
    user.params["user"][0].data[...] = 1
    assert user.forward()["y"].tolist() == [[6], [15]]
    user.blobs["y"].diff[...] = [[1], [10]]
    user.clear_param_diffs()
    user.backward()
    user.backward()
    assert user.params["user"][0].diff.tolist() == [[82], [104], [126]]


@pytest.mark.parametrize("phase", [cafflite.TRAIN, cafflite.TEST])
def test_phase_and_a_constructor_of_its_own(phase):
    user = net("Phase", phase=phase)
    assert user.forward()["y"].tolist() == [phase, phase == cafflite.TEST]
    assert user.layers[1].title == "user"


def test_an_exception_keeps_its_type_and_its_traceback_and_names_the_layer():
    user = net("Failing")
    with pytest.raises(KeyError, match="missing") as caught:
        user.forward()
    assert caught.value.__notes__ == ["in layer 'user' (Python), class Failing of module user_layers"]
    assert '{}["missing"]' in "".join(traceback.format_exception(caught.value))


def test_an_error_of_ours_names_the_layer_as_everywhere():
    with pytest.raises(ShapeError, match=r":1: layer 'user' \(Python\): .*no axis may be negative"):
        net("Failing", more='param_str: "reshape"')


def test_a_method_that_is_not_there():
    with pytest.raises(NotImplementedError, match=r"Incomplete has no method forward\(self, bottom, top\)"):
        net("Incomplete").forward()


@pytest.mark.parametrize(
    ("module", "layer", "message"),
    [
        ("user_missing", "A", r"no module 'user_missing' in .*; add its folder to sys.path or PYTHONPATH"),
        ("user_missing.inner", "A", "no module 'user_missing' in "),
        ("user_layers", "Missing", r"\(.*user_layers.py\) has no class 'Missing'.*it has Scaled, Weighted"),
        ("user_layers", "Foreign", "no class 'Foreign' derived from caffe.Layer"),
        ("cafflite.layers.relu", "ReLU", "no class 'ReLU' derived from caffe.Layer; it has none"),
        ("user_layers", "", "has to name a module and a layer"),
        ("", "A", "has to name a module and a layer"),
        ("../user_layers", "A", "'../user_layers' is no name that can be imported, expected one like"),
        ("folder\\\\user_layers", "A", "no name that can be imported"),
        (".user_layers", "A", "no name that can be imported"),
    ],
)
def test_a_class_that_is_not_there(module, layer, message, user_modules):
    with pytest.raises(NetError, match=rf":1: layer 'user' \(Python\): .*{message}"):
        net(layer, module=module)


def test_where_it_looked(user_modules):
    with pytest.raises(NetError) as caught:
        net("A", module="user_missing")
    assert repr(str(user_modules)) in str(caught.value)


def test_what_the_users_module_lacks_is_its_own_error():
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all") as caught:
        net("A", module="user_broken")
    assert "layer 'user'" in caught.value.__notes__[0]


def test_arrays_of_the_layer_are_the_nets():
    user = net("Weighted")
    assert np.shares_memory(user.layers[1].blobs[0].data, user.params["user"][0].data)
