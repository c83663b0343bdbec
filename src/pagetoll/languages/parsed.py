# SPDX-License-Identifier: Apache-2.0
"""What one parser hands back about one document, before PJL and the spooler have their say."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from pagetoll.core.errors import DocumentTooComplex
from pagetoll.core.usage import ColorClass, Confidence, Duplex, Finding, PageCoverage
from pagetoll.languages.limits import Guard, Limits, Listener, Renderer, TextLayout

if TYPE_CHECKING:
    from mmap import mmap

    Buffer = bytes | mmap

ANY_SIZE = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Run:
    """`length` equal pages; `copies` is None where the language states none."""

    length: int = 1
    copies: int | None = None
    duplex: Duplex = Duplex.UNSTATED
    color: ColorClass = ColorClass.UNKNOWN
    media_points: tuple[float, float] = ANY_SIZE
    blank: bool | None = None
    starts_sheet: bool = False

    def same_kind(self, other: "Run") -> bool:
        """Whether `other` may simply make this run longer."""
        return (
            not other.starts_sheet
            and self.copies == other.copies
            and self.duplex is other.duplex
            and self.color is other.color
            and self.media_points == other.media_points
            and self.blank is other.blank
        )


@dataclass(slots=True)
class Parsed:
    """A document under way: runs so far, where each page ended, what was noticed, and where the data ended."""

    language: str
    end: int = 0
    confidence: Confidence = Confidence.EXACT
    runs: list[Run] = field(default_factory=list)
    page_ends: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    input_pages: int = 0
    coverage: list[PageCoverage | None] = field(default_factory=list)
    understood: int = 0
    """How many commands were known, for languages that no long signature tells apart; it may count too few."""
    heard: Listener | None = None
    """What listened while a program was run to be counted."""

    def add(self, run: Run) -> None:
        self.input_pages += run.length
        if self.runs and self.runs[-1].same_kind(run):
            last = self.runs[-1]
            self.runs[-1] = replace(last, length=last.length + run.length)
        else:
            self.runs.append(run)

    def note(self, code: str, offset: int = 0) -> None:
        """Keep a finding; the same code more than once says nothing new."""
        if all(finding.code != code for finding in self.findings):
            self.findings.append(Finding(code, offset))

    def at_least(self, code: str, offset: int) -> None:
        """The parser stopped early: what it has is a lower bound."""
        self.confidence = Confidence.AT_LEAST
        self.note(code, offset)


@dataclass(frozen=True, slots=True)
class Context:
    """What a parser may know besides the data."""

    limits: Limits
    guard: Guard
    trust_dsc: bool = False
    render_postscript: Renderer | None = None
    text_layout: TextLayout = field(default_factory=TextLayout)
    outer_copies: int | None = None
    outer_duplex: Duplex = Duplex.UNSTATED
    outer_media_points: tuple[float, float] = ANY_SIZE
    outer_resolution_dpi: int = 0
    listener: Callable[[Guard], Listener | None] | None = None
    """Makes what listens while a program is run, where that may save running it again."""


def as_far_as_time_allows(walk: Callable[[Parsed], Parsed], parsed: Parsed, end: int) -> Parsed:
    """`walk(parsed)`; when its time is over, the pages found until then as a lower bound.

    Raises DocumentTooComplex when not one page was found in time.
    """
    try:
        return walk(parsed)
    except DocumentTooComplex as error:
        if not parsed.input_pages:
            raise
        parsed.at_least("limit", error.offset)
        parsed.end = end
        return parsed


class PageInspector(Protocol):
    """Looks at the pages of documents. Raises nothing."""

    def __call__(self, data: "Buffer", start: int, parsed: Parsed, context: Context) -> None:
        """The document was parsed from `start` on: settle its colors in `parsed.runs`; may fill `parsed.coverage`."""
        ...

    def listener(self, guard: Guard) -> Listener | None:
        """What is to listen while a program is run; it comes back as `parsed.heard`."""
        ...


Parser = Callable[["Buffer", int, int, Context], Parsed]
"""(data, start, end, context) -> Parsed, with `Parsed.end` the octet behind the document (start < end <= `end`).
Raises the kinds of DocumentError and nothing else."""
