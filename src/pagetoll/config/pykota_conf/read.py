# SPDX-License-Identifier: Apache-2.0
"""A pykota.conf becomes a layer of our options, with what is wrong in it and what became of each directive."""

import difflib
from dataclasses import dataclass, field
from decimal import Decimal

from pagetoll.config.layers import Given, Layer
from pagetoll.config.options import OPTION_BY_NAME
from pagetoll.config.options.kinds import Forbidden
from pagetoll.config.pykota_conf.directives import DIRECTIVE_BY_NAME, Directive, Fate
from pagetoll.config.pykota_conf.syntax import GLOBAL, Entry, Parsed, parse
from pagetoll.config.pykota_conf.translate import Noted, one_line
from pagetoll.config.toml_file import shown
from pagetoll.core.accounting import COLORS
from pagetoll.core.errors import ConfigProblem
from pagetoll.core.messages import _

_COEFFICIENT = "coefficient_"
_SECRETS = ("storageuserpw", "storageadminpw")


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one directive: an option with a TOML value, or the reason why not."""

    entry: Entry
    fate: Fate
    option: str = ""
    raw: object = None
    why: str = ""

    @property
    def queue(self) -> str:
        """The queue it holds for, "" for all."""
        return "" if self.entry.section == GLOBAL else self.entry.section


@dataclass(slots=True)
class PykotaFile:
    """What a file gave. `problems` are wrong places, `warnings` those that are right and change nothing."""

    file: str
    layer: Layer = field(default_factory=lambda: Layer("", {}))
    became: list[Became] = field(default_factory=list)
    problems: list[ConfigProblem] = field(default_factory=list)
    warnings: list[ConfigProblem] = field(default_factory=list)

    def problem(self, line: int, name: str, text: str) -> None:
        self.problems.append(ConfigProblem(self.file, line, name, text))

    def warn(self, line: int, name: str, text: str) -> None:
        self.warnings.append(ConfigProblem(self.file, line, name, text))


def read_pykota(text: str, file: str) -> PykotaFile:
    """Everything that a text of this kind says. Never raises."""
    parsed = parse(text)
    found = PykotaFile(file)
    for fault in parsed.faults:
        found.problem(fault.line, fault.name, fault.text)
    for entry, later in parsed.replaced:
        again = _("is given again in line {line}, which holds; remove this line").format(line=later)
        found.warn(entry.line, entry.name, again)
        found.became.append(Became(entry, Fate.DROPPED, why=_("given again in line {line}").format(line=later)))
    given: dict[tuple[str, str], Given] = {}
    for entry in parsed.entries:
        _take(entry, found, given)
    _join_coefficients(parsed, found, given)
    _warn_of_storage(found)
    queues = tuple(name for name in parsed.sections if name != GLOBAL and _is_queue(name, found, parsed))
    found.layer = Layer(file, {key: each for key, each in given.items() if not key[0] or key[0] in queues}, queues)
    _warn_of_duplicates(found)
    for problems in (found.problems, found.warnings):
        problems.sort(key=lambda problem: problem.line)
    found.became.sort(key=lambda each: each.entry.line)
    return found


def _take(entry: Entry, found: PykotaFile, given: dict[tuple[str, str], Given]) -> None:
    directive = DIRECTIVE_BY_NAME.get(entry.name)
    why = _why_not(entry, directive)
    if directive is None or why:
        found.warn(entry.line, entry.name, why)
        found.became.append(Became(entry, Fate.DROPPED, why=why))
        return
    if not directive.option:
        if directive.fate is Fate.DROPPED:
            idle = _("does nothing: {instead}; remove it").format(instead=_(directive.instead))
            found.warn(entry.line, entry.name, idle)
        found.became.append(Became(entry, directive.fate, why=directive.instead))
        return
    if entry.name.startswith(_COEFFICIENT):
        return
    translated = _translated(entry, directive, found)
    if translated is None:
        return
    queue = "" if entry.section == GLOBAL else entry.section
    if translated.option and (entry.name != "utolower" or (queue, translated.option) not in given):
        value = OPTION_BY_NAME[translated.option].parse(translated.raw)
        given[(queue, translated.option)] = Given(value, translated.raw, found.file, entry.line)
    found.became.append(translated)


def _why_not(entry: Entry, directive: Directive | None) -> str:
    """Why a directive changes nothing, "" when it may."""
    if directive is None:
        close = difflib.get_close_matches(entry.name, DIRECTIVE_BY_NAME, n=1)
        if close:
            return _("is no directive of PyKota's, which passed over it too; did you mean {name}?").format(
                name=close[0]
            )
        return _("is no directive of PyKota's, which passed over it too; remove it")
    if entry.section != GLOBAL and not directive.per_queue:
        return _("holds in [global] only and does nothing here; move it there")
    return ""


def _translated(entry: Entry, directive: Directive, found: PykotaFile) -> Became | None:
    """What a directive becomes; None, with a problem, when its text is wrong."""
    try:
        raw: object = directive.translate(entry.value)
        note = ""
        if isinstance(raw, Noted):
            note = raw.note
            raw = raw.value
            found.warn(entry.line, entry.name, note)
        if entry.name == "utolower":
            return _lower(entry, raw, found)
        OPTION_BY_NAME[directive.option].parse(raw)
    except Forbidden as error:
        found.problem(entry.line, entry.name, f"{error}")
    except ValueError:
        found.problem(entry.line, entry.name, _wrong(directive, entry))
    else:
        return Became(entry, directive.fate, directive.option, raw, note)
    return None


def _wrong(directive: Directive, entry: Entry) -> str:
    allowed = _(directive.allowed)
    return _("must be {allowed}, not {value}").format(allowed=allowed, value=shown(entry.value))


def _lower(entry: Entry, raw: object, found: PykotaFile) -> Became:
    found.warn(entry.line, entry.name, _("is old; write usernamecase : lower"))
    if not raw:
        return Became(entry, Fate.DROPPED, why=_("names stay as they are without it"))
    return Became(entry, Fate.RENAMED, "usernamecase", "lower", _("its newer name"))


def _join_coefficients(parsed: Parsed, found: PykotaFile, given: dict[tuple[str, str], Given]) -> None:
    """A table for each section that has a factor; a queue's begins with that of [global]."""
    common: dict[str, Decimal] = {}
    for section in sorted(parsed.sections, key=lambda name: name != GLOBAL):
        entries = [
            entry
            for entry in parsed.entries
            if entry.section == section and entry.name.removeprefix(_COEFFICIENT) in COLORS
        ]
        factors: dict[str, Decimal] = dict(common)
        for entry in (each for each in entries if each.name.startswith(_COEFFICIENT)):
            _add_factor(entry, factors, found)
        if section == GLOBAL:
            common = factors
        if entries:
            raw = dict(sorted(factors.items()))
            value = OPTION_BY_NAME["coefficients"].parse(raw)
            queue = "" if section == GLOBAL else section
            given[(queue, "coefficients")] = Given(value, raw, found.file, entries[0].line)


