"""All mistakes in the files of nets, where building a net stops at the first."""

import math
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from cafflite import build
from cafflite.errors import CaffliteError
from cafflite.net_check import Finding, NetCheck
from cafflite.proto import prototxt
from cafflite.proto.caffe_pb2 import TEST, TRAIN, LayerParameter, NetParameter, NetState, Phase
from cafflite.proto.upgrade import upgrade_net


def check_file(path: str, phases: Iterable[int] = (), level: int = 0, stages: Iterable[str] = ()) -> list[Finding]:
    """What is wrong with the net in a file; without `phases`, in those that the net is for."""
    name = os.path.basename(path)
    text = prototxt.inspect(path, NetParameter)
    findings = [Finding(str(mistake)) for mistake in text.mistakes]
    if text.message is None:
        return findings
    try:
        net = upgrade_net(text.message)
    except CaffliteError as error:
        return [*findings, Finding(str(error.at(name)))]
    net.state.level = level
    net.state.stage.extend(stages)
    in_phases = []
    for phase in phases or _phases(net):
        net.state.phase = phase
        in_phases.append((f"in phase {Phase.Name(phase)}", check_net(net, name, text.spoiled)))
    return in_order(findings + merged(in_phases))


def check_net(net: NetParameter, place: str, spoiled: Collection[str] = ()) -> list[Finding]:
    """What is wrong with a net in the phase, level and stages that its `state` names.

    place    what stands before findings about the whole net
    spoiled  the places of layers whose text has mistakes: these are not built, nor are those that read from them
    """
    try:
        return NetCheck(upgrade_net(net), place, spoiled).findings
    except CaffliteError as error:
        return [Finding(str(error.at(place)))]


def merged(findings: list[tuple[str, list[Finding]]]) -> list[Finding]:
    """The findings about one net in several states, each once: with the states, where it is not about all of them."""
    states: dict[Finding, list[str]] = {}
    for state, found in findings:
        for finding in dict.fromkeys(found):
            states.setdefault(finding, []).append(state)
    return [
        finding if len(about) == len(findings) else replace(finding, text=f"{finding.text} ({', '.join(about)})")
        for finding, about in states.items()
    ]


def in_order(findings: list[Finding]) -> list[Finding]:
    """The findings of one file by their lines, and then those about the whole of it."""

    def line(finding: Finding) -> float:
        found = re.match(r"[^:]*:(\d+)", finding.text)
        return int(found[1]) if found else math.inf

    return sorted(findings, key=line)


def _phases(net: NetParameter) -> list[int]:
    """The phases in which a layer makes data; both, if there is no such layer."""
    sources = [layer for layer in net.layer if not layer.bottom]
    phases = [phase for phase in (TRAIN, TEST) if any(_is_included(layer, phase) for layer in sources)]
    return phases or [TRAIN, TEST]


def _is_included(layer: LayerParameter, phase: int) -> bool:
    try:
        return build.is_included(layer, NetState(phase=phase))
    except CaffliteError:
        return True  # as far as its rules can be read
