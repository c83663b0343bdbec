# SPDX-License-Identifier: Apache-2.0
"""Impressions and media sheets of a counted document, together with what the spooler adds.

A print file may state copies and sides itself; the spooler may add copies (seven arguments, or the `ipp`
backend's copies attribute) and sides (the `ipp` backend's sides attribute). Which of them the spooler really
adds is the caller's knowledge; here both are combined.

Sheets round up per copy. A change of medium or of the way of two-sided printing closes a sheet, and so does
a page that asks for the front of a sheet. Page copies in two-sided printing repeat the paired sheet; where
front and back ask for different numbers the larger one decides.
"""

from dataclasses import dataclass

from pagetoll.core.usage import ColorClass, Duplex, PageRun, Segment, Usage


@dataclass(frozen=True, slots=True)
class Totals:
    """What a job uses. `blank_sides` pass the printer unmarked beside the impressions.

    `impressions_color` and `impressions_mono` are None where the color of any page is not known.
    """

    impressions: int
    media_sheets: int
    blank_sides: int
    impressions_color: int | None
    impressions_mono: int | None


@dataclass(slots=True)
class _Paper:
    """Paper used so far by one set of a segment; `open_copies` > 0 while a sheet waits for its back."""

    media_sheets: int = 0
    blank_sides: int = 0
    open_copies: int = 0

    def close_sheet(self) -> None:
        self.media_sheets += self.open_copies
        self.blank_sides += self.open_copies
        self.open_copies = 0

    def add_two_sided(self, input_pages: int, copies: int) -> None:
        if input_pages and self.open_copies:
            self.media_sheets += max(self.open_copies, copies)
            self.blank_sides += abs(self.open_copies - copies)
            self.open_copies = 0
            input_pages -= 1
        self.media_sheets += input_pages // 2 * copies
        if input_pages % 2:
            self.open_copies = copies


def sheets(segment: Segment, outer_duplex: Duplex = Duplex.NONE) -> tuple[int, int]:
    """Media sheets and blank sides of all sets of `segment`; `outer_duplex` counts where a page states none."""
    paper = _Paper()
    last: tuple[Duplex, tuple[float, float]] | None = None
    for run in segment.runs:
        if run.copies <= 0 or run.length <= 0:
            continue
        duplex = outer_duplex if run.duplex is Duplex.UNSTATED else run.duplex
        key = (duplex, run.media_points)
        if run.starts_sheet or key != last:
            paper.close_sheet()
        last = key
        if duplex in (Duplex.NONE, Duplex.UNSTATED):
            paper.media_sheets += run.length * run.copies
        else:
            paper.add_two_sided(run.length, run.copies)
    paper.close_sheet()
    return paper.media_sheets * segment.sets, paper.blank_sides * segment.sets


def _impressions_of(usage: Usage, color: ColorClass) -> int:
    return sum(
        segment.sets * _run_impressions(run)
        for segment in usage.segments
        for run in segment.runs
        if run.color is color
    )


def _run_impressions(run: PageRun) -> int:
    return run.length * run.copies


def apply_spooler(usage: Usage, outer_copies: int = 1, outer_duplex: Duplex = Duplex.NONE) -> Totals:
    """What the whole job uses when the spooler adds `outer_copies` and `outer_duplex`.

    `outer_copies` below 1 count as 1. Sides that the data states are stronger than `outer_duplex`.
    """
    outer = max(1, outer_copies)
    per_segment = [sheets(segment, outer_duplex) for segment in usage.segments]
    color = mono = None
    if _impressions_of(usage, ColorClass.UNKNOWN) == 0:
        color = _impressions_of(usage, ColorClass.COLOR) * outer
        mono = _impressions_of(usage, ColorClass.MONO) * outer
    return Totals(
        impressions=usage.impressions * outer,
        media_sheets=sum(media_sheets for media_sheets, _ in per_segment) * outer,
        blank_sides=sum(blank for _, blank in per_segment) * outer,
        impressions_color=color,
        impressions_mono=mono,
    )
