"""The program `cafflite`: from the command line to a command.

A command is a module beside this one that has a function `run(flags, ...)`, which returns the exit status; its
arguments after `flags` are those of the command line. `FLAGS` lists its flags, and its docstring is its help, the first
line the summary. With PASSES_ON = True, what follows its first argument is not read as flags.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from cafflite import log, tools
from cafflite.build import meant
from cafflite.errors import CaffliteError, UsageError
from cafflite.tools import _flags, _output

COMMON: _flags.Flags = {
    "quiet": (False, "print no messages but warnings, and no progress bar"),
    "help": (False, "explain the command"),
    "logtostderr": (False, "accepted, as messages go to stderr anyway"),
    "alsologtostderr": (False, "accepted, as messages go to stderr anyway"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: its own, 1 after an error, 130 when it was interrupted."""
    try:
        status = _run(sys.argv[1:] if arguments is None else arguments)
        _output.write(flush=True)
        return status
    except CaffliteError as error:
        print(f"cafflite: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # nobody reads on, as in `cafflite help | head`
        _output.leave()
        return 1


def _run(arguments: list[str]) -> int:
    commands = summaries()
    if not arguments or arguments[0] in ("help", "-h", "-help", "--help"):
        named = arguments[1:]
        _output.write((command_help(_known(named[0], commands)) if named else _overview(commands)) + "\n")
        return 0
    # gflags lets flags stand before the command as well.
    at = 0 if not arguments[0].startswith("-") else _first(arguments, commands)
    name = _known(arguments[at], commands)
    command = importlib.import_module(f"cafflite.tools.{name}")
    try:
        given, passed_on = _passed_on(command, arguments[at + 1 :])
        flags, others = _flags.parse(arguments[:at] + given, command.FLAGS | COMMON)
        others += passed_on
        if flags.help:
            _output.write(command_help(name) + "\n")
            return 0
        log.quiet = flags.quiet
        try:
            inspect.signature(command.run).bind(flags, *others)
        except TypeError:
            raise UsageError(f"got the arguments {others}, expected {_parameters(command) or 'none'}") from None
        return command.run(flags, *others)
    except UsageError as error:
        raise error.at(name) from error


def _passes_on(command: ModuleType) -> bool:
    return getattr(command, "PASSES_ON", False)


def _passed_on(command: ModuleType, arguments: list[str]) -> tuple[list[str], list[str]]:
    """The arguments to read, and those that the command takes as they are."""
    end = len(arguments)
    if _passes_on(command):
        end = next((i + 1 for i, argument in enumerate(arguments) if not argument.startswith("-")), end)
    return arguments[:end], arguments[end:]


def summaries() -> dict[str, str]:
    """The name and the summary of every command; none is imported for that."""
    found = {}
    for module in pkgutil.iter_modules(tools.__path__):
        source = ast.parse(Path(tools.__path__[0], f"{module.name}.py").read_text())
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in source.body):
            found[module.name] = (ast.get_docstring(source) or "").partition("\n")[0]
    return found


def _known(name: str, commands: dict[str, str]) -> str:
    if name not in commands:
        raise UsageError(f"unknown command '{name}'; `cafflite help` lists them all{meant(name, commands)}")
    return name


def _first(arguments: list[str], commands: dict[str, str]) -> int:
    places = [i for i, argument in enumerate(arguments) if argument in commands]
    if not places:
        raise UsageError("there is no command among the arguments; `cafflite help` lists them all")
    return places[0]


def _overview(commands: dict[str, str]) -> str:
    width = max(len(name) for name in commands)
    lines = [f"  {name:{width}}  {summary}" for name, summary in commands.items()]
    hint = "`cafflite help COMMAND` explains one of them."
    return "\n".join(["usage: cafflite COMMAND [flags]", "", *lines, "", hint])


def command_help(name: str) -> str:
    """What `cafflite help COMMAND` prints."""
    command = importlib.import_module(f"cafflite.tools.{name}")
    parts = ["[flags]", _parameters(command)] if _passes_on(command) else [_parameters(command), "[flags]"]
    usage = " ".join(["usage: cafflite", name, *filter(None, parts)])
    return f"{usage}\n\n{inspect.getdoc(command)}\n\n{_flags.describe(command.FLAGS | COMMON)}"


def _parameters(command: object) -> str:
    """What the command takes beside its flags: "INPUT [OUTPUT]"."""
    parameters = list(inspect.signature(command.run).parameters.values())[1:]  # type: ignore[attr-defined]
    return " ".join(_written(parameter) for parameter in parameters)


def _written(parameter: inspect.Parameter) -> str:
    name = parameter.name.upper()
    if parameter.kind == inspect.Parameter.VAR_POSITIONAL:
        return f"{name}..."
    return name if parameter.default is inspect.Parameter.empty else f"[{name}]"


if __name__ == "__main__":
    sys.exit(main())
