# SPDX-License-Identifier: Apache-2.0
"""LPRng's printcap: entries with their options (LPRng manual 16, printcap(5)); and lpd.conf.

An entry begins in the first column with its names, `laser|lw|the printer downstairs`; lines that begin with a blank
or a colon belong to it. Options stand between colons: `:sh` is on, `:sh@` off, `:af=acct` has a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass

INCLUDES_MAX = 20
#: Names that begin so are there for `:tc=` only.
_PARTS = ".!_%$#@"


@dataclass(frozen=True, slots=True)
class Entry:
    """A queue: its first name, and its options by name; one that is on has the value "1", one that is off "0"."""

    name: str
    options: Mapping[str, str]


def read_printcap(text: str) -> tuple[Entry, ...]:
    """The queues in their order; entries of one name are one, the later option holds. Nothing is raised for text that
    is no printcap."""
    raw: dict[str, dict[str, str]] = {}
    for names, fields in _paragraphs(text):
        for name in names:
            raw.setdefault(name, {}).update(_options(fields))
    firsts = dict.fromkeys(names[0] for names, _ in _paragraphs(text))
    return tuple(
        Entry(name, _with_included(raw[name], raw, INCLUDES_MAX))
        for name in firsts
        if name and name[0] not in _PARTS and name != "all"
    )


def read_value(conf: str, name: str) -> str:
    """The value of an option of lpd.conf, "" where it is not there; the last one holds."""
    found = ""
    for line in conf.splitlines():
        key, _, value = line.strip().partition("=")
        if key.strip() == name:
            found = value.strip()
    return found


def program_in(value: str) -> str:
    """The path of the program that an option like `:as=|-$/path words` runs; "" for none."""
    words = value.replace("|", " ").split()
    while words and words[0].removeprefix("-$") in ("", "ROOT", "root"):
        words = words[1:]
    path = words[0].removeprefix("-$") if words else ""
    return path if path.startswith("/") else ""


def _paragraphs(text: str) -> list[tuple[list[str], list[str]]]:
    """Names and fields of each entry."""
    found: list[tuple[list[str], list[str]]] = []
    for line in text.replace("\\\n", "\n").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fields = [field.strip() for field in line.split(":")]
        if line[0] not in " \t:|":
            found.append(([name.strip() for name in fields[0].split("|")], []))
            fields = fields[1:]
        if found:
            found[-1][1].extend(field for field in fields if field)
    return found


def _options(fields: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if equals:
            options[name.strip()] = value.strip()
        elif "#" in field:
            name, _, value = field.partition("#")
            options[name.strip()] = value.strip()
        else:
            options[field.removesuffix("@")] = "0" if field.endswith("@") else "1"
    return options


def _with_included(
    options: Mapping[str, str], all_entries: Mapping[str, Mapping[str, str]], depth: int
) -> Mapping[str, str]:
    """The options with those that `:tc=` brings below them."""
    found: dict[str, str] = {}
    for name in options.get("tc", "").replace(",", " ").split() if depth else ():
        if name in all_entries:
            found.update(_with_included(all_entries[name], all_entries, depth - 1))
    return {**found, **options}
