# SPDX-License-Identifier: Apache-2.0
"""What a print file will use: pages, impressions, sheets, colour, and how sure that is.

Words: an *input page* is one page image of the data stream, an *impression* one side that carries a page
(pages x copies), a *media sheet* one piece of paper. Sheets round up, per copy: five impressions two-sided
are three sheets (docs/concepts/measuring.md).
"""

from dataclasses import dataclass, field
from enum import StrEnum

#: The language of what a command of the site's has counted.
COUNTED_BY_COMMAND = "counted-by-command"


class Confidence(StrEnum):
    """How sure a count is, best first."""

    EXACT = "exact"
    DECLARED = "declared"
    ESTIMATED = "estimated"
    AT_LEAST = "at_least"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Duplex(StrEnum):
    """How the data itself asks for sides; UNSTATED where it does not say."""

    NONE = "none"
    LONG = "long"
    SHORT = "short"
    UNSTATED = "unstated"


class ColorClass(StrEnum):
    """Whether a page needs more than one ink."""

    MONO = "mono"
    COLOR = "color"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth knowing about a document: a short code and the octet where it showed."""

    code: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class PageRun:
    """`length` equal pages in a row. `copies` of each page (uncollated); media size in points, (0, 0) unknown.

    `starts_sheet`: the first page of the run asks for the front of a new sheet of paper; where the side
    before it is a front, that sheet's back stays blank.
    """

    length: int = 1
    copies: int = 1
    duplex: Duplex = Duplex.UNSTATED
    color: ColorClass = ColorClass.UNKNOWN
    media_points: tuple[float, float] = (0.0, 0.0)
    blank: bool | None = None
    starts_sheet: bool = False


SPACES: dict[str, tuple[str, ...]] = {
    "cmyk": ("cyan", "magenta", "yellow", "black"),
    "cmy": ("cyan", "magenta", "yellow"),
    "rgb": ("red", "green", "blue"),
    "bw": ("black",),
    "gc": ("grayscale", "colored"),
}
"""Name of a color space -> its channels, in the order of `PageCoverage.millionths`."""


@dataclass(frozen=True, slots=True)
class PageCoverage:
    """How much of one page's area each channel of `space`, one of `SPACES`, covers, in millionths (1,000,000: the
    whole page)."""

    space: str
    millionths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the stream with its own language or reset environment; `sets` collated copies of all its runs."""

    language: str
    runs: tuple[PageRun, ...]
    sets: int = 1
    end_offset: int = 0

    @property
    def input_pages(self) -> int:
        return sum(run.length for run in self.runs)

    @property
    def impressions(self) -> int:
        return self.sets * sum(run.length * run.copies for run in self.runs)


@dataclass(frozen=True, slots=True)
class Usage:
    """The whole answer of a count. `page_end_offsets` maps printed impressions to octets where known
    (one ascending offset per input page), for charging a job that was cut off in the middle. `coverage` is empty
    unless it was asked for; then it has an entry per input page, None where the page could not be measured."""

    segments: tuple[Segment, ...]
    confidence: Confidence
    findings: tuple[Finding, ...] = ()
    page_end_offsets: tuple[int, ...] = field(default=(), repr=False)
    coverage: tuple[PageCoverage | None, ...] = field(default=(), repr=False)

    @property
    def language(self) -> str:
        """The language of all segments that have pages; "mixed" where they differ."""
        names = {segment.language for segment in self.segments if segment.runs} or {
            segment.language for segment in self.segments[:1]
        }
        return "mixed" if len(names) > 1 else next(iter(names), "unknown")

    @property
    def input_pages(self) -> int:
        return sum(segment.input_pages for segment in self.segments)

    @property
    def impressions(self) -> int:
        return sum(segment.impressions for segment in self.segments)
