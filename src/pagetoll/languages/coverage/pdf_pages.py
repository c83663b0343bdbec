# SPDX-License-Identifier: Apache-2.0
"""The pixels of PDF pages, drawn by PDFium at a low resolution.

PDFium draws antialiased, so a low resolution shows the right amount of ink; but on a picture with colors it makes
text heavier (it averages three thirds of a pixel by a curve made for screens), 4 to 7 % at 72 dpi. On a grey
picture it does not. So:

0. Most pages of text need no look: their objects say that they are grey (pdf_objects.py). They are drawn with more
   dots along the lines of letters than across them: as exact as square dots, and a third fewer.
   Pages of pictures alone are drawn once, too, unless they have color.
1. A small picture (24 dpi) says whether the page is colored. Thin lines do not fade there: PDFium draws none
   thinner than a pixel. Between "surely grey" and "surely colored" a larger one decides.
2. A grey page is measured on a grey picture, which also costs half.
3. A colored page is measured on a colored picture. Where it has text, its ink is brought to the lightness it has
   on a grey one, and only the rows that are colored are drawn with color.
4. Where the small picture shows much more ink than the other, lines thinner than a pixel must be the reason, and
   the page is drawn finer. (Text alone has up to 1.17 times the ink there, thin lines up to three times.)
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy

from pagetoll.languages.coverage import pdf_objects
from pagetoll.languages.coverage.canvas import Canvas, area_points2, part_of, size_of
from pagetoll.languages.coverage.pdf_lightness import LIGHTNESS_SHARES, lightened_sums
from pagetoll.languages.coverage.pdf_objects import POINTS_PER_INCH, SURELY_GREY, GreyPage
from pagetoll.languages.coverage.pdf_thin import thin_part
from pagetoll.languages.coverage.spaces import (
    FULL,
    Pixels,
    PixelSums,
    Places,
    colored_sums,
    distances,
    drawn_sums,
    grey_sums,
    inked_places,
    pixels_at,
    white_sums,
)
from pagetoll.languages.limits import Guard
from pagetoll.languages.pixels import TOLERANCE

LOOK_DPI = 24
MIDDLE_DPI = 100
SETTLE_DPI = 150
GOOD_DPI = 200
FINE_DPI = 300
DEFAULT_DPI = 72
_ALONG_LETTERS, _ACROSS_LETTERS = 5 / 3, 5 / 12
"""Letters are drawn with that many times the dots an inch along their line, and across it."""
# (share of the ink by which the small picture differs, dots per inch from then on): pages with text, little, none
FINER = ((0.6, FINE_DPI), (0.35, SETTLE_DPI), (0.22, MIDDLE_DPI))
FINER_FEW_TEXT = ((0.6, FINE_DPI), (0.35, SETTLE_DPI), (0.1, MIDDLE_DPI))
FINER_WITHOUT_TEXT = ((0.02, FINE_DPI),)
_SAMPLED_OBJECTS = 200
_BUSY_OBJECTS = 500
_FEW_TEXT = 0.1
_MOST_LINES = 0.1
"""Part of the ink that may be lines which are not drawn: painted twice, they would be a twentieth too much."""
_MOST_THIN = 0.11
"""Part of the ink that may be thin without a look at it: if all of that were too much, as FINER_FEW_TEXT allows."""
_MARGIN_ROWS = 2
"""Of the small picture, above and below what it shows colored."""
_TOO_HEAVY = 0.05
"""Part of the ink by which thin lines may make a page too heavy without a finer picture."""


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
    dpi = look.resolution_dpi
    grey = pdf_objects.grey_page(page)
    if grey is not None:
        return Seen(False, None if dpi is None else _measured_grey(canvas, page, grey, dpi))
    if dpi is not None:
        if pdf_objects.is_pictures(page):
            return _pictures(canvas, page, dpi)
        if (busy := _busy(canvas, page, dpi)) is not None:
            return busy
    small = _small(canvas, page)
    colored = _is_colored(canvas, page, small.distance)
    return Seen(colored, None if dpi is None else _measured(canvas, page, small, colored, dpi))


def _pictures(canvas: Canvas, page: Any, resolution_dpi: int) -> Seen:
    """A page of pictures alone, as scans are: they have the same ink at any resolution, and unpacking them takes the
    time. So only those that are not quite grey are drawn a second time, for their color."""
    sums, distance = drawn_sums(canvas.draw(page, resolution_dpi))
    if distance > SURELY_GREY and _is_colored(canvas, page, _small(canvas, page).distance):
        return Seen(True, sums)
    return Seen(False, _without_color(sums))


def _busy(canvas: Canvas, page: Any, resolution_dpi: int) -> Seen | None:
    """A page of many drawings, which take the time, not its pixels. So one good picture has to tell everything,
    unless it has thin lines; text, of which there is little, has no say. None for another page."""
    many = pdf_objects.count(page)
    share = _share_of_text(page, many) if many > _BUSY_OBJECTS else 1.0
    if share >= _FEW_TEXT:
        return None
    resolution_dpi = max(resolution_dpi, MIDDLE_DPI)
    picture = canvas.draw(page, resolution_dpi)
    sums, distance = drawn_sums(picture)
    if thin_part(picture) > _MOST_THIN:
        finer_dpi = _finer_dpi(_small(canvas, page).ink, sums, share)
        if finer_dpi > resolution_dpi:
            sums = colored_sums(canvas.draw(page, finer_dpi))
    return Seen(True, sums) if _is_colored(canvas, page, distance) else Seen(False, _without_color(sums))


def _without_color(sums: PixelSums) -> PixelSums:
    light = round(_lightness(sums.red, sums.green, sums.blue))
    return PixelSums(sums.pixels, light, light, light, light)


Part = tuple[float, float]
"""From where to where, in parts of a page's height."""


