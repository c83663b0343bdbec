# SPDX-License-Identifier: Apache-2.0
"""Where PDFium draws: memory of ours, used again for each page, because fresh memory costs as much as drawing."""

import math
from typing import Any

import numpy

from pagetoll.languages.coverage.spaces import FULL, Pixels

MOST_PIXELS = 24_000_000
_POINTS_PER_INCH = 72


class Canvas:
    """Room for one grey and one colored picture at a time; drawing the next of its kind overwrites it."""

    def __init__(self) -> None:
        self._room = {True: numpy.empty(0, numpy.uint8), False: numpy.empty(0, numpy.uint8)}

    def draw(
        self,
        page: Any,
        resolution_dpi: int,
        down_dpi: int = 0,
        *,
        grey: bool = False,
        part: tuple[float, float] = (0.0, 1.0),
    ) -> Pixels:
        """The page of PDFium as (rows, columns) of grey or (rows, columns, 4) of red, green, blue and nothing; drawn
        smaller where it is huge. `down_dpi`: the rows of an inch where they are not as many as its columns; `part`:
        only the rows from there to there, in parts of its height, are drawn and returned. Raises ValueError for a
        page that cannot be drawn."""
        import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

        columns, rows = size_of(page, resolution_dpi, down_dpi or resolution_dpi)
        top, bottom = part_of(rows, part)
        octets_per_row = -(-columns // 4) * 4 if grey else 4 * columns
        pixels = self._white(grey, (bottom - top) * octets_per_row)
        form = pdfium.FPDFBitmap_Gray if grey else pdfium.FPDFBitmap_BGRx
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_PRINTING
        flags |= pdfium.FPDF_GRAYSCALE if grey else pdfium.FPDF_REVERSE_BYTE_ORDER
        bitmap = pdfium.FPDFBitmap_CreateEx(columns, bottom - top, form, pixels.ctypes.data, octets_per_row)
        if not bitmap:
            raise ValueError("a page of this size cannot be drawn")
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, -top, columns, rows, 0, flags)
        pdfium.FPDFBitmap_Destroy(bitmap)
        drawn = pixels.reshape(bottom - top, octets_per_row)
        return drawn[:, :columns] if grey else drawn.reshape(bottom - top, columns, 4)

    def _white(self, grey: bool, octets: int) -> Pixels:
        if self._room[grey].size < octets:
            self._room[grey] = numpy.empty(octets, numpy.uint8)
        pixels = self._room[grey][:octets]
        pixels.fill(FULL)
        return pixels


def part_of(rows: int, part: tuple[float, float]) -> tuple[int, int]:
    """The first row of a part and the one behind it; at least one."""
    top = min(rows - 1, int(part[0] * rows))
    return top, max(top + 1, math.ceil(part[1] * rows))


def area_points2(page: Any) -> float:
    """The area of PDFium's page as it is drawn."""
    import pypdfium2.raw as pdfium

    return float(pdfium.FPDF_GetPageWidthF(page)) * float(pdfium.FPDF_GetPageHeightF(page))


def size_of(page: Any, across_dpi: int, down_dpi: int) -> tuple[int, int]:
    """Columns and rows of the picture of PDFium's page. Raises ValueError for a page that cannot be drawn."""
    import pypdfium2.raw as pdfium

    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    width, height = width * across_dpi / _POINTS_PER_INCH, height * down_dpi / _POINTS_PER_INCH
    scale = min(1.0, (MOST_PIXELS / max(1.0, width * height)) ** 0.5)
    columns, rows = math.ceil(width * scale), math.ceil(height * scale)
    if columns < 1 or rows < 1 or columns * rows > 2 * MOST_PIXELS:
        raise ValueError("a page of such sides cannot be drawn")
    return columns, rows