def _add_factor(entry: Entry, factors: dict[str, Decimal], found: PykotaFile) -> None:
    directive = DIRECTIVE_BY_NAME[entry.name]
    color = entry.name.removeprefix(_COEFFICIENT)
    try:
        factor = directive.translate(entry.value)
    except ValueError:
        found.problem(entry.line, entry.name, _wrong(directive, entry))
        return
    factors.pop(color, None)
    if isinstance(factor, Decimal):
        factors[color] = factor
    found.became.append(Became(entry, Fate.RENAMED, "coefficients", {color: factors.get(color, Decimal(1))}))


def _is_queue(name: str, found: PykotaFile, parsed: Parsed) -> bool:
    line = min((entry.line for entry in parsed.entries if entry.section == name), default=0)
    if name == "DEFAULT":
        found.problem(line, name, _("is no queue; move its lines to [global]"))
    elif name == "*" or not name.isprintable() or not name.strip():
        found.problem(line, shown(name), _("is no name of a queue: it is empty, * or has control characters"))
    else:
        return True
    return False


def _warn_of_storage(found: PykotaFile) -> None:
    """One warning for all directives that name the old database."""
    named = [each.entry for each in found.became if each.fate is Fate.IMPORT]
    if named:
        names = ", ".join(dict.fromkeys(entry.name for entry in named))
        found.warn(
            min(entry.line for entry in named),
            names,
            _(
                "name PyKota's database, to be imported from; the ledger is what the option database of "
                "pagetoll.toml names (empty: the SQLite file of the home)"
            ),
        )


def _warn_of_duplicates(found: PykotaFile) -> None:
    layer = found.layer
    for queue in ("", *layer.queues):
        denied = layer.given.get((queue, "denyduplicates"))
        delay = layer.find("duplicatesdelay_s", queue)
        if denied is not None and denied.value is not False and (delay is None or delay.value == 0):
            found.warn(
                denied.line,
                "denyduplicates",
                _("without duplicatesdelay finds the duplicates of the same second only; say duplicatesdelay : 60"),
            )


def told(entry: Entry) -> str:
    """A directive's value for a report; passwords are not shown."""
    return "…" if entry.name in _SECRETS else shown(str(one_line(entry.value)))