@dataclass(frozen=True, slots=True)
class _Small:
    """What the small picture shows: the mean ink (0 to 255), the largest distance between channels, and where the
    page has ink and color, with a margin."""

    ink: float
    distance: int
    inked: Part
    colored: Part


def _small(canvas: Canvas, page: Any) -> _Small:
    picture = canvas.draw(page, LOOK_DPI)
    rows, columns = picture.shape[:2]
    places = inked_places(picture)
    inked = pixels_at(picture, places)
    apart = distances(inked)
    return _Small(
        _mean_ink(inked, rows * columns),
        int(apart.max(initial=0)),
        _part_around(places, rows, columns),
        _part_around(places[apart > SURELY_GREY], rows, columns),
    )


def _part_around(places: Places, rows: int, columns: int) -> Part:
    """The part of a picture with these places, which are in order; its top where there are none."""
    if not places.size:
        return 0.0, 0.0
    first, last = int(places[0]) // columns, int(places[-1]) // columns
    return max(0.0, (first - _MARGIN_ROWS) / rows), min(1.0, (last + 1 + _MARGIN_ROWS) / rows)


def _measured_grey(canvas: Canvas, page: Any, grey: GreyPage, resolution_dpi: int) -> PixelSums:
    """The sums of a page that is known to be grey; drawn finer where its lines would get too heavy."""
    sums = _measured_letters(canvas, page, grey, resolution_dpi)
    if sums is not None:
        return sums
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


