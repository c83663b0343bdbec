# SPDX-License-Identifier: Apache-2.0
"""What the objects of a PDF page tell without drawing: that all of them are grey, and how much ink is too thin.

Asking is cheaper than drawing as long as a page has few objects, and most pages of text are such. An answer is given
only for text and paths in dark greys; whatever else there is (pictures, patterns, forms, glyphs that are little
drawings, annotations) has to be looked at.
"""

import ctypes
import math
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from pagetoll.languages.coverage.pdf_calls import MOST_OBJECTS, MOST_SEGMENTS, SAMPLED_TEXTS, Calls, calls, handle_of

SURELY_GREY = 6
"""Distance of channels (of 255) up to which nothing colored can hide. PDFium draws pure black ink as (35, 31, 32),
so it cannot be 0."""
_MOST_PATHS = 64
_MOST_PICTURES = 64
_LEAST_PICTURE_POINTS = 20
_SURELY_NO_PATTERN = 128
"""PDFium gives a pattern or an unknown color as a light grey or white; darker ones are what they say."""
_RECTANGLE_SEGMENTS = 5
_RIGHT_PIXELS, _HEAVIER_PIXELS = 2, 0.09
_INK_OF_LETTERS = 0.2
"""How much of the box around a line of text is ink, about."""
POINTS_PER_INCH = 72
_HAIR_POINTS = POINTS_PER_INCH / 300
"""A line without a width is a dot of the printer wide."""
_STRAIGHT = 0.1
_FULL = 255


@dataclass(frozen=True, slots=True)
class Line:
    """A straight path: `thickness` and `length` in points, `ink` from 0 for white to 1 for black; `handle` is
    PDFium's while the page is open."""

    thickness: float
    length: float
    ink: float
    handle: int


@dataclass(frozen=True, slots=True)
class GreyPage:
    """A page of text and paths that is surely grey. `share_of_text`: how many of its objects are text, 0 to 1;
    `lines`: its paths, None where they are not known as lines; `ink_points2`: about the area of its letters and
    lines, 0 where it has no line; `letters_across`: whether its letters stand side by side across the page as it is
    shown (True) or up and down (False), None where some do and some do not."""

    share_of_text: float
    lines: tuple[Line, ...] | None
    ink_points2: float = 0.0
    letters_across: bool | None = None

    def too_heavy_points2(self, resolution_dpi: float) -> float:
        """How much more than their area PDFium paints for thin lines, because it paints none thinner than a pixel
        and those of one to two pixels a little too heavy; infinite where the lines are not known."""
        if self.lines is None:
            return math.inf
        pixel_points = POINTS_PER_INCH / resolution_dpi
        too_heavy = 0.0
        for line in self.lines:
            painted = max(1.0, line.thickness / pixel_points)
            if painted < _RIGHT_PIXELS:
                pixels = painted - line.thickness / pixel_points + _HEAVIER_PIXELS * (_RIGHT_PIXELS - painted)
                too_heavy += pixels * pixel_points * (line.length + 2 * pixel_points)
        return too_heavy

    def thin_points2(self, resolution_dpi: float) -> float:
        """The ink of its lines where all of them are thinner than two pixels, else infinite."""
        if self.lines is None:
            return math.inf
        thin_points = _RIGHT_PIXELS * POINTS_PER_INCH / resolution_dpi
        if any(line.thickness >= thin_points for line in self.lines):
            return math.inf
        ink = sum(max(line.thickness, _HAIR_POINTS) * line.length * line.ink for line in self.lines)
        return ink if math.isfinite(ink) else math.inf

    def show_lines(self, shown: bool) -> None:
        """Whether the lines are to be drawn from now on, as long as the page is open."""
        switch = calls().functions["FPDFPageObj_SetIsActive"]
        for line in self.lines or ():
            switch(line.handle, shown)


def count(page: Any) -> int:
    """The number of objects of a page of PDFium."""
    return int(calls().functions["FPDFPage_CountObjects"](handle_of(page)))


def is_pictures(page: Any) -> bool:
    """Whether there is nothing on PDFium's page but some pictures, none of them as thin as a line."""
    known = calls()
    call = known.functions
    handle = handle_of(page)
    many = call["FPDFPage_CountObjects"](handle)
    if not 0 < many <= _MOST_PICTURES or call["FPDFPage_GetAnnotCount"](handle):
        return False
    at = known.at[:4]
    for one in map(call["FPDFPage_GetObject"], repeat(handle), range(many)):
        if call["FPDFPageObj_GetType"](one) != known.image or not call["FPDFPageObj_GetBounds"](one, *at):
            return False
        left, low, right, high = known.numbers[:4]
        if min(abs(right - left), abs(high - low)) < _LEAST_PICTURE_POINTS:
            return False
    return True


def grey_page(page: Any) -> GreyPage | None:
    """What is known of the page of PDFium, None where it has to be looked at."""
    known = calls()
    call = known.functions
    handle = handle_of(page)
    many = call["FPDFPage_CountObjects"](handle)
    if not 0 < many <= MOST_OBJECTS or call["FPDFPage_GetAnnotCount"](handle):
        return None
    objects = list(map(call["FPDFPage_GetObject"], repeat(handle), range(many)))
    fonts = list(map(call["FPDFTextObj_GetFont"], objects))
    texts = [one for one, font in zip(objects, fonts, strict=True) if font]
    paths = [one for one, font in zip(objects, fonts, strict=True) if not font]
    if any(kind != known.path for kind in map(call["FPDFPageObj_GetType"], paths)):
        return None
    shades = _grey_shades(known, texts, paths)
    if shades is None or not _have_outlines(known, set(fonts)):
        return None
    lines = _lines(known, paths, shades)
    ink = _inked_points2(known, texts, lines) if lines else 0.0
    return GreyPage(len(texts) / many, lines, ink, _letters_across(known, handle, texts))


