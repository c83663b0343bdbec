# SPDX-License-Identifier: Apache-2.0
"""The syntax of pykota.conf: sections and `name : value` lines, with the habits of the parser of its time.

A line that begins with white space goes on with the value before, and a blank line does not end that. A comment is a
line that begins with `#`, `;` or the word `rem`, and what follows a `;` behind white space in the first line of a
value. Names are case-insensitive, of duplicates the last holds, `%` is nothing special.
"""

import codecs
import re
from dataclasses import dataclass

from pagetoll.core.messages import _

GLOBAL = "global"
_SECTION = re.compile(r"\[([^\]]+)\]")
_NAME_AND_VALUE = re.compile(r"([^:=\s][^:=]*?)\s*[:=]\s*(.*)")
_CHARSET = re.compile(rb"(?im)^config_charset[ \t]*[:=][ \t]*([\w.:-]{1,40})")


@dataclass(frozen=True, slots=True)
class Entry:
    """A directive where it stands: section as written, name in lower case, value with its line breaks."""

    section: str
    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A place that a person should look at, and why."""

    line: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The entries that hold, those that a later one replaced (with its line), the sections, and what is wrong."""

    entries: tuple[Entry, ...]
    replaced: tuple[tuple[Entry, int], ...]
    sections: tuple[str, ...]
    faults: tuple[Fault, ...]


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file, and a warning. It is in the charset that it names itself, else UTF-8, else ISO 8859-1 as
    the bytes of old files mostly were. Raises ValueError when it is not in the charset it names."""
    named = _CHARSET.search(data)
    charset = named[1].decode() if named else "utf-8"
    try:
        if not getattr(codecs.lookup(charset), "_is_text_encoding", True):
            raise LookupError(charset)
        text = data.decode("utf-8-sig" if codecs.lookup(charset).name == "utf-8" else charset)
    except LookupError as error:
        text = _("there is no charset {charset}; name one such as utf-8 or iso-8859-15").format(charset=charset)
        raise ValueError(text) from error
    except UnicodeError as error:
        if named:
            text = _("the file is not in the charset {charset}; name the right one").format(charset=charset)
            raise ValueError(text) from error
        warning = _("the file is not UTF-8 and was read as ISO 8859-1; name its charset here")
        return data.decode("iso-8859-1"), warning
    return text, ""


def parse(text: str, *, comments_in_values: bool = True) -> Parsed:
    """The entries of a text. Never raises: what is wrong is among the faults. Files whose values are lines of shell,
    where a semicolon means something else, have no comments in values."""
    reader = _Reader(comments_in_values)
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        reader.read(number, line)
    return reader.finish()


class _Reader:
    def __init__(self, comments_in_values: bool) -> None:
        self._comments_in_values = comments_in_values
        self._section: str | None = None
        self._name = ""
        self._lines: list[str] = []
        self._line = 0
        self._entries: dict[tuple[str, str], Entry] = {}
        self._replaced: list[tuple[Entry, int]] = []
        self._sections: dict[str, None] = {}
        self._faults: list[Fault] = []

    def read(self, number: int, line: str) -> None:
        if not line.strip():
            if self._name:
                self._lines.append("")
        elif line[0] in "#;" or (line[0] in "rR" and line.split(None, 1)[0].lower() == "rem"):
            pass
        elif line[0].isspace() and self._name:
            self._lines.append(line.strip())
        elif line[0].isspace() and line.strip()[0] in "#;":
            pass
        else:
            self._end_value()
            self._begin(number, line)

    def finish(self) -> Parsed:
        self._end_value()
        if GLOBAL not in self._sections:
            self._fault(1, GLOBAL, _("the section [global] is missing; begin the file with it"))
        return Parsed(
            tuple(self._entries.values()), tuple(self._replaced), tuple(self._sections), tuple(self._faults)
        )

    def _begin(self, number: int, line: str) -> None:
        if section := _SECTION.match(line):
            self._section = section[1]
            self._sections[section[1]] = None
        elif line[0].isspace():
            text = _("begins with white space and goes on with nothing; take that away")
            self._fault(number, line.strip()[:40], text)
        elif found := _NAME_AND_VALUE.match(line):
            if self._section is None:
                self._fault(number, found[1].lower(), _("stands in no section; begin the file with [global]"))
                self._section = GLOBAL
                self._sections[GLOBAL] = None
            self._name, self._line = found[1].lower(), number
            self._lines = [_without_comment(found[2]) if self._comments_in_values else found[2].strip()]
        else:
            text = _("is neither [section] nor “name : value”; mend or remove the line")
            self._fault(number, line.strip()[:40], text)

    def _end_value(self) -> None:
        if self._name and self._section is not None:
            value = "\n".join(self._lines).strip()
            entry = Entry(self._section, self._name, "" if value == '""' else value, self._line)
            key = (entry.section, entry.name)
            if key in self._entries:
                self._replaced.append((self._entries.pop(key), entry.line))
            self._entries[key] = entry
        self._name = ""

    def _fault(self, line: int, name: str, text: str) -> None:
        self._faults.append(Fault(line, name, text))


def _without_comment(value: str) -> str:
    """Of several semicolons only the first can begin a comment, and only behind white space."""
    position = value.find(";")
    if position == 0 or (position > 0 and value[position - 1].isspace()):
        value = value[:position]
    return value.strip()
