"""The examples of the README and of docs/ do what the pages say, and every layer and command has its page.

A page's blocks of code run one after another in a folder of their own:

- prototxt and python that begin with the name of a file, as in `# net.prototxt`, are that file;
- other python runs, and a block of text right behind it is what it prints, or the error that it ends with;
- sh runs to success;
- console is commands behind `$ `, each with what it prints.

`...` in what is printed stands for anything. The comment `<!-- not run: reason -->` leaves out the next block.
"""

import doctest
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

import pytest

import cafflite
from cafflite.layers.base import registry
from cafflite.proto.caffe_pb2 import LayerParameter
from cafflite.tools import main

ROOT = Path(__file__).parents[1]
SOURCES = Path(cafflite.__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?P<skip><!-- not run: [^\n]+ -->\n+)?"
    r"^```(?P<language>[^`\n]*)\n(?P<code>(?:# (?P<file>\S+\.\w+)\n)?.*?)^```\n"
    r"(?:\n*^```text\n(?P<printed>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<printed>(?:(?!\$ ).*\n)*)", re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """The working folder, in which `cafflite` and `python` are these, and layers that a page makes end with it."""
    programs, folder = tmp_path / "programs", tmp_path / "work"
    for path in (programs, folder):
        path.mkdir()
    for name, arguments in (("cafflite", "-m cafflite.tools.main"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(folder)
    with mock.patch.dict(registry):
        yield folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page(page, folder):
    names: dict = {}
    text = page.read_text()
    for block in BLOCK.finditer(text):
        place = f"{page.name}:{text.count(chr(10), 0, block.start('language')) + 1}"
        language, code, printed = block["language"], block["code"], block["printed"]
        if block["skip"] or language.startswith("{"):  # a directive of the documentation's
            continue
        assert language in ("prototxt", "python", "sh", "console"), f"{place}: '{language}' cannot be run"
        if block["file"]:
            (folder / block["file"]).write_text(code)
        elif language == "python":
            expect(printed, run_python(code, place, names, error_is_shown=printed is not None), place)
        elif language == "sh":
            run_shell(code, place)
        else:
            commands = list(COMMAND.finditer(code))
            assert commands, f"{place}: this has neither a command nor the name of a file"
            for command in commands:
                expect(command["printed"], run_shell(command["command"], place, None), f"{place}: {command['command']}")


@pytest.fixture
def generate(monkeypatch):
    """The module that writes the pages of layers and commands."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module("generate")


@pytest.mark.parametrize("name", sorted(registry))
def test_the_page_of_a_layer_has_all_that_its_message_has(name, generate):
    page = generate.layer_page(name)
    assert f'type: "{name}"' in page
    for field in generate.settings_of(name):
        for setting in LayerParameter.DESCRIPTOR.fields_by_name[field].message_type.fields:
            assert re.search(rf"^{setting.name} +\S", page, re.MULTILINE)


def test_every_layer_and_command_is_listed(generate):
    assert set(re.findall(r"^\| \[(\w+)\]", generate.layers_page(), re.MULTILINE)) == set(registry)
    listed = re.findall(r"\(commands/(\w+)\.md\)", generate.commands_page())
    assert listed == list(main.summaries())
    for name in listed:
        assert f"usage: cafflite {name} " in generate.command_page(name)


def run_python(code: str, place: str, names: dict, error_is_shown: bool) -> str:
    """What the code prints, and the error that it ends with, as the last line of a traceback has it."""
    printed = StringIO()
    with redirect_stdout(printed):
        try:
            exec(compile(code, place, "exec"), names)
        except cafflite.CaffliteError as error:
            if not error_is_shown:
                raise
            print(f"{type(error).__module__}.{type(error).__name__}: {error}")
    return printed.getvalue()


def run_shell(commands: str, place: str, status: int | None = 0) -> str:
    """What the commands print, on stdout and stderr."""
    run = subprocess.run(["sh", "-ec", commands], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert status is None or run.returncode == status, f"{place}: {run.stdout}"
    return run.stdout


def expect(wanted: str | None, found: str, place: str) -> None:
    """Where a page says what is printed, this is it."""
    if wanted is not None:
        assert doctest.OutputChecker().check_output(wanted, found, doctest.ELLIPSIS), f"{place} printed\n{found}"
