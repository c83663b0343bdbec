# SPDX-License-Identifier: Apache-2.0
"""LPRng's printcap: entries with their options (LPRng manual 16, printcap(5)); and lpd.conf.

An entry begins in the first column with its names, `laser|lw|the printer downstairs`; lines that begin with a blank
or a colon belong to it. Options stand between colons: `:sh` is on, `:sh@` off, `:af=acct` has a value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pagetoll.core.messages import _

#: An entry gets no more than that from others; LPRng itself knows some 250.
OPTIONS_MAX = 1000
#: Names that begin so are there for `:tc=` only.
_PARTS = ".!_%$#@"


@dataclass(frozen=True, slots=True)
class Entry:
    """A queue: its first name, and its options by name; one that is on has the value "1", one that is off "0".
    `faults` are sentences about its `:tc=`, and those of the entries that it includes."""

    name: str
    options: Mapping[str, str]
    faults: tuple[str, ...] = ()


def read_printcap(text: str) -> tuple[Entry, ...]:
    """The queues in their order; entries of one name are one, the later option holds. Nothing is raised for text that
    is no printcap."""
    raw: dict[str, dict[str, str]] = {}
    for names, fields in _paragraphs(text):
        for name in names:
            raw.setdefault(name, {}).update(_options(fields))
    firsts = dict.fromkeys(names[0] for names, _fields in _paragraphs(text))
    whole = _Including(raw)
    return tuple(whole.entry(name) for name in firsts if name and name[0] not in _PARTS and name != "all")


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


class _Including:
    """Entries with the options that `:tc=` brings below their own. Each is put together once, whoever includes it;
    of those that include each other one goes without."""

    def __init__(self, raw: Mapping[str, Mapping[str, str]]) -> None:
        self._raw = raw
        self._whole: dict[str, Entry] = {}
        self._faults: dict[str, dict[str, None]] = {}

    def entry(self, name: str) -> Entry:
        """The whole entry of that name."""
        opened = {name: self._wanted(name)}
        while opened and name not in self._whole:
            current, left = next(reversed(opened.items()))
            for wanted in left:
                if wanted in opened:
                    self._blame(current, _(":tc= leads from {name} back to {name}; take it out").format(name=wanted))
                elif wanted not in self._raw:
                    self._blame(current, _(":tc= names {name}, which has no entry; add it").format(name=wanted))
                elif wanted not in self._whole:
                    opened[wanted] = self._wanted(wanted)
                    break
            else:
                opened.popitem()
                self._whole[current] = self._put_together(current)
        return self._whole[name]

    def _wanted(self, name: str) -> Iterator[str]:
        """The names in an entry's `:tc=`; of a name that stands there twice the later holds."""
        words = self._raw[name].get("tc", "").replace(",", " ").split()
        return reversed(dict.fromkeys(reversed(words)))

    def _blame(self, name: str, fault: str) -> None:
        self._faults.setdefault(name, {})[fault] = None

    def _put_together(self, name: str) -> Entry:
        found: dict[str, str] = {}
        for part in (self._whole[wanted] for wanted in self._wanted(name) if wanted in self._whole):
            if len(found) + len(part.options) > OPTIONS_MAX:
                text = _(":tc= brings more than {most} options, and {name} was left out; include less")
                self._blame(name, text.format(most=OPTIONS_MAX, name=part.name))
                continue
            found.update(part.options)
            for fault in part.faults:
                self._blame(name, fault)
        return Entry(name, {**found, **self._raw[name]}, tuple(self._faults.get(name, ())))
