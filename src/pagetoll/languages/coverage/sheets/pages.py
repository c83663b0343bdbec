# SPDX-License-Identifier: Apache-2.0
"""The dots of pages that are images between commands: a second walk over each page that was counted.

A page is unseen where a command draws something else than an image, is not known, or codes its image in another way.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentError
from pagetoll.core.usage import ColorClass
from pagetoll.languages.coverage import pcl_pages
from pagetoll.languages.coverage.pdf_pages import UNSEEN, Seen
from pagetoll.languages.coverage.sheets import dots, escpage, hostbased, labels, lexmark, lips
from pagetoll.languages.coverage.sheets.sheet import Sheet, Step
from pagetoll.languages.coverage.spaces import PixelSums
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_STEPS: dict[str, Step] = {
    "escpage": escpage.step,
    "lips": lips.step,
    "lbp-capsl": lips.step,
    "rpdl": dots.rpdl,
    "dec": dots.sixel,
    "okidata": dots.oki,
    "kodak": hostbased.kodak,
    "minolta-w": hostbased.minolta,
    "lexmark-gdi": lexmark.step,
    **labels.STEPS,
}
LANGUAGES = frozenset(_STEPS)
_PCL_OF_DEC = b"\x1b%8"
_MOST_PAGES = 20_000
_STEPS_BETWEEN_LOOKS = 256


def pages(data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen]:
    """The pages of `data[start:parsed.end]`, in order; fewer where the time is over, none of very many."""
    step = _STEPS[parsed.language]
    if len(parsed.page_ends) != parsed.input_pages or parsed.input_pages > _MOST_PAGES:
        return
    if parsed.language == "dec" and data[start : start + len(_PCL_OF_DEC)] == _PCL_OF_DEC:
        yield from pcl_pages.pages(data, start + len(_PCL_OF_DEC), parsed, context)
        return
    sheet = Sheet(data, start, parsed.end, context.guard)
    runs = chain.from_iterable(repeat(run, run.length) for run in parsed.runs)
    position = start
    for end, run in zip(parsed.page_ends, runs, strict=True):
        sheet.paper = context.outer_media_points if run.media_points == ANY_SIZE else run.media_points
        # The size of labels is nowhere but in their data.
        sheet.sized = parsed.language not in labels.STEPS
        sums, position = _page(sheet, step, position, end)
        if sums is None or run.color is ColorClass.UNKNOWN:
            yield UNSEEN
        else:
            colored = run.color is ColorClass.COLOR
            yield Seen(colored, replace(sums, colored=colored))
        if sheet.lost or context.guard.expired():
            return


def _page(sheet: Sheet, step: Step, position: int, end: int) -> tuple[PixelSums | None, int]:
    """The sums of the page that ends at `end`, and where its last command ended."""
    sheet.unknown, sheet.page_end = False, end
    steps = 0
    try:
        while position < end and not sheet.lost:
            position = step(sheet, position)
            steps += 1
            if not steps % _STEPS_BETWEEN_LOOKS:
                sheet.guard.check(position)
    except DocumentError:
        sheet.unknown = sheet.lost = True
    sums = sheet.sums()
    return (sums if sheet.sized and not sheet.unknown else None), position
