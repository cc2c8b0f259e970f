"""The examples of the README do what it says."""

import re
from pathlib import Path

import pytest

import cafflite

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def blocks() -> dict[str, str]:
    """The first block of code of each language."""
    if not README.exists():
        pytest.skip("needs README.md beside the folder of the tests")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    return dict(reversed(found))


def test_the_net_runs(blocks, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(blocks[""])
    names: dict = {}
    exec(blocks["python"], names)
    probabilities = names["net"].blobs["prob"].data
    assert probabilities.shape == (2, 4)
    assert probabilities.sum(axis=1) == pytest.approx([1, 1])
    assert capsys.readouterr().out


def test_a_misspelled_field_is_said_as_the_readme_says(blocks, tmp_path):
    net = tmp_path / "net.prototxt"
    net.write_text(blocks[""].replace("num_output", "num_ouput"))
    with pytest.raises(cafflite.CaffliteError) as error:
        cafflite.Net(str(net), cafflite.TEST)
    assert str(error.value) in README.read_text()
