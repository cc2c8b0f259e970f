import pkgutil

import pytest

from cafflite import log, tools
from cafflite.tools.main import main

COMMANDS = [
    m.name for m in pkgutil.iter_modules(tools.__path__) if m.name not in ("main", "gen_proto") and m.name[0] != "_"
]


@pytest.fixture(autouse=True)
def restore_quiet(monkeypatch):
    monkeypatch.setattr(log, "quiet", False)


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-help"], ["-h"]])
def test_the_overview_lists_every_command(capsys, arguments):
    assert main(arguments) == 0
    out = capsys.readouterr().out
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("  ")}
    assert sorted(listed) == sorted(COMMANDS)
    assert all(summary.endswith(".") for summary in listed.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(capsys, command):
    assert main(["help", command]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: cafflite {command} ")
    assert f"\n    cafflite {command}" in text
    assert "\n  --quiet " in text
    assert main([command, "--help"]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("trian", "cafflite: unknown command 'trian'; `cafflite help` lists them all; did you mean 'train'?"),
        ("help trian", "cafflite: unknown command 'trian'; `cafflite help` lists them all; did you mean 'train'?"),
        ("--quiet", "cafflite: there is no command among the arguments; `cafflite help` lists them all"),
        ("train --slover=x", "cafflite: train: unknown flag '--slover'; did you mean '--solver'?"),
        ("train", "cafflite: train: it needs a solver: --solver=FILE"),
        ("train x.prototxt", "cafflite: train: got the arguments ['x.prototxt'], expected none"),
        ("-solver no/x.prototxt train", "cafflite: no/x.prototxt: the file cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(capsys, line, message):
    assert main(line.split()) == 1
    captured = capsys.readouterr()
    assert captured.err == message + "\n"
    assert captured.out == ""
