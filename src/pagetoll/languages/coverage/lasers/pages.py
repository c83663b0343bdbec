# SPDX-License-Identifier: Apache-2.0
"""The dots of pages for host-based lasers, whose planes are coded as JBIG: a second walk over what was counted."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.coverage.dot_grid import share_sums
from pagetoll.languages.coverage.lasers import bands, jbig, records, words
from pagetoll.languages.coverage.lasers.images import Reader
from pagetoll.languages.coverage.pdf_pages import UNSEEN, Seen
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_READERS: dict[str, Reader] = {
    "zjstream": records.zjstream,
    "slx": records.zjstream,
    "xqx": records.xqx,
    "oak": bands.oak,
    "qpdl": bands.qpdl,
    "hiperc": bands.hiperc,
    "lava": words.lava,
    "hbpl": words.hbpl,
    "ddst": words.ddst,
    "opl": words.opl,
}
LANGUAGES = frozenset(_READERS if jbig.is_available() else ["hiperc", "qpdl"])
"""These two have pages without JBIG."""


def pages(data: "Buffer", start: int, parsed: Parsed, context: Context) -> Iterator[Seen]:
    """The pages of `data[start:parsed.end]`, in order; fewer where the time is over."""
    runs = chain.from_iterable(repeat(run, run.length) for run in parsed.runs)
    found = _READERS[parsed.language](bytes(data[start : parsed.end]), context.guard)
    for run, page in zip(runs, found, strict=False):
        paper = context.outer_media_points if run.media_points == ANY_SIZE else run.media_points
        if not page.dots_per_inch[0]:
            page.dots_per_inch = (context.outer_resolution_dpi,) * 2
        shares = page.shares(paper, context.guard)
        if shares is None or run.color is ColorClass.UNKNOWN:
            yield UNSEEN
        else:
            colored = run.color is ColorClass.COLOR
            yield Seen(colored, replace(share_sums(shares), colored=colored))
        if context.guard.expired():
            return
