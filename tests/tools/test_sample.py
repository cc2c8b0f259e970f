"""cafflite sample, with a net of random weights."""

import io
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import cafflite
import cafflite.models
from cafflite.proto import prototxt
from cafflite.tools import sample
from cafflite.tools.main import main

DEPLOY = Path(next(iter(cafflite.models.__path__))) / "text_gen" / "deploy.prototxt"
SYMBOLS = "abc "
FILES = ("--model=deploy.prototxt", "--weights=net.caffemodel", "--dict=dict.json")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """The net of models/text_gen with random weights, and a dictionary whose order is not that of its numbers."""
    monkeypatch.chdir(tmp_path)
    param = prototxt.load_net(DEPLOY)
    for layer in param.layer:
        layer.embed_param.input_dim = len(SYMBOLS) if layer.type == "Embed" else 0
        if layer.type == "InnerProduct":
            layer.inner_product_param.num_output = len(SYMBOLS)
        if layer.type != "Embed":
            layer.ClearField("embed_param")
    Path("deploy.prototxt").write_text(prototxt.dump(param))
    net = cafflite.Net("deploy.prototxt", cafflite.TEST)
    rng = np.random.default_rng(0)
    for blobs in net.params.values():
        for blob in blobs:
            blob.data[...] = rng.uniform(-1, 1, blob.shape) / np.sqrt(blob.shape[-1])
    net.save("net.caffemodel")
    Path("dict.json").write_text(json.dumps({symbol: SYMBOLS.index(symbol) for symbol in sorted(SYMBOLS)}))


def run(capsys, *flags: str) -> str:
    assert main(["sample", *FILES, "--length=30", "--seed-text=ab", *flags]) == 0
    return capsys.readouterr().out


def refuse(capsys, *flags: str) -> str:
    assert main(["sample", *FILES, "--seed-text=a", *flags]) == 1
    return capsys.readouterr().err


def test_it_goes_on_from_the_seed_text_with_the_likeliest_characters(capsys):
    """As one forward pass over the whole text says."""
    text = run(capsys, "--temperature=0")
    assert text.startswith("ab") and text.endswith("\n") and len(text) == 2 + 30 + 1
    numbers = [SYMBOLS.index(symbol) for symbol in text[:-1]]
    net = cafflite.Net("deploy.prototxt", cafflite.TEST, weights="net.caffemodel")
    for name in net.inputs:
        net.blobs[name].reshape(len(numbers), 1)
    net.reshape()
    cont = np.arange(len(numbers))[:, None] > 0
    found = net.forward(input_sequence=np.array(numbers)[:, None], cont_sequence=cont)["probs"]
    np.testing.assert_array_equal(found[1:-1, 0].argmax(axis=1), numbers[2:])


def test_draws(capsys):
    seeds = ("7", "7", "8")
    drawn = [run(capsys, "--temperature=1.5", f"--random_seed={seed}") for seed in seeds]
    assert drawn[0] == drawn[1] != drawn[2]
    assert run(capsys) != run(capsys)


def test_a_seed_text_in_capitals(capsys):
    assert run(capsys, "--seed-text=A CaB").startswith("a cab")


def test_a_seed_file_is_read_without_what_the_net_does_not_know(capsys):
    Path("book.txt").write_text("A 1 [c]ab!\n")
    from_file = run(capsys, "--temperature=0", "--seed_file=book.txt")
    assert "a  cab" + from_file == run(capsys, "--temperature=0", "--seed-text=a  cab")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "sample: book.txt: No such file or directory"),
        (b"caf\xe9", "sample: book.txt: not UTF-8 at byte 3: convert it first"),
        (b"12!", "sample: the seed text is empty"),
    ],
)
def test_a_seed_file_that_does_not_do(capsys, content, message):
    if content is not None:
        Path("book.txt").write_bytes(content)
    assert refuse(capsys, "--seed_file=book.txt").startswith(f"cafflite: {message}")


