"""All mistakes of a solver's file and of its nets, where making the solver stops at the first."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cafflite.build import meant
from cafflite.check import check_net, in_order, merged
from cafflite.errors import SolverError
from cafflite.net_check import Finding
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import NetParameter, SolverParameter
from cafflite.proto.upgrade import upgrade_solver
from cafflite.solvers import lr_policy, nets, regularize, snapshot
from cafflite.solvers.base import registry


def check_solver(path: str) -> list[Finding]:
    """What is wrong with a solver's file, with the files it names, and with its nets in the states that it gives."""
    text = prototxt.inspect(path, SolverParameter)
    findings = [Finding(str(mistake)) for mistake in text.mistakes]
    if text.message is None:
        return findings
    check = _SolverCheck(path, text)
    check.settings()
    check.files()
    of_nets = check.nets()
    return in_order(findings + check.findings) + of_nets


class _SolverCheck:
    def __init__(self, path: str, text: prototxt.Inspection) -> None:
        self.path, self.name, self.folder = path, os.path.basename(path), os.path.dirname(path)
        self.lines = Path(path).read_text(errors="replace").splitlines()
        self.param: Any = text.message
        self.spoiled = text.spoiled
        self.findings: list[Finding] = []
        self.texts: dict[str, prototxt.Inspection] = {}  # of the files of nets, by their paths

    def mistake(self, sentence: str) -> None:
        """One that begins with a field has the line of that for its place."""
        field = re.compile(rf"\s*{re.escape(sentence.split()[0])}\s*:")
        line = next((f":{number}" for number, line in enumerate(self.lines, 1) if field.match(line)), "")
        self.findings.append(Finding(f"{self.name}{line}: {sentence}"))

    def holds(self, check: Callable[..., Any], *arguments: Any) -> bool:
        """Call what raises SolverError for a mistake."""
        try:
            check(*arguments)
            return True
        except SolverError as error:
            self.mistake(str(error))
            return False

    def settings(self) -> None:
        if not self.holds(upgrade_solver, self.param):
            self.param.ClearField("solver_type")
        self.param = upgrade_solver(self.param)
        if self.param.type not in registry:
            expected = f"expected one of {', '.join(sorted(registry))}{meant(self.param.type, registry)}"
            self.mistake(f"type is '{self.param.type}', {expected}")
            return
        # The rule checks these as well, and stops at the first mistake: what is known to be wrong is put right.
        rest = SolverParameter()
        rest.CopyFrom(self.param)
        if not self.holds(lr_policy.check, self.param):
            rest.lr_policy = "fixed"
        if not self.holds(regularize.check, self.param):
            rest.weight_decay = 0
        if rest.snapshot > 0 and not self.holds(snapshot.check_writable, self.param.snapshot_prefix or self.path):
            rest.snapshot = 0
        rule = registry[self.param.type]
        solver = rule.__new__(rule)  # without its nets
        solver.param = rest
        self.holds(solver.check)

    def files(self) -> None:
        named = [(field, getattr(self.param, field)) for field in ("net", "train_net") if self.param.HasField(field)]
        named += [("test_net", path) for path in self.param.test_net]
        named += [("weights", path) for path in nets.weight_files(self.param, "")]
        for field, path in named:
            if not os.path.isfile(nets.find(path, self.folder)):
                self.mistake(f"{field} is '{path}', and there is no such file")

    def nets(self) -> list[Finding]:
        """What is wrong with the nets, file by file."""
        sources: list[tuple[str, nets.Source]] = []

        def train() -> None:
            sources.append(("in the training net", nets.train_net(self.param, self.folder, self.load)))

        def test() -> None:
            found = nets.test_nets(self.param, self.folder, self.load)
            sources.extend((f"in test net #{i}", source) for i, source in enumerate(found))

        self.holds(train)
        self.holds(test)
        findings = []
        for place in dict.fromkeys(source.place for _, source in sources):
            text = self.texts.get(place, prototxt.Inspection(self.param, [], self.spoiled))
            of_file = [Finding(str(mistake)) for mistake in text.mistakes]
            name = os.path.basename(place)
            if text.message is not None:
                states = [(words, source.param) for words, source in sources if source.place == place]
                of_file += merged([(words, check_net(net, name, text.spoiled)) for words, net in states])
            findings += in_order(of_file)
        return findings

    def load(self, path: str) -> NetParameter:
        """The net of a file as far as it can be read. One that is not there is a mistake of the solver's already."""
        if path not in self.texts:
            is_there = os.path.isfile(path)
            self.texts[path] = (
                prototxt.inspect(path, NetParameter) if is_there else prototxt.Inspection(None, [], set())
            )
        return self.texts[path].message or NetParameter()
