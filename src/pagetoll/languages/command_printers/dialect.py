# SPDX-License-Identifier: Apache-2.0
"""The walk that all printers with escape commands share; what differs is a dialect.

    text  ESC letter parameters  data of a stated length  ...  FF

A dialect is a table from the octet behind ESC (or a control octet) to a rule: position behind that octet in,
position behind the command out. Everything between commands is text, which marks the page. A command that is
not in the table makes the count an estimate, so a stream of another language never counts as exact.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentTooComplex, TruncatedDocument
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages.command_printers.inks import Inks
from pagetoll.languages.limits import Guard, Limits
from pagetoll.languages.parsed import Context, Parsed, Parser, Run
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_SEQUENCE = re.compile(rb"[0-?]{0,64}[ -/]{0,4}[@-~]")
_STEPS_BETWEEN_LOOKS = 1024
_NOT_PRINTED = bytes(range(0x21)) + b"\x7f"
_NO_TEXT = re.compile(rb"[\x01-\x06\x10\x15-\x17\x19\x1d-\x1f]")
_PRINTED = re.compile(rb"[\x01-\x06\x10\x15-\x17\x19\x1d-\x1f!-~\x80-\xff]")
_NOT_UNDERSTOOD = frozenset(["unknown_command", "desync", "limit"])
_LINES_AN_INCH = 6
_PROBED_OCTETS = 65536
_PROBED_STEPS = 96
_TELLING_STEPS = 3

Rule = Callable[["Walk", int], int]
"""(walk, position behind the command's letter) -> position behind the whole command."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`commands`: the octet behind ESC. `controls`: other octets that begin a command. FF and ESC need no row.

    `colored`: inks are told apart. `color_class`: says it by other means. `open_end`: the last page needs no form
    feed where the others have none. `needs`: the name of a number that the first commands must have set.
    `raster_only`: text prints nothing that is known. `form_inches`: where text without form feeds goes on to the
    next form.
    """

    language: str
    commands: Mapping[int, Rule]
    controls: Mapping[int, Rule] = field(default_factory=dict)
    colored: bool = False
    open_end: bool = False
    raster_only: bool = False
    color_class: Callable[["Walk"], ColorClass] | None = None
    needs: str = ""
    form_inches: int = 0

    def text_pattern(self) -> re.Pattern[bytes]:
        special = b"".join(re.escape(bytes([octet])) for octet in (0x0C, 0x1B, *self.controls))
        return re.compile(b"[^" + special + b"]+")


@dataclass(slots=True)
class Walk:
    """One walk over a document: where it is, and what the page under way holds."""

    data: "Buffer"
    start: int
    end: int
    dialect: Dialect
    context: Context
    parsed: Parsed
    marked: bool = False
    fed: bool = False
    text_only: bool = True
    lines: int = 0
    last_line: int = 0
    reset_at: int = -1
    steps: int = 0
    known: int = 0
    copies: int | None = None
    duplex: Duplex = Duplex.UNSTATED
    inks: Inks = field(default_factory=Inks)
    number: dict[str, int] = field(default_factory=dict)

    def octet(self, position: int) -> int:
        """The octet at `position`; raises TruncatedDocument behind the end."""
        if position >= self.end:
            raise TruncatedDocument("the data ends within a command; send the job again", self.end)
        return self.data[position]

    def word(self, position: int) -> int:
        """The 16-bit number, low octet first, at `position`."""
        return self.octet(position) | self.octet(position + 1) << 8

    def piece(self, position: int, octets: int) -> bytes:
        """`octets` octets of data; raises TruncatedDocument where the stream has fewer."""
        if position + octets > self.end:
            raise TruncatedDocument("the data ends within an image; send the job again", self.end)
        return bytes(self.data[position : position + octets])

    def image(self, position: int, octets: int, ink: int = 0, rows: int = 8) -> int:
        """Take an image of plain bits at `position`; returns where it ends."""
        self.draw(self.piece(position, octets), ink, rows)
        return position + octets

    def draw(self, image: bytes, ink: int = 0, rows: int = 1) -> None:
        """Put `image` (0 is white, `rows` rows high) on the page in ink number `ink`."""
        self.text_only = False
        self.fed = True
        if image.count(0) != len(image):
            self.marked = True
            if self.dialect.colored:
                self.inks.draw(ink, image, rows)

    def end_page(self, position: int) -> None:
        """The page under way is complete at `position`."""
        color = self.inks.color() if self.dialect.colored else ColorClass.MONO
        if self.dialect.color_class is not None:
            color = self.dialect.color_class(self)
        run = Run(1, self.copies, self.duplex, color, blank=not self.marked)
        for _page in range(1 + self._full_forms(position)):
            self.parsed.add(run)
            self.parsed.page_ends.append(position)
        self.marked, self.fed = False, False
        self.lines = self.last_line = 0
        self.inks.clear()
        if self.parsed.input_pages >= self.context.limits.input_pages:
            raise DocumentTooComplex("the document has more pages than allowed; raise the limit", position)

    def _full_forms(self, position: int) -> int:
        """Forms that text filled before the last one, when no form feed parts them; how long they are is a guess."""
        if not self.text_only or not self.dialect.form_inches:
            return 0
        inches = self.number.get("inches") or self.dialect.form_inches
        lines = self.number.get("lines") or inches * self.number.get("lines an inch", _LINES_AN_INCH)
        full = min(self.last_line // lines, self.context.limits.input_pages)
        if full:
            self.unsure("text_overflow", position)
        return full

    def unsure(self, code: str, position: int) -> None:
        """Something was not understood: what is counted is an estimate from here on."""
        self.parsed.note(code, position)
        if self.parsed.confidence is Confidence.EXACT:
            self.parsed.confidence = Confidence.ESTIMATED


def skip(octets: int) -> Rule:
    """A command with `octets` octets of parameters."""
    return lambda _walk, position: position + octets


def counted(before: int = 0) -> Rule:
    """`before` octets, a 16-bit number n, n octets of set-up."""
    return lambda walk, position: position + before + 2 + walk.word(position + before)


def line_spacing(lines_an_inch: int) -> Rule:
    """A command that sets how many lines are printed on an inch."""

    def rule(walk: Walk, position: int) -> int:
        walk.number["lines an inch"] = lines_an_inch
        return position

    return rule


def moves(octets: int) -> Rule:
    """A vertical movement with `octets` octets of parameters."""

    def rule(walk: Walk, position: int) -> int:
        walk.inks.move()
        return position + octets

    return rule


def decimal_image(digits: int, octets_each: int) -> Rule:
    """A number of `digits` decimal digits, then so many columns of `octets_each` octets."""

    def rule(walk: Walk, position: int) -> int:
        number = walk.piece(position, digits)
        if not number.isdigit():
            walk.unsure("desync", position)
            return position
        return walk.image(position + digits, int(number) * octets_each, walk.number.get("ink", 0), 8 * octets_each)

    return rule


def page_length(walk: Walk, position: int) -> int:
    """The parameters of ESC C: lines, or NUL and inches."""
    lines = walk.octet(position)
    walk.number["lines"] = lines
    if lines:
        return position + 1
    walk.number["inches"] = walk.octet(position + 1)
    return position + 2


def control_sequence(walk: Walk, position: int) -> int:
    """What follows CSI (ECMA-48 §5.4): parameters, intermediate octets, a final one. None of them draws."""
    found = _SEQUENCE.match(walk.data, position, walk.end)
    if found is None:
        walk.unsure("unknown_command", position)
        return position
    return found.end()


def reader(dialect: Dialect) -> tuple[Callable[["Buffer", int, int], bool], Parser]:
    """The test whether first commands are of `dialect`, and its parser, which counts up to a universal exit and
    raises TruncatedDocument or DocumentTooComplex when not one page is complete."""
    text = dialect.text_pattern()

    def begins(data: "Buffer", start: int, end: int) -> bool:
        return probe(data, start, end, dialect, text)

    def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
        return walk_document(data, start, end, context, dialect, text)

    return begins, parse


def until(mark: bytes) -> Rule:
    """Parameters up to and with `mark`."""

    def rule(walk: Walk, position: int) -> int:
        found = walk.data.find(mark, position, min(walk.end, position + 65536))
        return walk.end + 1 if found < 0 else found + len(mark)

    return rule


def table(*rows: tuple[bytes, Rule]) -> dict[int, Rule]:
    """Octets that share a rule, row by row, as a table."""
    return {octet: rule for octets, rule in rows for octet in octets}


def walk_document(
    data: "Buffer", start: int, end: int, context: Context, dialect: Dialect, text: re.Pattern[bytes]
) -> Parsed:
    """Count the document at `start` up to a universal exit or `end`.

    Raises TruncatedDocument or DocumentTooComplex when not one page is complete.
    """
    walk = Walk(data, start, end, dialect, context, Parsed(dialect.language))
    try:
        position = _steps(walk, start, text, walk.end)
    except (TruncatedDocument, DocumentTooComplex) as error:
        if not walk.parsed.input_pages:
            raise
        walk.parsed.at_least("truncated" if isinstance(error, TruncatedDocument) else "limit", error.offset)
        position = end
    else:
        _close(walk, position)
    walk.parsed.end = position
    walk.parsed.understood = walk.known
    return walk.parsed


def probe(data: "Buffer", start: int, end: int, dialect: Dialect, text: re.Pattern[bytes]) -> bool:
    """Whether the first commands at `start` are all ones of `dialect`."""
    limits = Limits()
    stop = min(end, start + _PROBED_OCTETS)
    walk = Walk(data, start, stop, dialect, Context(limits, Guard(limits)), Parsed(dialect.language))
    try:
        _steps(walk, start, text, _PROBED_STEPS)
    except TruncatedDocument:
        # One command that swallows the whole stream says nothing.
        if stop == end and walk.steps < _TELLING_STEPS:
            return False
    understood = not any(finding.code in _NOT_UNDERSTOOD for finding in walk.parsed.findings)
    return understood and (not dialect.needs or dialect.needs in walk.number)


def _steps(walk: Walk, position: int, text: re.Pattern[bytes], most: int) -> int:
    data, end, commands, controls = walk.data, walk.end, walk.dialect.commands, walk.dialect.controls
    while position < end and walk.steps < most:
        walk.steps += 1
        if not walk.steps % _STEPS_BETWEEN_LOOKS:
            walk.context.guard.check(position)
        octet = data[position]
        if octet == 0x1B:
            if data[position + 1 : position + 9] == UNIVERSAL_EXIT[1:]:
                return position
            letter = walk.octet(position + 1)
            rule = commands.get(letter)
            if rule is None:
                walk.unsure("unknown_command", position)
                position += 2
            else:
                walk.known += 1
                position = rule(walk, position + 2)
        elif octet in controls:
            walk.known += 1
            position = controls[octet](walk, position + 1)
        elif octet == 0x0C:
            # A reset right behind a page and a form feed behind the reset eject nothing.
            of_reset = walk.reset_at == position and walk.parsed.input_pages and not walk.marked and not walk.fed
            position += 1
            if not of_reset:
                walk.number["form feeds"] = 1
                walk.end_page(position)
        else:
            position = _text(walk, position, text)
        if position > end:
            raise TruncatedDocument("the data ends within a command; send the job again", end)
    return position


def _text(walk: Walk, position: int, text: re.Pattern[bytes]) -> int:
    found = text.match(walk.data, position, walk.end)
    stop = found.end() if found else position + 1
    if walk.text_only or not walk.marked:
        _lines(walk, bytes(walk.data[position:stop]))
    if walk.data.find(b"\n", position, stop) >= 0:
        walk.inks.move()
    if (_PRINTED if walk.dialect.raster_only else _NO_TEXT).search(walk.data, position, stop):
        walk.unsure("unknown_command", position)
    return stop


def _lines(walk: Walk, text: bytes) -> None:
    """Whether a stretch of text prints anything, and on which line it prints last."""
    printed = text.rstrip(_NOT_PRINTED)
    if printed:
        walk.marked = True
        walk.last_line = walk.lines + printed.count(b"\n")
    walk.lines += text.count(b"\n")


def _close(walk: Walk, position: int) -> None:
    """The stream is over: a page with marks and without form feed was printed, but the rest of it may be missing."""
    open_end = walk.dialect.open_end and not walk.number.get("form feeds")
    if (walk.marked and walk.reset_at == position) or (open_end and (walk.marked or walk.fed)):
        walk.end_page(position)
    elif walk.marked:
        walk.end_page(position)
        if walk.text_only:
            walk.unsure("unended_page", position)
        else:
            walk.parsed.at_least("truncated", position)
    elif walk.fed and walk.parsed.confidence is Confidence.EXACT:
        walk.parsed.at_least("truncated", position)
    if not walk.parsed.input_pages and walk.parsed.confidence is Confidence.AT_LEAST:
        raise TruncatedDocument("the data ends within its first page; send the job again", position)