def _grey_shades(known: Calls, texts: list[int], paths: list[int]) -> list[int] | None:
    """The lightness (0 to 128) of each text, then of the fillings of the paths, then of their lines; None where one
    of them may not be a dark grey. Texts whose outlines are drawn count as paths, too."""
    filled = [*texts, *paths]
    outlined = any(map(known.functions["FPDFTextObj_GetTextRenderMode"], texts))
    stroked = [*paths, *texts] if outlined else paths
    answered = all(map(known.functions["FPDFPageObj_GetFillColor"], filled, *known.places)) and all(
        map(
            known.functions["FPDFPageObj_GetStrokeColor"],
            stroked,
            *(places[len(filled) :] for places in known.places),
        )
    )
    channels = known.colors[:3, : len(filled) + len(stroked)]
    brightest = channels.max(axis=0)
    if (
        not answered
        or int(brightest.max()) > _SURELY_NO_PATTERN
        or int((brightest - channels.min(axis=0)).max()) > SURELY_GREY
    ):
        return None
    shades: list[int] = brightest[len(texts) :].tolist() if paths else []
    return shades


def _have_outlines(known: Calls, fonts: set[int | None]) -> bool:
    """Whether the fonts are files of outlines; glyphs that are drawings may have colors of their own."""
    data_of = known.functions["FPDFFont_GetFontData"]
    for font in fonts - {None}:
        known.length.value = 0
        if not data_of(font, None, 0, ctypes.addressof(known.length)) or not known.length.value:
            return False
    return True


def _letters_across(known: Calls, page: int, texts: list[int]) -> bool | None:
    """Whether the letters of a sample of the texts stand side by side across the shown page; None where some do."""
    sample = texts[:: len(texts) // SAMPLED_TEXTS + 1]
    if not sample or not all(map(known.functions["FPDFPageObj_GetMatrix"], sample, known.matrix_places)):
        return None
    rows = known.matrices[: len(sample)].tolist()
    turned = known.functions["FPDFPage_GetRotation"](page) % 2 == 1
    if all(abs(down) <= _STRAIGHT * abs(across) for across, down, *_rest in rows):
        return not turned
    return turned if all(abs(across) <= _STRAIGHT * abs(down) for across, down, *_rest in rows) else None


def _lines(known: Calls, paths: list[int], shades: list[int]) -> tuple[Line, ...] | None:
    """The paths as lines, None where one of them is none. `shades`: the lightness of their fillings, then of their
    strokes."""
    if len(paths) > _MOST_PATHS:
        return None
    lines = []
    segments = 0
    for number, path in enumerate(paths):
        many = known.functions["FPDFPath_CountSegments"](path)
        segments += many
        line = _line(known, path, many, shades[number :: len(paths)]) if segments <= MOST_SEGMENTS else None
        if line is None:
            return None
        lines.append(line)
    return tuple(lines)


def _line(known: Calls, path: int, segments: int, shades: list[int]) -> Line | None:
    """A filled rectangle by its sides, a line by its width and length. `shades`: of its filling and its stroke."""
    call, numbers, at = known.functions, known.numbers, known.at
    if not call["FPDFPath_GetDrawMode"](path, *known.mode_places):
        return None
    ink_of_filling, ink_of_stroke = (1 - shade / _FULL for shade in shades)
    if not known.modes[1]:
        if segments > _RECTANGLE_SEGMENTS or not call["FPDFPageObj_GetBounds"](path, *at[:4]):
            return None
        width, height = abs(numbers[2] - numbers[0]), abs(numbers[3] - numbers[1])
        return Line(min(width, height), max(width, height), ink_of_filling, path)
    if not call["FPDFPageObj_GetMatrix"](path, at[0]):
        return None
    a, b, c, d = numbers[:4]
    smallest, largest = sorted((math.hypot(a, b), math.hypot(c, d)))
    if not call["FPDFPageObj_GetStrokeWidth"](path, at[0]):
        return None
    return Line(smallest * numbers[0], largest * _length(known, path, segments), ink_of_stroke, path)


def _length(known: Calls, path: int, segments: int) -> float:
    """The length of a path before its matrix; a curve is not longer than the lines between its points."""
    parts = map(known.functions["FPDFPath_GetPathSegment"], repeat(path), range(segments))
    answered = all(map(known.functions["FPDFPathSegment_GetPoint"], parts, *known.point_places))
    across, up = known.points[:, :segments].tolist()
    points = list(zip(across, up, strict=True))
    return sum(map(math.dist, points, points[1:])) if answered else math.inf


def _inked_points2(known: Calls, texts: list[int], lines: tuple[Line, ...]) -> float:
    """Of many texts a sample is measured."""
    bounds_of, numbers, at = known.functions["FPDFPageObj_GetBounds"], known.numbers, known.at[:4]
    sample = texts[:: len(texts) // SAMPLED_TEXTS + 1]
    boxes = 0.0
    for text in sample:
        if bounds_of(text, *at):
            boxes += abs((numbers[2] - numbers[0]) * (numbers[3] - numbers[1]))
    of_lines = sum(line.thickness * line.length for line in lines)
    return of_lines + _INK_OF_LETTERS * boxes * len(texts) / max(1, len(sample))
