"""What a net has under names."""

import copy
import pickle
from collections import OrderedDict

import pytest

from cafflite.errors import NetError, UnknownNameError
from cafflite.named import Named


@pytest.fixture
def named() -> Named:
    return Named([("conv1", 1), ("fc8", 2)], kind="blob")


def test_it_is_an_ordered_dict(named):
    assert isinstance(named, OrderedDict)
    assert named == OrderedDict([("conv1", 1), ("fc8", 2)])
    assert named != OrderedDict([("fc8", 2), ("conv1", 1)])
    assert named.get("fc9") is None
    assert "fc9" not in named


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fc9", "the net has no blob 'fc9'; it has conv1, fc8; did you mean 'fc8'?"),
        ("Conv1", "the net has no blob 'Conv1'; it has conv1, fc8; did you mean 'conv1'?"),
        ("pool", "the net has no blob 'pool'; it has conv1, fc8"),
        (3, "the net has no blob '3'; it has conv1, fc8"),
    ],
)
def test_a_name_that_is_not_there(named, name, message):
    with pytest.raises(UnknownNameError) as caught:
        named[name]
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, NetError)
    assert str(caught.value) == message
    assert str(caught.value.at("net.prototxt")) == f"net.prototxt: {message}"
    assert list(named) == ["conv1", "fc8"]


def test_an_empty_one_says_so():
    with pytest.raises(UnknownNameError, match="no layer 'a'; it has none"):
        Named(kind="layer")["a"]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda named: pickle.loads(pickle.dumps(named))])
def test_copies(named, copied):
    again = copied(named)
    assert again == named
    with pytest.raises(KeyError, match="no blob 'x'"):
        again["x"]
