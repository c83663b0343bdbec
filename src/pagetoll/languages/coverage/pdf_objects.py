# SPDX-License-Identifier: Apache-2.0
"""What the objects of a PDF page tell without drawing: that all of them are grey, and how much ink is too thin.

Asking is cheaper than drawing as long as a page has few objects, and most pages of text are such. An answer is given
only for text and paths in dark greys; whatever else there is (pictures, patterns, forms, glyphs that are little
drawings, annotations) has to be looked at.
"""

import ctypes
import math
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import Any

import numpy

MOST_OBJECTS = 256
SURELY_GREY = 6
"""Distance of channels (of 255) up to which nothing colored can hide. PDFium draws pure black ink as (35, 31, 32),
so it cannot be 0."""
_MOST_PATHS = 64
_SURELY_NO_PATTERN = 128
"""PDFium gives a pattern or an unknown color as a light grey or white; darker ones are what they say."""
_MOST_SEGMENTS = 1000
_SAMPLED_TEXTS = 16
_RECTANGLE_SEGMENTS = 5
_RIGHT_PIXELS, _HEAVIER_PIXELS = 2, 0.09
_INK_OF_LETTERS = 0.2
"""How much of the box around a line of text is ink, about."""
POINTS_PER_INCH = 72
_COLOR_CHANNELS = 4

_HANDLE, _NUMBER, _TRUTH = ctypes.c_void_p, ctypes.c_int, ctypes.c_int
# Called for every object of a page, so with the plainest types there are: handles as numbers.
_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "FPDFPage_CountObjects": (_NUMBER, _HANDLE),
    "FPDFPage_GetObject": (_HANDLE, _HANDLE, _NUMBER),
    "FPDFPage_GetAnnotCount": (_NUMBER, _HANDLE),
    "FPDFPageObj_GetType": (_NUMBER, _HANDLE),
    "FPDFPageObj_GetFillColor": (_TRUTH, *(_HANDLE,) * 5),
    "FPDFPageObj_GetStrokeColor": (_TRUTH, *(_HANDLE,) * 5),
    "FPDFPageObj_GetBounds": (_TRUTH, *(_HANDLE,) * 5),
    "FPDFPageObj_GetMatrix": (_TRUTH, _HANDLE, _HANDLE),
    "FPDFPageObj_GetStrokeWidth": (_TRUTH, _HANDLE, _HANDLE),
    "FPDFPath_GetDrawMode": (_TRUTH, _HANDLE, _HANDLE, _HANDLE),
    "FPDFPath_CountSegments": (_NUMBER, _HANDLE),
    "FPDFPath_GetPathSegment": (_HANDLE, _HANDLE, _NUMBER),
    "FPDFPathSegment_GetPoint": (_TRUTH, *(_HANDLE,) * 3),
    "FPDFTextObj_GetFont": (_HANDLE, _HANDLE),
    "FPDFFont_GetFontData": (_TRUTH, _HANDLE, _HANDLE, ctypes.c_size_t, _HANDLE),
}


@dataclass(frozen=True, slots=True)
class GreyPage:
    """A page of text and paths that is surely grey. `share_of_text`: how many of its objects are text, 0 to 1;
    `lines`: thickness and length (in points) of the paths, None where they are not known; `ink_points2`: about the
    area of its letters and lines, 0 where it has no line."""

    share_of_text: float
    lines: tuple[tuple[float, float], ...] | None
    ink_points2: float = 0.0

    def too_heavy_points2(self, resolution_dpi: float) -> float:
        """How much more than their area PDFium paints for thin lines, because it paints none thinner than a pixel
        and those of one to two pixels a little too heavy; infinite where the lines are not known."""
        if self.lines is None:
            return math.inf
        pixel_points = POINTS_PER_INCH / resolution_dpi
        too_heavy = 0.0
        for thickness, length in self.lines:
            painted = max(1.0, thickness / pixel_points)
            if painted < _RIGHT_PIXELS:
                pixels = painted - thickness / pixel_points + _HEAVIER_PIXELS * (_RIGHT_PIXELS - painted)
                too_heavy += pixels * pixel_points * (length + 2 * pixel_points)
        return too_heavy


class _Objects:
    """PDFium's functions, and room for their answers."""

    def __init__(self) -> None:
        import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
        import pypdfium2_raw.bindings as bindings  # type: ignore[import-untyped]

        library = bindings._libs["pdfium"]  # there is no public way to another prototype
        self.text, self.path = int(pdfium.FPDF_PAGEOBJ_TEXT), int(pdfium.FPDF_PAGEOBJ_PATH)
        self.functions: dict[str, Any] = {}
        for name, (result, *arguments) in _PROTOTYPES.items():
            function = library[name]  # a new one each time, so the types of others stay
            function.restype, function.argtypes = result, arguments
            self.functions[name] = function
        self.colors = numpy.zeros((2 * MOST_OBJECTS, _COLOR_CHANNELS), numpy.uint32)
        places = numpy.arange(self.colors.size).reshape(self.colors.shape) * 4 + self.colors.ctypes.data
        self.places = [places[:, channel].tolist() for channel in range(_COLOR_CHANNELS)]
        self.numbers = (ctypes.c_float * 6)()
        self.at = [ctypes.addressof(self.numbers) + 4 * number for number in range(6)]
        self.points = numpy.zeros((_MOST_SEGMENTS, 2), numpy.float32)
        places = numpy.arange(self.points.size).reshape(self.points.shape) * 4 + self.points.ctypes.data
        self.point_places = [places[:, side].tolist() for side in range(2)]
        self.length = ctypes.c_size_t()


