# SPDX-License-Identifier: Apache-2.0
"""Writes what a pykota.conf says as a pagetoll.toml, and tells what became of each directive. Runs nothing."""

from collections.abc import Iterator

from pagetoll.config.layers import Given, Layer, pykota_default_layer
from pagetoll.config.options import OPTION_BY_NAME, OPTIONS
from pagetoll.config.options.not_yet import instead_of
from pagetoll.config.pykota_conf.directives import Fate, directives_of
from pagetoll.config.pykota_conf.read import Became, PykotaFile, told
from pagetoll.config.toml_file import toml_key, toml_value
from pagetoll.core.messages import _

HEAD = """\
# Pagetoll's configuration, written by `pagetoll config convert` from {file}.
# While that file stays where it is, it holds for what is not said here; this stops that:
# pykota_home = "none"
"""


def converted(found: PykotaFile) -> str:
    """The TOML text that makes the same settings as the file."""
    file = found.file.encode("unicode_escape").decode("ascii")
    lines = [HEAD.format(file=file)]
    lines += _section(_layers(found), "")
    for queue in found.layer.queues:
        lines += ["", f"[queue.{toml_key(queue)}]", *_section([found.layer], queue)]
    return "\n".join(lines) + "\n"


def report(found: PykotaFile) -> Iterator[str]:
    """A line for each directive, in the order of the file: what it became, or why it is dropped."""
    for became in found.became:
        where = f"{found.file}:{became.entry.line}"
        section = f"[{became.entry.section}] {became.entry.name}"
        yield f"{where}: {section} = {told(became.entry)}: {_outcome(became)}"


def outcomes(found: PykotaFile) -> Iterator[dict[str, object]]:
    """The same for programs: `fate` is one word of the table of directives, `toml` what the option is given."""
    for became in found.became:
        yield {
            "file": found.file,
            "line": became.entry.line,
            "section": became.entry.section,
            "directive": became.entry.name,
            "value": told(became.entry),
            "fate": str(became.fate),
            "option": became.option or None,
            "toml": toml_value(became.raw) if became.option else None,
            "why": became.why,
            "not_in_force": _instead(became),
        }


def _instead(became: Became) -> str:
    if not became.option:
        return ""
    option = OPTION_BY_NAME[became.option]
    return instead_of(option, option.parse(became.raw))


def _outcome(became: Became) -> str:
    if not became.option:
        return f"{_(became.fate)}: {_(became.why)}"
    becomes = became.option if became.fate is Fate.RENAMED else _("the same name")
    note = f" ({became.why})" if became.why else ""
    instead = _instead(became)
    waits = " [" + _("not in force yet: {text}").format(text=_(instead)) + "]" if instead else ""
    return f"{_(became.fate)}: {becomes} = {toml_value(became.raw)}{note}{waits}"


def _layers(found: PykotaFile) -> list[Layer]:
    return [found.layer, pykota_default_layer(found.file)]


def _section(layers: list[Layer], queue: str) -> Iterator[str]:
    for option in OPTIONS:
        given = next((each for layer in layers if (each := layer.given.get((queue, option.name)))), None)
        if given is not None:
            yield f"{option.name} = {_written(given.raw)}  # {_remark(given, option.name)}"


def _written(raw: object) -> str:
    """The value as TOML; a text of several lines keeps them."""
    if not isinstance(raw, str) or "\n" not in raw:
        return toml_value(raw)
    lines = [toml_value(line)[1:-1] for line in raw.split("\n")]
    return '"""\n' + "\n".join(lines) + '"""'


def _remark(given: Given, option: str) -> str:
    if not given.line:
        return "as PyKota did without being told"
    return f"line {given.line}: {', '.join(directives_of(option)[:1])}"
