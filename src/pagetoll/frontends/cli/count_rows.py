# SPDX-License-Identifier: Apache-2.0
"""The figures of a counted document as `pagetoll count` shows them, for people and for programs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from pagetoll.core.copies import apply_spooler
from pagetoll.core.messages import _, marked
from pagetoll.core.usage import ColorClass, Duplex, PageCoverage, PageRun, Usage
from pagetoll.frontends.cli.documents import Answer

PAPER_POINTS = {
    "A3": (842, 1191),
    "A4": (595, 842),
    "A5": (420, 595),
    "A6": (298, 420),
    "Letter": (612, 792),
    "Legal": (612, 1008),
    "Tabloid": (792, 1224),
    "Executive": (522, 756),
    "B5": (516, 729),
}
PAPER_TOLERANCE_POINTS = 5
MILLIMETERS_PER_POINT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Counted:
    """One file's line. None where it is not known or, for copies, not the same for all pages; `error` says why
    there is no number at all."""

    file: str
    language: str | None = None
    pages: int | None = None
    copies: int | None = None
    impressions: int | None = None
    sheets: int | None = None
    duplex: str | None = None
    colour_pages: int | None = None
    mono_pages: int | None = None
    media: dict[str, int] | None = None
    confidence: str | None = None
    findings: tuple[str, ...] = ()
    error: str | None = None


def row_of(answer: Answer) -> Counted:
    """The figures of a file. Colors and media are of one copy's pages."""
    usage = answer.usage
    if usage is None:
        return Counted(answer.name, error=answer.error or _("cannot be counted"))
    one_copy, totals = apply_spooler(_single(usage)), apply_spooler(usage)
    return Counted(
        file=answer.name,
        language=usage.language,
        pages=usage.input_pages,
        copies=_copies(usage),
        impressions=totals.impressions,
        sheets=totals.media_sheets,
        duplex=_duplex(usage),
        colour_pages=one_copy.impressions_color,
        mono_pages=one_copy.impressions_mono,
        media=_media(usage),
        confidence=str(usage.confidence),
        findings=tuple(dict.fromkeys(finding.code for finding in usage.findings)),
    )


def _duplex(usage: Usage) -> str:
    """The sides of all pages; those of which nothing is stated are one-sided beside others."""
    stated = {run.duplex for segment in usage.segments for run in segment.runs}
    if stated <= {Duplex.NONE, Duplex.UNSTATED}:
        return str(Duplex.NONE)
    return marked("mixed") if len(stated) > 1 else str(stated.pop())


def _single(usage: Usage) -> Usage:
    """The same document printed once."""
    segments = tuple(
        replace(segment, sets=1, runs=tuple(replace(run, copies=1) for run in segment.runs))
        for segment in usage.segments
    )
    return replace(usage, segments=segments)


def _copies(usage: Usage) -> int | None:
    """How often every page comes out, None where that is not the same for all."""
    found = {segment.sets * run.copies for segment in usage.segments for run in segment.runs if run.length}
    return found.pop() if len(found) == 1 else None if found else 1


def _media(usage: Usage) -> dict[str, int] | None:
    """Pages by the name of their paper, None where a page's size is not known."""
    found: dict[str, int] = {}
    for segment in usage.segments:
        for run in segment.runs:
            name = paper(run.media_points)
            if name is None:
                return None
            found[name] = found.get(name, 0) + run.length
    return found or None


def paper(size_points: tuple[float, float]) -> str | None:
    """The name of a paper size, or its millimeters; None for an unknown size. Turned paper has the same name."""
    short, long = sorted(size_points)
    if short <= 0:
        return None
    for name, (width, height) in PAPER_POINTS.items():
        if abs(short - width) <= PAPER_TOLERANCE_POINTS and abs(long - height) <= PAPER_TOLERANCE_POINTS:
            return name
    return f"{short * MILLIMETERS_PER_POINT:.0f}x{long * MILLIMETERS_PER_POINT:.0f}mm"


def percent(millionths: int) -> float:
    """Millionths as percent; exact in decimal (12.3456)."""
    return millionths / 10_000


def as_json(answer: Answer, *, pages: bool, channels: tuple[str, ...]) -> dict[str, Any]:
    """The object for programs; with `pages` a list of runs of equal pages, with `channels` the mean coverage too."""
    values = asdict(row_of(answer))
    if answer.usage is None:
        return values
    if channels:
        mean = mean_coverage(answer.usage)
        values["coverage"] = None if mean is None else dict(zip(channels, map(percent, mean), strict=True))
        values["coverage_error"] = coverage_error(answer.usage)
    if pages:
        values["page_runs"] = [_run_as_json(run, channels) for run in page_runs(answer.usage)]
    return values


def _run_as_json(run: "PagesAlike", channels: tuple[str, ...]) -> dict[str, Any]:
    words: dict[str, Any] = {
        "first": run.first,
        "last": run.last,
        "copies": run.run.copies,
        "duplex": str(run.run.duplex),
        "colour": None if run.run.color is ColorClass.UNKNOWN else run.run.color is ColorClass.COLOR,
        "media": paper(run.run.media_points),
        "blank": run.run.blank,
    }
    if channels:
        inks = run.coverage
        words["coverage"] = None if inks is None else dict(zip(channels, map(percent, inks.millionths), strict=True))
    return words


@dataclass(frozen=True, slots=True)
class PagesAlike:
    """Pages `first` to `last` (from 1, over the whole file) that are equal; with coverage each page stands alone."""

    first: int
    last: int
    run: PageRun
    coverage: PageCoverage | None = None


def page_runs(usage: Usage) -> Iterator[PagesAlike]:
    """The pages of a file in order, equal neighbors together; copies include the sets of their segment."""
    first = 1
    for segment in usage.segments:
        for run in segment.runs:
            whole = replace(run, copies=run.copies * segment.sets)
            if usage.coverage:
                for page in range(first, first + run.length):
                    yield PagesAlike(page, page, whole, usage.coverage[page - 1])
            elif run.length:
                yield PagesAlike(first, first + run.length - 1, whole)
            first += run.length


def coverage_error(usage: Usage) -> str | None:
    """Why the coverage that was asked for is missing, in a sentence; None where every page has it."""
    seen = sum(page is not None for page in usage.coverage)
    if seen == usage.input_pages:
        return None
    if not seen:
        return _("coverage of {language} is not known").format(language=usage.language)
    return _("coverage is known for {seen} of {pages} pages only").format(seen=seen, pages=usage.input_pages)


def mean_coverage(usage: Usage) -> tuple[int, ...] | None:
    """The mean over the pages of each channel, in millionths; None where a page could not be measured."""
    pages = [page.millionths for page in usage.coverage if page is not None]
    if not pages or len(pages) != usage.input_pages:
        return None
    return tuple((2 * sum(channel) + len(pages)) // (2 * len(pages)) for channel in zip(*pages, strict=True))
