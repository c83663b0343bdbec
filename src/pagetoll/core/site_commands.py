# SPDX-License-Identifier: Apache-2.0
"""Commands that a site configures: a list of words, or a line for /bin/sh as PyKota's directives have it.

A word list starts its program without a shell. In a shell line, a placeholder such as `%(username)s` never becomes
text of the line: the value is assigned to a shell variable in front of it, and the placeholder becomes the expansion
of that variable, with or without quotes as its place needs (POSIX.1-2017 XCU 2.2, 2.6.2). What an expansion gives is
not read as shell language again, so a hostile value stays one argument even where the quotes were misjudged.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
#: words whose argument is a script for one more shell, which would read a value as its language
_SCRIPT_FOLLOWS = re.compile(r"(?:^|[\s;&|(])(?:eval|-[A-Za-z]*c)\s+\S*$", re.DOTALL)
_VARIABLE = "PAGETOLL_"
#: Linux starts no program with a longer one than 128 KiB (execve(2), MAX_ARG_STRLEN).
VARIABLE_OCTETS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class SiteCommand:
    """A command of the site's: either `words` (a program and its arguments) or `shell` (a line for /bin/sh).

    Which placeholders it may hold, if any, is said by the option it belongs to.
    """

    words: tuple[str, ...] = ()
    shell: str = ""

    def argv(self, values: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """The words to start. With `values`, its placeholders are replaced; without, the command is taken as it is
        (values then come in environment variables only)."""
        if self.words:
            return self.words if values is None else tuple(substituted(word, values) for word in self.words)
        return ("/bin/sh", "-c", self.shell if values is None else quoted(self.shell, values))

    def __str__(self) -> str:
        return self.shell or shlex.join(self.words)


def variable_octets(value: str) -> bytes:
    """A value as it stands in a command's environment: without octets of value 0, cut before its length would keep
    the program from being started."""
    return value.replace("\0", "").encode("utf-8", "replace")[:VARIABLE_OCTETS_MAX]


def placeholders(template: str) -> list[str]:
    """The names of the placeholders, in their order. `%%` is a percent sign and begins none."""
    return [match[1] for match in _PLACEHOLDER.finditer(template.replace("%%", "  "))]


def substituted(word: str, values: Mapping[str, str]) -> str:
    """A word with each known placeholder replaced and `%%` become `%`; no quoting, for words that no shell reads."""

    def replacement(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        return values[match[1]].replace("\0", "") if match[1] in values else match[0]

    return re.sub(r"%%|%\((\w+)\)s", replacement, word)


def quoted(template: str, values: Mapping[str, str]) -> str:
    """Shell text in which each known placeholder stands for exactly its value, without octets of value 0.

    A placeholder in quotes joins the word around it; `%%` becomes `%`; any other `%` stays.
    """
    used: list[str] = []
    parts: list[str] = []
    scan = _Quotes()
    position = 0
    while position < len(template):
        match = _PLACEHOLDER.match(template, position)
        if match is not None and match[1] in values:
            name = match[1]
            used += [] if name in used else [name]
            _defuse(parts, scan)
            parts.append(scan.expansion(f"${{{_VARIABLE}{name}}}"))
            scan.pass_word()
            position = match.end()
            continue
        sign = template[position]
        parts.append(sign)
        position += 2 if template.startswith("%%", position) else 1
        scan.see(sign, template[position : position + 1])
    assignments = [f"{_VARIABLE}{name}={shlex.quote(values[name].replace(chr(0), ''))}\n" for name in used]
    return "".join([*assignments, *parts])


def scripts_inside(template: str) -> list[str]:
    """The placeholders that stand in an argument of `eval` or `-c`: one more shell would read their values."""
    found: list[str] = []
    scan = _Quotes()
    word_at = 0
    for position, sign in enumerate(template):
        match = _PLACEHOLDER.match(template, position)
        if match is not None and _SCRIPT_FOLLOWS.search(template[:word_at]):
            found.append(match[1])
        outside = not scan.quoting
        scan.see(sign, template[position + 1 : position + 2])
        if outside and not scan.quoting and sign.isspace():
            word_at = position + 1
    return found


def _defuse(parts: list[str], scan: "_Quotes") -> None:
    """Keep a backslash or dollar sign just before a placeholder from joining what we write."""
    if not parts or scan.quoting == "'":
        return
    if scan.escaping:
        parts[-1] = "\\\\" if scan.quoting == '"' else ""
    elif parts[-1] == "$" and not scan.escaped:
        parts[-1] = "\\$"


class _Quotes:
    """Which quotes a shell line is in, sign by sign. Errors here cost a wrong word, never a command."""

    def __init__(self) -> None:
        self._open: list[str] = []  # ' " ( ` and # for a comment
        self.escaping = False
        self.escaped = False  # the last sign stood behind a backslash
        self._in_word = False

    @property
    def quoting(self) -> str:
        """The quotes we are in: ' or " or none."""
        top = self._open[-1] if self._open else ""
        return top if top in ("'", '"') else ""

    def expansion(self, variable: str) -> str:
        """How the value of a variable is put in here."""
        if self._open[-1:] == ["#"]:
            return ""
        return {"": f'"{variable}"', '"': variable, "'": f"'\"{variable}\"'"}[self.quoting]

    def pass_word(self) -> None:
        self.escaping = False
        self._in_word = True

    def see(self, sign: str, following: str) -> None:
        """Go on over a sign of the line."""
        self.escaped = self.escaping
        top = self._open[-1] if self._open else ""
        if top == "'":
            if sign == "'":
                self._open.pop()
        elif top == "#":
            if sign == "\n":
                self._open.pop()
        elif self.escaping:
            self.escaping = False
        elif sign == "\\":
            self.escaping = True
        elif sign == "`":
            self._backtick()
        elif top == '"':
            self._in_double(sign, following)
        else:
            self._outside(sign)
        self._in_word = not (sign.isspace() or sign in ";&|()")

    def _backtick(self) -> None:
        if "`" in self._open:
            del self._open[self._open.index("`") :]
        else:
            self._open.append("`")

    def _in_double(self, sign: str, following: str) -> None:
        if sign == '"':
            self._open.pop()
        elif sign == "$" and following == "(":
            self._open.append("$")  # the parenthesis that follows takes its place

    def _outside(self, sign: str) -> None:
        if self._open[-1:] == ["$"]:
            self._open[-1] = "("
        elif sign in ("'", '"', "("):
            self._open.append(sign)
        elif sign == ")" and self._open[-1:] == ["("]:
            self._open.pop()
        elif sign == "#" and not self._in_word:
            self._open.append("#")
