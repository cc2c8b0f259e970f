import pytest

from cafflite.errors import UsageError
from cafflite.tools._flags import Flags, describe, parse

FLAGS: Flags = {
    "solver": ("", "a file"),
    "level": (0, "a number"),
    "ratio": (0.5, "a fraction"),
    "sigint_effect": ("stop", "an effect"),
    "quiet": (False, "a switch"),
    "cache": (True, "a switch that is on"),
}


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("", dict()),
        ("-solver x", dict(solver="x")),
        ("--solver x", dict(solver="x")),
        ("-solver=x", dict(solver="x")),
        ("--solver=x", dict(solver="x")),
        ("--solver=a=b", dict(solver="a=b")),
        ("--solver=", dict(solver="")),
        ("--solver=x --solver=y", dict(solver="y")),
        ("--level 3", dict(level=3)),
        ("--level -3", dict(level=-3)),
        ("--ratio 2", dict(ratio=2.0)),
        ("--ratio=-1e-3", dict(ratio=-0.001)),
        ("--quiet", dict(quiet=True)),
        ("-quiet=false", dict(quiet=False)),
        ("--quiet=1", dict(quiet=True)),
        ("--nocache", dict(cache=False)),
        ("--cache=F", dict(cache=False)),
        ("--sigint-effect=none", dict(sigint_effect="none")),
    ],
)
def test_spellings(line, given):
    values, others = parse(line.split(), FLAGS)
    assert vars(values) == {name: default for name, (default, _) in FLAGS.items()} | given
    assert others == []


@pytest.mark.parametrize(
    ("line", "others"),
    [
        ("a --quiet b", ["a", "b"]),
        ("--solver x y", ["y"]),
        ("-", ["-"]),
        ("-- --quiet", ["--quiet"]),
    ],
)
def test_arguments_that_are_no_flags(line, others):
    assert parse(line.split(), FLAGS)[1] == others


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--slover=x", "unknown flag '--slover'; did you mean '--solver'?"),
        ("--nosolver", "unknown flag '--nosolver'"),
        ("--solver", "flag '--solver' needs a value"),
        ("--level=high", "flag '--level' is 'high', expected a whole number"),
        ("--ratio=high", "flag '--ratio' is 'high', expected a number"),
        ("--quiet=maybe", "flag '--quiet' is 'maybe', expected true or false"),
    ],
)
def test_mistakes(line, message):
    with pytest.raises(UsageError) as error:
        parse(line.split(), FLAGS)
    assert str(error.value).startswith(message)


def test_the_description_names_defaults_that_say_something():
    assert describe({"solver": ("", "a file"), "level": (1, "a number")}) == (
        "  --solver  a file\n  --level   a number (default 1)"
    )