@cache
def _objects() -> _Objects:
    return _Objects()


def count(page: Any) -> int:
    """The number of objects of a page of PDFium."""
    return int(_objects().functions["FPDFPage_CountObjects"](page))


def grey_page(page: Any) -> GreyPage | None:
    """What is known of the page of PDFium, None where it has to be looked at."""
    known = _objects()
    call = known.functions
    many = call["FPDFPage_CountObjects"](page)
    if not 0 < many <= MOST_OBJECTS or call["FPDFPage_GetAnnotCount"](page):
        return None
    objects = list(map(call["FPDFPage_GetObject"], repeat(page), range(many)))
    kinds = list(map(call["FPDFPageObj_GetType"], objects))
    texts = [one for one, kind in zip(objects, kinds, strict=True) if kind == known.text]
    paths = [one for one, kind in zip(objects, kinds, strict=True) if kind == known.path]
    if len(texts) + len(paths) != many or not _are_grey(known, objects) or not _have_outlines(known, texts):
        return None
    lines = _lines(known, paths)
    ink = _inked_points2(known, texts, lines) if lines else 0.0
    return GreyPage(len(texts) / many, lines, ink)


def _are_grey(known: _Objects, objects: list[int]) -> bool:
    """Whether the colors of lines and fillings of all objects are dark greys."""
    many = len(objects)
    answered = all(map(known.functions["FPDFPageObj_GetFillColor"], objects, *known.places)) and all(
        map(known.functions["FPDFPageObj_GetStrokeColor"], objects, *(places[many:] for places in known.places))
    )
    colors = known.colors[: 2 * many, :3]
    brightest = colors.max(axis=1)
    return bool(
        answered
        and int(brightest.max()) <= _SURELY_NO_PATTERN
        and int((brightest - colors.min(axis=1)).max()) <= SURELY_GREY
    )


def _have_outlines(known: _Objects, texts: list[int]) -> bool:
    """Whether the fonts of the texts are files of outlines; glyphs that are drawings may have colors of their own."""
    data_of = known.functions["FPDFFont_GetFontData"]
    for font in set(map(known.functions["FPDFTextObj_GetFont"], texts)):
        known.length.value = 0
        if not font or not data_of(font, None, 0, ctypes.addressof(known.length)) or not known.length.value:
            return False
    return True


def _lines(known: _Objects, paths: list[int]) -> tuple[tuple[float, float], ...] | None:
    """Thickness and length of each path, None where one of them cannot be said so."""
    if len(paths) > _MOST_PATHS:
        return None
    lines = []
    segments = 0
    for path in paths:
        many = known.functions["FPDFPath_CountSegments"](path)
        segments += many
        line = _line(known, path, many) if segments <= _MOST_SEGMENTS else None
        if line is None:
            return None
        lines.append(line)
    return tuple(lines)


def _line(known: _Objects, path: int, segments: int) -> tuple[float, float] | None:
    """A filled rectangle by its sides, a line by its width and length."""
    call, numbers, at = known.functions, known.numbers, known.at
    filled, stroked = ctypes.c_int(), ctypes.c_int()
    if not call["FPDFPath_GetDrawMode"](path, ctypes.addressof(filled), ctypes.addressof(stroked)):
        return None
    if not stroked.value:
        if segments > _RECTANGLE_SEGMENTS or not call["FPDFPageObj_GetBounds"](path, *at[:4]):
            return None
        width, height = abs(numbers[2] - numbers[0]), abs(numbers[3] - numbers[1])
        return min(width, height), max(width, height)
    if not call["FPDFPageObj_GetMatrix"](path, at[0]):
        return None
    a, b, c, d = numbers[:4]
    smallest, largest = sorted((math.hypot(a, b), math.hypot(c, d)))
    if not call["FPDFPageObj_GetStrokeWidth"](path, at[0]):
        return None
    return smallest * numbers[0], largest * _length(known, path, segments)


def _length(known: _Objects, path: int, segments: int) -> float:
    """The length of a path before its matrix; a curve is not longer than the lines between its points."""
    parts = map(known.functions["FPDFPath_GetPathSegment"], repeat(path), range(segments))
    points = known.points[:segments]
    answered = all(map(known.functions["FPDFPathSegment_GetPoint"], parts, *known.point_places))
    steps = numpy.diff(points, axis=0)
    return float(numpy.hypot(steps[:, 0], steps[:, 1]).sum()) if answered else math.inf


def _inked_points2(known: _Objects, texts: list[int], lines: tuple[tuple[float, float], ...]) -> float:
    """Of many texts a sample is measured."""
    bounds_of, numbers, at = known.functions["FPDFPageObj_GetBounds"], known.numbers, known.at[:4]
    sample = texts[:: len(texts) // _SAMPLED_TEXTS + 1]
    boxes = 0.0
    for text in sample:
        if bounds_of(text, *at):
            boxes += abs((numbers[2] - numbers[0]) * (numbers[3] - numbers[1]))
    of_lines = sum(thickness * length for thickness, length in lines)
    return of_lines + _INK_OF_LETTERS * boxes * len(texts) / max(1, len(sample))
