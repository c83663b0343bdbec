# SPDX-License-Identifier: Apache-2.0
"""The syntax of tea4cups.conf: the sections and `name : value` lines of pykota.conf, and names of its own.

Names of hooks are case-insensitive, names of sections are not. A percent sign is one; the doubled one that hooks
needed once (`date +%%s`) is one, too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pagetoll.config.pykota_conf.syntax import Entry, Fault
from pagetoll.config.pykota_conf.syntax import parse as parse_lines
from pagetoll.core.messages import _

GLOBAL = "global"
TRUE = frozenset({"y", "yes", "1", "on", "t", "true"})
_FALSE = frozenset({"n", "no", "0", "off", "f", "false", ""})
_RETRY = re.compile(r"\s*(\d{1,9})\s*(?:,\s*(\d{1,9})\s*)?")
_HOOK = re.compile(r"(prehook|posthook)_(\S{1,100})")
SWITCHES = frozenset({"debug", "keepfiles", "serialize"})
TEXTS = frozenset({"directory", "filter", "onfail", "retry"})


@dataclass(frozen=True, slots=True)
class TeaText:
    """The entries of a file by section and name; what keeps it from being obeyed, and what is only odd."""

    sections: dict[str, dict[str, Entry]]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def parse(text: str) -> TeaText:
    """Never raises: what is wrong is among the faults."""
    read = parse_lines(text, comments_in_values=False)
    sections: dict[str, dict[str, Entry]] = {name: {} for name in read.sections}
    for entry in read.entries:
        sections.setdefault(entry.section, {})[entry.name] = entry
    faults = [fault for fault in read.faults if fault.name != GLOBAL]
    warnings = [fault for fault in read.faults if fault.name == GLOBAL]
    for entry in read.entries:
        faults += _faults_of(entry)
        warnings += _warnings_of(entry)
    for entry, line in read.replaced:
        text_ = _("is given again in line {line}, and that holds; remove one of them").format(line=line)
        warnings.append(Fault(entry.line, entry.name, text_))
    by_line = sorted(faults, key=lambda fault: fault.line)
    return TeaText(sections, tuple(by_line), tuple(sorted(warnings, key=lambda fault: fault.line)))


def is_true(value: str) -> bool:
    """Whether a value switches something on."""
    return value.strip().lower() in TRUE


def retry_of(value: str) -> tuple[int, int]:
    """Tries (0: for ever) and seconds between them. Raises ValueError."""
    found = _RETRY.fullmatch(value)
    if found is None:
        raise ValueError(value)
    return int(found[1]), int(found[2] or 0)


def hook_of(name: str) -> tuple[str, str] | None:
    """`prehook` or `posthook`, and the hook's own name; None for another option."""
    found = _HOOK.fullmatch(name)
    return (found[1], found[2]) if found else None


def hook_line(value: str) -> str:
    """A hook's command, its doubled percent signs made single ones."""
    return value.replace("%%", "%")


def _faults_of(entry: Entry) -> Iterator[Fault]:
    value = entry.value
    if "\0" in value:
        yield Fault(entry.line, entry.name, _("must not hold an octet of value 0; retype the line"))
    elif entry.name == "retry" and value:
        try:
            retry_of(value)
        except ValueError:
            text = _("“{value}” is not “tries,seconds”; write for example: retry : 3,60")
            yield Fault(entry.line, entry.name, text.format(value=value[:40]))
    elif entry.name == "directory" and value and not value.startswith("/"):
        text = _("“{value}” is no absolute path; begin it with a slash")
        yield Fault(entry.line, entry.name, text.format(value=value[:40]))


def _warnings_of(entry: Entry) -> Iterator[Fault]:
    name, value = entry.name, entry.value.strip().lower()
    if name in SWITCHES:
        if value not in TRUE | _FALSE:
            text = _("“{value}” is taken for no; write yes or no")
            yield Fault(entry.line, name, text.format(value=entry.value[:40]))
        if name == "debug" and entry.section != GLOBAL:
            yield Fault(entry.line, name, _("holds only in the section [global]; move it there"))
    elif name not in TEXTS and hook_of(name) is None:
        text = _("is no option of tea4cups.conf and is not obeyed; remove the line or mend its name")
        yield Fault(entry.line, name, text)
