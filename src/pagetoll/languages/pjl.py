# SPDX-License-Identifier: Apache-2.0
"""The wrapper around print data: universal exits, PJL and EJL lines and the padding that drivers put in front.

    ESC%-12345X @PJL line LF @PJL line LF ... document ... ESC%-12345X
    ESC 01 @EJL line LF @EJL line LF ... document ... ESC 01 @EJL line LF

Source: HP Printer Job Language Technical Reference Manual. A line ends at LF or, as some drivers
write it, at the next ESC. Only the statement keyword decides, so a comment or a job name that looks like a
command changes nothing. Each universal exit, JOB, EOJ and RESET loads the stored defaults.
"""

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pagetoll.core.usage import Duplex, Finding
from pagetoll.languages import prescribe, xpif
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_PADDING = re.compile(rb"[\x00\x04\x14\t\n\r ]*+")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE = re.compile(rb"(?i:@PJL)(?![^\s\x1b])(?P<words>[^\n\x1b]*+)\n?")
_EJL_START = b"\x1b\x01@EJL"
_EJL_LINE = re.compile(rb"@EJL(?![^\s\x1b])(?P<words>[^\n\x1b]*+)\n?")
_READ_OCTETS = 65536
"""So much of a line is obeyed, with one blank for many; all of it is stepped over."""
_LOOKED_AT_OCTETS = 1 << 24
_PAGES_IN_PJL = re.compile(rb"(?i:@PJL[ \t]{1,8}SET[ \t]{1,8}PAGESTATUS[ \t]{0,8}=[ \t]{0,8}START)")
"""A language (DDST) whose pages are PJL lines: they are its document."""
_STARTS_WITH_ANY_OCTET = frozenset(["QPDL", "HIPERC"])
"""Languages whose first octet may be a NUL, a line end or a blank."""
_STATEMENT = re.compile(rb"[ \t]*([A-Za-z]+)")
_ASSIGNMENT = re.compile(rb'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{1,64})[ \t]{0,64}=[ \t]{0,64}("[^"]*"|[^\s"]+)')
_PERSONALITY = re.compile(rb"(?i:LPARM|IPARM)[ \t]*:[ \t]*\S+[ \t]*")
LARGEST_NUMBER = 999_999_999
_NUMBER = re.compile(r"\+?0*(\d*)(?:\.\d*)?")
_BLANKS = re.compile(rb"[ \t]{2,}")
_RESOLUTION = re.compile(r"[1-9]\d{1,3}\Z")
_EXTRA_SHEETS = frozenset(["SLIPSHEET", "SEPARATOR", "COVER", "INTERLEAVE", "BANNER"])
PAPER: dict[str, tuple[float, float]] = {
    "LETTER": (612, 792),
    "LT": (612, 792),
    "LEGAL": (612, 1008),
    "LGL": (612, 1008),
    "EXECUTIVE": (522, 756),
    "EXE": (522, 756),
    "LEDGER": (792, 1224),
    "TABLOID": (792, 1224),
    "A2": (1191, 1684),
    "A3": (842, 1191),
    "A4": (595, 842),
    "A5": (420, 595),
    "A6": (298, 420),
    "COM10": (297, 684),
    "MONARCH": (279, 540),
    "C5": (459, 649),
    "DL": (312, 624),
    "B5": (499, 709),
    "JISB4": (729, 1032),
    "JISB5": (516, 729),
    "JISB6": (363, 516),
    "JPOST": (283, 420),
    "JPOSTD": (420, 567),
}
"""Names of PJL PAPER and EJL PS -> width and height in points; other names state no size that we know."""
_NOTHING = frozenset(["OFF", "NONE", "NO", "FALSE", "0"])


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings that PJL made for the next document."""

    copies: int | None = None
    sets: int = 1
    duplex: bool | None = None
    short_edge: bool = False
    monochrome: bool = False
    language: str = ""
    media_points: tuple[float, float] = (0.0, 0.0)
    resolution_dpi: int = 0

    @property
    def sides(self) -> Duplex:
        if self.duplex is None:
            return Duplex.UNSTATED
        if not self.duplex:
            return Duplex.NONE
        return Duplex.SHORT if self.short_edge else Duplex.LONG


@dataclass(slots=True)
class Wrapper:
    """Reads what stands before, between and behind documents. `environment` is what holds at the moment."""

    environment: Environment = field(default_factory=Environment)
    stored: Environment = field(default_factory=Environment)
    findings: list[Finding] = field(default_factory=list)
    seen: bool = False
    _job_sets: int = 1
    _in_job: bool = False
    _ticket: xpif.Ticket | None = None
    """A ticket is for the document behind it, also where a universal exit stands between."""

    def peel(self, data: "Buffer", position: int, end: int) -> int:
        """Obey and step over everything that is no document. Returns where the next document starts (or `end`)."""
        while position < end:
            start = position
            if data[position : position + 3] == _BYTE_ORDER_MARK:
                position += 3
            padding = _PADDING.match(data, position, end)
            if padding and self.environment.language not in _STARTS_WITH_ANY_OCTET:
                position = padding.end()
            if data[position : position + 2] == b"\x1bE" and data[position + 2 : position + 11] == UNIVERSAL_EXIT:
                position += 2
            if data[position : position + 9] == UNIVERSAL_EXIT:
                position += 9
                self._universal_exit()
            line = _LINE.match(data, position, end)
            if line and _PAGES_IN_PJL.match(data, position, end):
                break
            if line:
                self.seen = True
                position = line.end() + self._line(_words(data, line), line.start())
            if data[position : position + 3] == prescribe.START:
                position = self._prescribe(data, position, end)
            if data[position : position + 1] == xpif.START:
                position = self._xpif(data, position, end)
            if data[position : position + 6] == _EJL_START:
                position = self._ejl(data, position + 2, end)
            if position == start:
                # Form feeds and the like may be text: only what was peeled before counts as padding.
                break
        return min(position, end)

    def _universal_exit(self) -> None:
        self.seen = True
        self.environment = replace(self.stored, sets=self._job_sets if self._in_job else self.stored.sets)
        if self._ticket is not None:
            self._ask(self._ticket.copies, self._ticket.sides)
            self._ticket = None

    def _prescribe(self, data: "Buffer", position: int, end: int) -> int:
        """Obey a block of Kyocera's PRESCRIBE that only makes settings; others stay for their parser."""
        found = prescribe.settings(data, position, end)
        if found is None:
            return position
        self.seen = True
        self._ask(found.copies, found.sides)
        if found.changes_default:
            self._note("default_changed", position)
        return found.end

    def _xpif(self, data: "Buffer", position: int, end: int) -> int:
        """Obey a job ticket of Xerox in front of a document; other markup stays for its row in the table."""
        found = xpif.ticket(data, position, end)
        if found is None:
            return position
        self.seen = True
        self.environment = replace(self.environment, language="")
        self._ask(found.copies, found.sides)
        self._ticket = found if found.parted else None
        return found.end

    def _ask(self, copies: int | None, sides: Duplex) -> None:
        """Keep what a wrapper states of copies and sides."""
        if copies is not None:
            self.environment = replace(self.environment, copies=copies)
        if sides is not Duplex.UNSTATED:
            self.environment = replace(
                self.environment, duplex=sides is not Duplex.NONE, short_edge=sides is Duplex.SHORT
            )

    def _ejl(self, data: "Buffer", position: int, end: int) -> int:
        """Obey the lines behind `ESC 01`, which ends the language before; returns where they end.

        Settings hold until the job ends. Keys are short or long: `CO` copies, `QT` sets, `DX` sides, `BD` binding.
        """
        self.seen = True
        self.environment = replace(self.environment, language="")
        while line := _EJL_LINE.match(data, position, end):
            position = line.end()
            words = _words(data, line)
            statement = _STATEMENT.match(words)
            if statement is None:
                continue
            keyword, pairs = statement[1].upper(), dict(_assignments(words[statement.end() :]))
            if keyword in (b"SJ", b"EJ"):
                self.environment = self.stored
            elif keyword in (b"EN", b"ENTER"):
                self.environment = replace(
                    self.environment, language=pairs.get("LA", pairs.get("LANGUAGE", "")).upper()
                )
            elif keyword == b"SET":
                self.environment = _with_ejl(self.environment, pairs)
        return position

    def _line(self, words: bytes, offset: int) -> int:
        """Obey one PJL line. Returns how many octets of raw data follow it."""
        statement = _STATEMENT.match(words)
        if statement is None:
            return 0
        keyword, rest = statement[1].upper(), words[statement.end() :]
        if keyword == b"SET":
            self.environment = self._assign(self.environment, rest, offset, now=True)
        elif keyword == b"DEFAULT":
            self.stored = self._assign(self.stored, rest, offset, now=False)
            self._note("default_changed", offset)
        elif keyword == b"ENTER":
            for _name, value in _assignments(rest):
                self.environment = replace(self.environment, language=value.upper())
        elif keyword in (b"JOB", b"EOJ"):
            self._in_job, self._job_sets = keyword == b"JOB", 1
            self.environment = replace(self.stored, language=self.environment.language)
            if any(name in ("START", "END") for name, _value in _assignments(rest)):
                self._note("page_range_requested", offset)
        elif keyword in (b"RESET", b"INITIALIZE"):
            self.environment = self.stored if keyword == b"RESET" else Environment()
        elif keyword == b"FSDOWNLOAD":
            self._note("filesystem_access", offset)
            sizes = [_number(value) for name, value in _assignments(rest) if name == "SIZE"]
            return next((size for size in sizes if size is not None), 0)
        return 0

    def _assign(self, environment: Environment, rest: bytes, offset: int, *, now: bool) -> Environment:
        rest = _PERSONALITY.sub(b"", rest, count=1)
        for name, value in _assignments(rest):
            upper = value.upper()
            if name == "COPIES" and (number := _number(value)):  # printers take no 0
                environment = replace(environment, copies=number)
            elif name == "QTY" and (number := _number(value)) is not None:
                environment = replace(environment, sets=max(1, number))
                if now:
                    self._job_sets = environment.sets
            elif name == "DUPLEX":
                environment = replace(environment, duplex=upper == "ON")
            elif name == "BINDING":
                environment = replace(environment, short_edge=upper == "SHORTEDGE")
            elif name == "PAPER" and upper in PAPER:
                environment = replace(environment, media_points=PAPER[upper])
            elif name == "RESOLUTION" and _RESOLUTION.match(value):
                environment = replace(environment, resolution_dpi=int(value))
            elif name in ("RENDERMODE", "COLORMODE"):
                environment = replace(environment, monochrome=upper in ("GRAYSCALE", "MONO", "MONOCHROME"))
            elif name == "HOLD" and upper != "OFF":
                self._note("held_job", offset)
            elif name in _EXTRA_SHEETS and upper not in _NOTHING:
                self._note("extra_sheets_requested", offset)
        return environment

    def _note(self, code: str, offset: int) -> None:
        if all(finding.code != code for finding in self.findings):
            self.findings.append(Finding(code, offset))


