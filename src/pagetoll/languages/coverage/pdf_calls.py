# SPDX-License-Identifier: Apache-2.0
"""PDFium's questions about the objects of a page, asked as cheaply as Python can, and room for their answers.

They are asked for every object of a page. So handles and addresses are plain numbers, and the interpreter's lock is
kept, as an answer takes less time than letting it go.
"""

import ctypes
from functools import cache
from typing import Any

import numpy

MOST_OBJECTS = 256
MOST_SEGMENTS = 1000
SAMPLED_TEXTS = 16
_CHANNELS = 4
_MATRIX = 6

_HANDLE, _NUMBER, _TRUTH = ctypes.c_void_p, ctypes.c_int, ctypes.c_int
_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "FPDFPage_CountObjects": (_NUMBER, _HANDLE),
    "FPDFPage_GetObject": (_HANDLE, _HANDLE, _NUMBER),
    "FPDFPage_GetAnnotCount": (_NUMBER, _HANDLE),
    "FPDFPage_GetRotation": (_NUMBER, _HANDLE),
    "FPDFPageObj_GetType": (_NUMBER, _HANDLE),
    "FPDFPageObj_SetIsActive": (_TRUTH, _HANDLE, _TRUTH),
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
    "FPDFTextObj_GetTextRenderMode": (_NUMBER, _HANDLE),
    "FPDFFont_GetFontData": (_TRUTH, _HANDLE, _HANDLE, ctypes.c_size_t, _HANDLE),
}


class Calls:
    """PDFium's functions by name, and room for their answers with its addresses.

    `colors`: channels x objects, `places` their addresses by channel; `numbers` and `at`: one answer of up to six
    floats; `modes`: whether a path is filled, and stroked; `matrices`: one row for each text asked; `points`: across
    and up.
    """

    def __init__(self) -> None:
        import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
        import pypdfium2_raw.bindings as bindings  # type: ignore[import-untyped]

        library = bindings._libs["pdfium"]  # there is no public way to another prototype
        self.path, self.image = int(pdfium.FPDF_PAGEOBJ_PATH), int(pdfium.FPDF_PAGEOBJ_IMAGE)
        self.functions: dict[str, Any] = {
            name: ctypes.PYFUNCTYPE(*prototype)((name, library)) for name, prototype in _PROTOTYPES.items()
        }
        self.colors = numpy.zeros((_CHANNELS, 2 * MOST_OBJECTS), numpy.uint32)
        self.places = _addresses(self.colors)
        self.numbers = (ctypes.c_float * _MATRIX)()
        self.at = [ctypes.addressof(self.numbers) + 4 * number for number in range(_MATRIX)]
        self.modes = (ctypes.c_int * 2)()
        self.mode_places = [ctypes.addressof(self.modes) + 4 * number for number in range(2)]
        self.matrices = numpy.zeros((SAMPLED_TEXTS, _MATRIX), numpy.float32)
        self.matrix_places = [row[0] for row in _addresses(self.matrices)]
        self.points = numpy.zeros((2, MOST_SEGMENTS), numpy.float32)
        self.point_places = _addresses(self.points)
        self.length = ctypes.c_size_t()


def _addresses(room: "numpy.ndarray[Any, Any]") -> list[list[int]]:
    """Where each of (rows, columns) of 32 bits is."""
    places = numpy.arange(room.size).reshape(room.shape) * room.itemsize + room.ctypes.data
    found: list[list[int]] = places.tolist()
    return found


@cache
def calls() -> Calls:
    """The one that is used again and again; PDFium itself answers one thread at a time only."""
    return Calls()


def handle_of(page: Any) -> int:
    """The plain number of PDFium's page."""
    return ctypes.addressof(page.contents)
