"""Flags as gflags spells them: -name value, --name=value, --name value, --switch, --noswitch."""

from types import SimpleNamespace

from cafflite.build import meant
from cafflite.errors import UsageError

Flags = dict[str, tuple[str | int | float | bool, str]]  # name: (default, what it is for); the default gives the type

_BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True,
             "false": False, "f": False, "no": False, "n": False, "0": False}  # fmt: skip


def parse(arguments: list[str], flags: Flags) -> tuple[SimpleNamespace, list[str]]:
    """The value of every flag, as attributes, and the arguments that are none. Raises UsageError."""
    values = SimpleNamespace(**{name: default for name, (default, _) in flags.items()})
    others = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            others += waiting
            break
        if not argument.startswith("-") or argument == "-":
            others.append(argument)
            continue
        given, has_value, text = argument.partition("=")
        name = given.lstrip("-").replace("-", "_")
        if not has_value and name.startswith("no") and isinstance(flags.get(name[2:], ("",))[0], bool):
            setattr(values, name[2:], False)
            continue
        if name not in flags:
            raise UsageError(f"unknown flag '{given}'{meant('--' + name, ['--' + known for known in flags])}")
        default = flags[name][0]
        if not has_value and isinstance(default, bool):
            setattr(values, name, True)
            continue
        if not has_value:
            if not waiting:
                raise UsageError(f"flag '{given}' needs a value")
            text = waiting.pop(0)
        setattr(values, name, _value(given, text, default))
    return values, others


def _value(given: str, text: str, default: str | int | float | bool) -> str | int | float | bool:
    if isinstance(default, bool):
        if text.lower() not in _BOOLEANS:
            raise UsageError(f"flag '{given}' is '{text}', expected true or false")
        return _BOOLEANS[text.lower()]
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"flag '{given}' is '{text}', expected a whole number") from None
    if isinstance(default, float):
        try:
            return float(text)
        except ValueError:
            raise UsageError(f"flag '{given}' is '{text}', expected a number") from None
    return text


def describe(flags: Flags) -> str:
    """One line for each flag, with its default where it has one."""
    width = max(len(name) for name in flags)
    lines = []
    for name, (default, purpose) in flags.items():
        note = f" (default {default})" if default not in ("", False) else ""
        lines.append(f"  --{name:{width}}  {purpose}{note}")
    return "\n".join(lines)