def _measured_letters(canvas: Canvas, page: Any, grey: GreyPage, resolution_dpi: int) -> PixelSums | None:
    """The sums of a grey page of letters in one direction and of thin lines that matter little; None for another.

    Where letters side by side share a pixel some of their ink is lost. So pixels are narrow along a line of letters,
    and may be long across it. Lines would suffer from that; they are not drawn, and their area is added.
    """
    if grey.letters_across is None or not DEFAULT_DPI <= resolution_dpi < SETTLE_DPI:
        return None
    along_dpi, across_dpi = round(resolution_dpi * _ALONG_LETTERS), round(resolution_dpi * _ACROSS_LETTERS)
    of_lines = grey.thin_points2(across_dpi)
    if of_lines > _MOST_LINES * grey.ink_points2:
        return None
    columns_dpi, rows_dpi = (along_dpi, across_dpi) if grey.letters_across else (across_dpi, along_dpi)
    grey.show_lines(False)
    sums = grey_sums(canvas.draw(page, columns_dpi, rows_dpi, grey=True))
    if not grey.lines:
        return sums
    dots = of_lines * sums.pixels / area_points2(page)
    if dots > _MOST_LINES * (dots + sums.pixels - sums.red / FULL):
        grey.show_lines(True)
        return None
    light = max(0, sums.red - round(FULL * dots))
    return PixelSums(sums.pixels, light, light, light, light)


def _dpi_for_lines(grey: GreyPage, ink_points2: float, least_dpi: int) -> int:
    """The resolution from `least_dpi` on at which the lines of a page with so much ink are right enough."""
    steps = (least_dpi, MIDDLE_DPI, SETTLE_DPI, GOOD_DPI)
    enough = (dpi for dpi in steps if grey.too_heavy_points2(dpi) <= _TOO_HEAVY * ink_points2)
    return max(least_dpi, next(enough, FINE_DPI))


def _is_colored(canvas: Canvas, page: Any, distance: int) -> bool:
    """`distance`: the largest between channels in another picture."""
    if distance <= SURELY_GREY:
        return False
    if distance > TOLERANCE:
        return True
    picture = canvas.draw(page, SETTLE_DPI)
    return int(distances(pixels_at(picture, inked_places(picture))).max(initial=0)) > TOLERANCE


def _measured(canvas: Canvas, page: Any, small: _Small, colored: bool, resolution_dpi: int) -> PixelSums:
    many = pdf_objects.count(page)
    share = _share_of_text(page, many)
    lightness = share > 0
    in_grey = lightness or not colored
    picture, sums = _drawn_part(canvas, page, small.inked, resolution_dpi, in_grey)
    finer_dpi = _finer_dpi(small.ink, sums, share)
    if finer_dpi > resolution_dpi:
        resolution_dpi = finer_dpi
        picture, sums = _drawn_part(canvas, page, small.inked, resolution_dpi, in_grey)
    if not (colored and lightness):
        return sums
    columns, rows = size_of(page, resolution_dpi, resolution_dpi)
    above = part_of(rows, small.inked)[0]
    top, bottom = (row - above for row in part_of(rows, small.colored))
    with_color = lightened_sums(canvas.draw(page, resolution_dpi, part=small.colored), picture[top:bottom])
    return (
        with_color
        + grey_sums(picture[:top])
        + grey_sums(picture[bottom:])
        + white_sums(columns * (rows - len(picture)))
    )


def _drawn_part(canvas: Canvas, page: Any, part: Part, resolution_dpi: int, grey: bool) -> tuple[Pixels, PixelSums]:
    """The picture of a part of the page, and the sums of the page, which is white elsewhere."""
    columns, rows = size_of(page, resolution_dpi, resolution_dpi)
    picture = canvas.draw(page, resolution_dpi, grey=grey, part=part)
    sums = grey_sums(picture) if grey else colored_sums(picture)
    return picture, sums + white_sums(columns * (rows - len(picture)))


def _finer_dpi(small_ink: float, sums: PixelSums, share_of_text: float) -> int:
    """The resolution that the page needs for its thin lines, 0 where it has none that matter."""
    finer = FINER if share_of_text >= _FEW_TEXT else FINER_FEW_TEXT if share_of_text > 0 else FINER_WITHOUT_TEXT
    difference = abs(_growth(small_ink, sums) - 1)
    return next((dpi for limit, dpi in finer if difference > limit), 0)


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
    of_red, of_green, of_blue = LIGHTNESS_SHARES
    return (of_red * red + of_green * green + of_blue * blue) / 100