def _with_ejl(environment: Environment, pairs: dict[str, str]) -> Environment:
    """`environment` after EJL's SET; pairs that are not ours change nothing."""
    copies, sets, sides = pairs.get("CO", ""), pairs.get("QT", ""), pairs.get("DX", "").upper()
    if number := _number(copies):
        environment = replace(environment, copies=number)
    if (number := _number(sets)) is not None:
        environment = replace(environment, sets=max(1, number))
    if sides in ("ON", "OFF"):
        environment = replace(environment, duplex=sides == "ON")
    if pairs.get("PS", "").upper() in PAPER:
        environment = replace(environment, media_points=PAPER[pairs["PS"].upper()])
    if "BD" in pairs:
        environment = replace(environment, short_edge=pairs["BD"].upper() == "SE")
    return environment


def _words(data: "Buffer", line: re.Match[bytes]) -> bytes:
    """What stands behind the first word of a line."""
    start, end = line.span("words")
    return _BLANKS.sub(b" ", bytes(data[start : min(end, start + _LOOKED_AT_OCTETS)]))[:_READ_OCTETS]


def _number(value: str) -> int | None:
    """A value as a whole number; one that is too large is a wish all the same: never none."""
    found = _NUMBER.fullmatch(value)
    if found is None or not value.strip("+."):
        return None
    return min(int(found[1][: len(str(LARGEST_NUMBER)) + 1] or "0"), LARGEST_NUMBER)


def _assignments(words: bytes) -> list[tuple[str, str]]:
    """The NAME=value pairs of a line, names in upper case, quotes taken off."""
    return [
        (pair[1].decode("latin-1").upper(), pair[2].decode("latin-1").strip('"'))
        for pair in _ASSIGNMENT.finditer(words)
    ]
