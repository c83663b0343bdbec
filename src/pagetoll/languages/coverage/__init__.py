# SPDX-License-Identifier: Apache-2.0
"""How much ink pages take: coverage per channel and page, and the color class by pixel.

    from pagetoll.languages.coverage import coverage

    for page in coverage(Path("report.pdf").read_bytes(), "cmyk"):
        print(page)                 # PageCoverage(space='cmyk', millionths=(0, 0, 0, 48211)): 4.8211 % black

Needs numpy. PDF is drawn by PDFium, PostScript by the caller's renderer, raster languages hold their pixels.
"""

from typing import TYPE_CHECKING

from pagetoll.core.usage import SPACES, PageCoverage
from pagetoll.languages.counter import count
from pagetoll.languages.coverage.inspector import DEFAULT_RESOLUTION_DPI, Inspector
from pagetoll.languages.limits import Limits, PixelRenderer, Renderer

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

__all__ = ["DEFAULT_RESOLUTION_DPI", "SPACES", "Inspector", "PageCoverage", "coverage"]


def coverage(
    data: "Buffer",
    space: str,
    resolution_dpi: int = DEFAULT_RESOLUTION_DPI,
    *,
    limits: Limits | None = None,
    render_postscript: Renderer | None = None,
    render_pixels: PixelRenderer | None = None,
) -> list[PageCoverage | None]:
    """The coverage of each page of `data` in `space` (cmyk, cmy, rgb, bw, gc), None where it cannot be seen.

    Raises ValueError for an unknown space or a resolution out of range, and the kinds of DocumentError of `count`.
    """
    inspector = Inspector(space, resolution_dpi, render_pixels)
    usage = count(data, limits=limits, render_postscript=render_postscript, inspect_pages=inspector)
    return list(usage.coverage) or [None] * usage.input_pages
