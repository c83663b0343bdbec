# SPDX-License-Identifier: Apache-2.0
"""The pixels of PDF pages, drawn by PDFium at a low resolution.

PDFium draws antialiased, so a low resolution shows the right amount of ink; but on a picture with colors it makes
text heavier (it averages three thirds of a pixel by a curve made for screens), 4 to 7 % at 72 dpi. On a grey
picture it does not. So:

0. Most pages of text need no look: their objects say that they are grey (pdf_objects.py).
1. A small picture (24 dpi) says whether the page is colored. Thin lines do not fade there: PDFium draws none
   thinner than a pixel. Between "surely grey" and "surely colored" a larger one decides.
2. A grey page is measured on a grey picture, which also costs half.
3. A colored page is measured on a colored picture. Where it has text, its ink is brought to the lightness it has
   on a grey one.
4. Where the small picture shows much more ink than the other, lines thinner than a pixel must be the reason, and
   the page is drawn finer. (Text alone has up to 1.17 times the ink there, thin lines up to three times.)
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy

from pagetoll.languages.coverage import pdf_objects
from pagetoll.languages.coverage.canvas import Canvas
from pagetoll.languages.coverage.pdf_objects import POINTS_PER_INCH, SURELY_GREY, GreyPage
from pagetoll.languages.coverage.spaces import (
    BAND_PIXELS,
    FULL,
    UNUSED,
    WHITE,
    Pixels,
    PixelSums,
    colored_sums,
    grey_sums,
    inked_pixels,
    largest_distance,
)
from pagetoll.languages.limits import Guard
from pagetoll.languages.pixels import TOLERANCE

LOOK_DPI = 24
MIDDLE_DPI = 100
SETTLE_DPI = 150
GOOD_DPI = 200
FINE_DPI = 300
# (share of the ink by which the small picture differs, dots per inch from then on): pages with text, little, none
FINER = ((0.6, FINE_DPI), (0.35, SETTLE_DPI), (0.22, MIDDLE_DPI))
FINER_FEW_TEXT = ((0.6, FINE_DPI), (0.35, SETTLE_DPI), (0.1, MIDDLE_DPI))
FINER_WITHOUT_TEXT = ((0.02, FINE_DPI),)
_SAMPLED_OBJECTS = 200
_BUSY_OBJECTS = 500
_FEW_TEXT = 0.1
_TOO_HEAVY = 0.05
"""Part of the ink by which thin lines may make a page too heavy without a finer picture."""
_HEAVIER = 2
"""Difference of lightness from which on a pixel is corrected."""
_TILE_PIXELS = 12
_SHARES = (30, 59, 11)
"""PDFium's own lightness, in hundredths of red, green, blue."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is wanted of each page: its color always, its sums where `resolution_dpi` is not None."""

    resolution_dpi: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One page: whether it is colored, and its sums where they were wanted. None where it cannot be drawn."""

    colored: bool | None
    sums: PixelSums | None = None


UNSEEN = Seen(None)


def pages(octets: bytes, input_pages: int, look: Look, guard: Guard) -> Iterator[Seen]:
    """The `input_pages` pages of a PDF, in order; stops early when its time is over or PDFium finds other pages."""
    import pypdfium2  # type: ignore[import-untyped]

    canvas = Canvas()
    for repaired in (False, True):
        try:
            document = pypdfium2.PdfDocument(_clean_copy(octets) if repaired else octets)
        except (pypdfium2.PdfiumError, ValueError, OSError):
            continue
        try:
            if len(document) != input_pages:
                continue
            for number in range(input_pages):
                if guard.expired():
                    return
                yield _see(document, canvas, number, look)
            return
        finally:
            document.close()


def _clean_copy(octets: bytes) -> bytes:
    """The pages below a tree with right numbers, which PDFium believes. Raises ValueError where there are none."""
    import pikepdf

    target = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(octets), suppress_warnings=True) as pdf, pikepdf.new() as clean:
            clean.pages.extend(pdf.pages)
            clean.save(target)
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, KeyError, RecursionError, OverflowError) as error:
        raise ValueError("the PDF's pages cannot be copied") from error
    return target.getvalue()


def _see(document: Any, canvas: Canvas, number: int, look: Look) -> Seen:
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    page = pdfium.FPDF_LoadPage(document.raw, number)  # without the library's objects, which cost half as much again
    if not page:
        return UNSEEN
    try:
        return _looked_at(page, canvas, look)
    except (ValueError, OverflowError, MemoryError):
        return UNSEEN
    finally:
        pdfium.FPDF_ClosePage(page)


def _looked_at(page: Any, canvas: Canvas, look: Look) -> Seen:
    grey = pdf_objects.grey_page(page)
    if grey is not None:
        return Seen(
            False, None if look.resolution_dpi is None else _measured_grey(canvas, page, grey, look.resolution_dpi)
        )
    small = canvas.draw(page, LOOK_DPI)
    inked = inked_pixels(small)
    colored = _is_colored(canvas, page, inked)
    if look.resolution_dpi is None:
        return Seen(colored)
    return Seen(colored, _measured(canvas, page, _mean_ink(inked, small.size // 4), colored, look.resolution_dpi))


def _measured_grey(canvas: Canvas, page: Any, grey: GreyPage, resolution_dpi: int) -> PixelSums:
    """The sums of a page that is known to be grey; drawn finer where its lines would get too heavy."""
    if grey.lines is not None:
        drawn_dpi = _dpi_for_lines(grey, grey.ink_points2, resolution_dpi)
        sums = grey_sums(canvas.draw(page, drawn_dpi, grey=True))
        ink_points2 = (sums.pixels - sums.red / FULL) * (POINTS_PER_INCH / drawn_dpi) ** 2
        finer_dpi = _dpi_for_lines(grey, ink_points2, drawn_dpi)
    else:
        drawn_dpi = resolution_dpi
        sums = grey_sums(canvas.draw(page, drawn_dpi, grey=True))
        small = grey_sums(canvas.draw(page, LOOK_DPI, grey=True))
        finer_dpi = _finer_dpi(FULL - small.red / small.pixels, sums, grey.share_of_text)
    return grey_sums(canvas.draw(page, finer_dpi, grey=True)) if finer_dpi > drawn_dpi else sums


def _dpi_for_lines(grey: GreyPage, ink_points2: float, least_dpi: int) -> int:
    """The resolution from `least_dpi` on at which the lines of a page with so much ink are right enough."""
    steps = (least_dpi, MIDDLE_DPI, SETTLE_DPI, GOOD_DPI)
    enough = (dpi for dpi in steps if grey.too_heavy_points2(dpi) <= _TOO_HEAVY * ink_points2)
    return max(least_dpi, next(enough, FINE_DPI))


def _is_colored(canvas: Canvas, page: Any, inked: Pixels) -> bool:
    """`inked`: the pixels of the small picture that are not white."""
    distance = largest_distance(inked)
    if distance <= SURELY_GREY:
        return False
    if distance > TOLERANCE:
        return True
    return largest_distance(inked_pixels(canvas.draw(page, SETTLE_DPI))) > TOLERANCE


def _measured(canvas: Canvas, page: Any, small_ink: float, colored: bool, resolution_dpi: int) -> PixelSums:
    """`small_ink`: what the small picture shows, 0 to 255."""
    many = pdf_objects.count(page)
    share = _share_of_text(page, many)
    lightness = share > 0
    if many > _BUSY_OBJECTS and share < _FEW_TEXT:
        # Its objects take the time, not its pixels: one good picture is cheaper than two, and text has little say.
        resolution_dpi, lightness = max(resolution_dpi, MIDDLE_DPI), False
    picture = canvas.draw(page, resolution_dpi, grey=lightness or not colored)
    sums = _sums(picture)
    finer_dpi = _finer_dpi(small_ink, sums, share)
    if finer_dpi > resolution_dpi:
        resolution_dpi = finer_dpi
        picture = canvas.draw(page, resolution_dpi, grey=lightness or not colored)
        sums = _sums(picture)
    return _colored_sums(canvas.draw(page, resolution_dpi), picture) if colored and lightness else sums


def _finer_dpi(small_ink: float, sums: PixelSums, share_of_text: float) -> int:
    """The resolution that the page needs for its thin lines, 0 where it has none that matter."""
    finer = FINER if share_of_text >= _FEW_TEXT else FINER_FEW_TEXT if share_of_text > 0 else FINER_WITHOUT_TEXT
    difference = abs(_growth(small_ink, sums) - 1)
    return next((dpi for limit, dpi in finer if difference > limit), 0)


def _sums(picture: Pixels) -> PixelSums:
    return grey_sums(picture) if picture.ndim == 2 else colored_sums(picture)


def _share_of_text(page: Any, many: int) -> float:
    """How many of the page's `many` things are no plain picture, path or shading, at least; of many things a sample
    is looked at, and the answer is never 0 then."""
    import pypdfium2.raw as pdfium

    textless = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING)
    sample = range(0, many, many // _SAMPLED_OBJECTS + 1)
    texts = int(len(sample) < many)
    for number in sample:
        texts += pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(page, number)) not in textless
        if texts >= _FEW_TEXT * len(sample):
            break
    return texts / max(1, len(sample))


def _mean_ink(inked: Pixels, pixels: int) -> float:
    """The mean of 255 - lightness over a picture whose pixels that are not white are given."""
    red, green, blue = (float(inked[:, channel].sum(dtype=numpy.uint64)) for channel in range(3))
    return (FULL * len(inked) - _lightness(red, green, blue)) / max(1, pixels)


def _growth(small_ink: float, sums: PixelSums) -> float:
    """How many times the ink of `sums` the small picture shows; much where lines are thinner than a pixel."""
    ink = FULL - _lightness(sums.red, sums.green, sums.blue) / max(1, sums.pixels)
    return small_ink / ink if ink else 1.0


def _lightness(red: float, green: float, blue: float) -> float:
    of_red, of_green, of_blue = _SHARES
    return (of_red * red + of_green * green + of_blue * blue) / 100


def _colored_sums(pixels: Pixels, grey: Pixels) -> PixelSums:
    """The sums of a colored picture with the lightness of a grey one; colored by definition.

    Where a tile of it differs from `grey` in lightness, the ink of the pixels that differ is scaled to that. By
    tiles, because one picture has the edge of a letter where the other has white, whose color says nothing.
    """
    columns = grey.shape[1]
    words = pixels.view(numpy.uint32).reshape(-1)
    lights = numpy.ascontiguousarray(grey).reshape(-1)
    inked = numpy.flatnonzero((words | UNUSED != WHITE) | (lights != FULL))
    light = FULL * (words.size - inked.size)
    total = PixelSums(words.size - inked.size, light, light, light, light, colored=True)
    for first in range(0, inked.size, BAND_PIXELS):
        places = inked[first : first + BAND_PIXELS]
        total += _lightened(words[places].view(numpy.uint8).reshape(-1, 4), lights[places], places, columns)
    return total


def _lightened(band: Pixels, grey: Pixels, places: Any, columns: int) -> PixelSums:
    """The sums of the pixels `band` (number, 4) at `places`, brought to the lightness `grey`."""
    planes = [numpy.ascontiguousarray(band[:, channel]) for channel in range(3)]
    brightest = numpy.maximum(numpy.maximum(planes[0], planes[1]), planes[2])
    lightness = numpy.zeros(len(band), numpy.uint16)
    for plane, share in zip(planes, _SHARES, strict=True):
        lightness += plane * numpy.uint16(share)
    lightness //= 100
    totals = [int(plane.sum(dtype=numpy.uint64)) for plane in (*planes, brightest)]
    differing = numpy.flatnonzero(abs(grey.astype(numpy.int16) - lightness.astype(numpy.int16)) > _HEAVIER)
    if differing.size:
        at = places[differing].astype(numpy.int32)  # divided by one number: numpy is quick with that, not with divmod
        rows = at // columns
        across = at - rows * columns
        tile = rows // _TILE_PIXELS * (columns // _TILE_PIXELS + 1) + across // _TILE_PIXELS
        tile -= tile.min()
        drawn = numpy.bincount(tile, FULL - lightness[differing].astype(numpy.float32))
        wanted = numpy.bincount(tile, FULL - grey[differing].astype(numpy.float32))
        too_much = (1 - wanted / numpy.maximum(drawn, 1))[tile]
        for number, plane in enumerate((*planes, brightest)):
            ink = FULL - plane[differing].astype(numpy.float32)
            totals[number] += round(float((ink * too_much).sum(dtype=numpy.float64)))
    red, green, blue, most = totals
    return PixelSums(len(band), red, green, blue, most, colored=True)