@pytest.mark.parametrize("temperature", [0.5, 1, 2])
def test_temperature(temperature):
    probabilities = np.array([0.6, 0.3, 0.1, 0], "f")
    rng = np.random.default_rng(0)
    counts = np.bincount([sample.choose(probabilities, temperature, rng) for _ in range(20000)], minlength=4)
    expected = probabilities ** (1 / temperature)
    np.testing.assert_allclose(counts / 20000, expected / expected.sum(), atol=0.01)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model="], "it needs a net: --model=FILE"),
        (["--weights="], "it needs a caffemodel: --weights=FILE"),
        (["--dict="], "it needs a dictionary: --dict=FILE"),
        (["--seed-text=a9b8"], "the net does not know ['8', '9']: a seed is made of 'abc '"),
        (["--seed-text="], "the seed text is empty, expected one character or more of 'abc '"),
        (["--length=-1"], "--length is -1, --temperature 0.8, expected 0 or more of both"),
        (["--temperature=nan"], "--temperature nan, expected 0 or more of both"),
        (["--temperature=hot"], "flag '--temperature' is 'hot', expected a number"),
        (["--dict=none.json"], "none.json: No such file or directory"),
        (["--dict=deploy.prototxt"], "deploy.prototxt: not a JSON file in UTF-8"),
        (["--dict=list.json"], "list.json: expected the number of every character, from 0 on"),
        (["--dict=gap.json"], "gap.json: expected the number of every character, from 0 on"),
        (["--dict=words.json"], "words.json: expected single characters, found 'th'"),
        (["--dict=long.json"], "the net gives 4 values for 1 characters at a step, expected 5"),
        (["--model=two.prototxt", "--weights=net.caffemodel"], "the net takes ['input_sequence', 'more'] at each step"),
    ],
)
def test_mistakes_are_one_line(capsys, flags, message):
    Path("list.json").write_text("[1, 2]")
    Path("gap.json").write_text('{"a": 0, "b": 2}')
    Path("words.json").write_text('{"a": 0, "th": 1}')
    Path("long.json").write_text(json.dumps({symbol: i for i, symbol in enumerate(SYMBOLS + "d")}))
    more = '\nlayer { name: "more" type: "Input" top: "more" input_param { shape { dim: 1 } } }\n'
    Path("two.prototxt").write_text(Path("deploy.prototxt").read_text() + more)
    error = refuse(capsys, *flags)
    assert message in error and error.count("\n") == 1


def test_characters_are_written_as_they_come(monkeypatch):
    """All that are there, at once where they are slow; those of a moment together."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    seen = []

    def symbols(pause):
        for symbol in "abcd":
            yield symbol
            seen.append(written.getvalue())
            time.sleep(pause)

    sample.stream(symbols(sample.MOMENT))
    assert seen == ["a", "ab", "abc", "abcd"]
    seen.clear()
    monkeypatch.setattr(sample, "MOMENT", 1000)
    sample.stream(symbols(0))
    assert seen == ["abcda"] * 4
    assert written.getvalue() == "abcdabcd"


def test_an_interrupted_text_is_written_as_far_as_it_goes(capsys):
    def interrupted():
        yield from "abc"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample.stream(interrupted())
    assert capsys.readouterr().out == "abc"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here, a disk that is full")
def test_a_full_disk_is_one_line(monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert refuse(capsys) == "cafflite: standard output: No space left on device\n"


def test_an_encoding_without_a_character_is_one_line(monkeypatch, capsys):
    Path("dict.json").write_text(json.dumps({"a": 0, "\u00e9": 1, "\u00e8": 2, "\u00ea": 3}))
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    error = refuse(capsys)
    assert error.startswith("cafflite: standard output is in ascii, which has no '\\x") and error.count("\n") == 1
    sys.stdout.flush()
    assert set(written.getvalue()) <= set(b"a")


def test_a_reader_who_has_left_ends_it_quietly(monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert refuse(capsys) == ""
