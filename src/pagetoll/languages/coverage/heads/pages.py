# SPDX-License-Identifier: Apache-2.0
"""The dots of pages for printers with escape commands: a second walk over each page that was counted.

The dialect of a language knows how long its commands are and where their images lie; what is added here is how far
apart the dots are and how the head moves (heads.py). A page with text on it is unseen, for the printer's own
fonts draw it; so is one with a command or a coding that is not known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import ColorClass
from pagetoll.languages.command_printers.dialect import Walk
from pagetoll.languages.coverage.dot_grid import LETTER_UNITS, UNITS, DotGrid
from pagetoll.languages.coverage.dot_tally import DotTally
from pagetoll.languages.coverage.heads.moves import Head
from pagetoll.languages.coverage.heads.table import HEADS
from pagetoll.languages.coverage.pdf_pages import UNSEEN, Seen
from pagetoll.languages.coverage.spaces import PixelSums
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

LANGUAGES = frozenset(HEADS)
_ESCAPE, _LINE_FEED, _RETURN = 0x1B, b"\n", b"\r"
_NOT_PRINTED = bytes(range(0x21)) + b"\x7f"
_POINTS_PER_INCH = 72
_STEPS_BETWEEN_LOOKS = 1024


@dataclass(slots=True)
class DotWalk(Walk):
    """A walk that keeps the dots. `spacing`: how far apart those of the next image are; `line`: a line feed."""

    grid: DotGrid = field(default_factory=DotGrid)
    tally: DotTally = field(default_factory=DotTally)
    spacing: tuple[int, int] | None = None
    bits: int = 1
    line: int = UNITS // 6
    unknown: bool = False
    unit: int = 0
    unit_across: int = 0
    paper: tuple[int, int] | None = None
    drawn_elsewhere: bool = False

    def draw(self, image: bytes, ink: int = 0, rows: int = 1) -> None:  # noqa: ARG002
        if self.drawn_elsewhere:
            return
        if self.spacing is None:
            self.unknown = True
        else:
            self.grid.draw(image, ink, self.spacing, self.bits)

    def end_page(self, position: int) -> None:
        """Where pages end was found before."""


def pages(data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen]:
    """The pages of `data[start:parsed.end]`, in order; fewer where the time is over."""
    head = HEADS[parsed.language]
    runs = list(chain.from_iterable(repeat(run, run.length) for run in parsed.runs))
    if len(parsed.page_ends) != len(runs):
        return
    walk = DotWalk(data, start, parsed.end, head.dialect, context, Parsed(parsed.language))
    head.begin(walk)
    walk.drawn_elsewhere = head.draws
    position = start
    for end, run in zip(parsed.page_ends, runs, strict=True):
        width, height = context.outer_media_points if run.media_points == ANY_SIZE else run.media_points
        if min(width, height) > 0:
            walk.paper = round(width * UNITS / _POINTS_PER_INCH), round(height * UNITS / _POINTS_PER_INCH)
        sums = _page(walk, head, position, end)
        position = end
        if sums is None or run.color is ColorClass.UNKNOWN:
            yield UNSEEN
        else:
            colored = run.color is ColorClass.COLOR
            yield Seen(colored, replace(sums, colored=colored))
        if context.guard.expired():
            return


def _page(walk: DotWalk, head: Head, position: int, end: int) -> PixelSums | None:
    walk.unknown = False
    try:
        while position < end and not walk.unknown:
            position = _step(walk, head, position, end)
            walk.steps += 1
            if not walk.steps % _STEPS_BETWEEN_LOOKS:
                walk.context.guard.check(position)
    except DocumentError:
        walk.unknown = True
    width, height = walk.paper or LETTER_UNITS
    of_pixels = walk.tally.page_sums((width * _POINTS_PER_INCH / UNITS, height * _POINTS_PER_INCH / UNITS))
    of_passes = walk.grid.page_sums((width, height))
    if walk.unknown:
        return None
    return of_pixels if head.by_pixels else of_passes


def _step(walk: DotWalk, head: Head, position: int, end: int) -> int:
    """One command or stretch of text; returns where the next begins."""
    octet = walk.data[position]
    dialect = head.dialect
    if octet == _ESCAPE:
        letter = walk.octet(position + 1)
        if letter in head.moves:
            head.moves[letter](walk, position + 2)
        if letter in dialect.commands:
            return dialect.commands[letter](walk, position + 2)
        walk.unknown = True
        return position + 2
    if octet in dialect.controls:
        walk.unknown = walk.unknown or octet not in head.controls
        if octet in head.controls:
            head.controls[octet](walk, position + 1)
        return dialect.controls[octet](walk, position + 1)
    found = head.text.match(walk.data, position, end)
    stop = max(position + 1, found.end() if found else 0)
    text = bytes(walk.data[position:stop])
    walk.unknown = walk.unknown or bool(text.strip(_NOT_PRINTED))
    walk.grid.y += walk.line * text.count(_LINE_FEED)
    if _RETURN in text:
        walk.grid.x = 0
    return stop
