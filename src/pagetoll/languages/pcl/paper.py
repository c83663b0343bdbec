# SPDX-License-Identifier: Apache-2.0
"""Paper sizes of PCL (`ESC &l#A`), in points, and where text ends on them."""

from dataclasses import dataclass

from pagetoll.languages.parsed import ANY_SIZE

_MM = 72 / 25.4

SIZES: dict[int, tuple[float, float]] = {
    1: (522, 756),
    2: (612, 792),
    3: (612, 1008),
    6: (792, 1224),
    15: (396, 612),
    24: (105 * _MM, 148 * _MM),
    25: (148 * _MM, 210 * _MM),
    26: (595, 842),
    27: (842, 1191),
    28: (1191, 1684),
    29: (1684, 2384),
    30: (2384, 3370),
    44: (128 * _MM, 182 * _MM),
    45: (182 * _MM, 257 * _MM),
    46: (257 * _MM, 364 * _MM),
    71: (100 * _MM, 148 * _MM),
    72: (148 * _MM, 200 * _MM),
    80: (279, 540),
    81: (297, 684),
    90: (110 * _MM, 220 * _MM),
    91: (162 * _MM, 229 * _MM),
    100: (176 * _MM, 250 * _MM),
}
"""Number -> width and height upright. 101 and whatever is missing: not known from the data."""

_INCH = 720
_LETTER = (612.0, 792.0)


@dataclass(slots=True)
class TextArea:
    """Where lines of text go, in 1/720 inch from the top of the text. `stated`: the job itself set the length."""

    size: tuple[float, float] = ANY_SIZE
    landscape: bool = False
    line: float = _INCH / 6
    top: float = _INCH / 2
    page: float = 0
    text: float = 0
    skip_perforation: bool = True
    stated: bool = False

    def __post_init__(self) -> None:
        self.set_size(self.size)

    def set_size(self, size: tuple[float, float]) -> None:
        self.size = size
        width, height = size if size != ANY_SIZE else _LETTER
        self._set_page((width if self.landscape else height) * 10)
        self.stated = size != ANY_SIZE

    def turn(self, *, landscape: bool) -> None:
        self.landscape = landscape
        self.set_size(self.size)

    def set_page_lines(self, lines: int) -> None:
        if lines > 0:
            self._set_page(lines * self.line)
            self.stated = True

    def set_top_lines(self, lines: int) -> None:
        if 0 <= lines * self.line < self.page:
            self.top = lines * self.line
            self.text = max(self.line, self.page - self.top - _INCH / 2)

    def set_text_lines(self, lines: int) -> None:
        if lines > 0:
            self.text = lines * self.line
            self.stated = True

    def set_line(self, height: float) -> None:
        if height > 0:
            self.line = height

    def set_perforation(self, *, skip: bool) -> None:
        self.skip_perforation = skip

    @property
    def limit(self) -> float:
        """A line that would end below this goes to the next page."""
        return self.text if self.skip_perforation else self.page - self.top

    def _set_page(self, length: float) -> None:
        self.page = length
        self.top = _INCH / 2
        self.text = max(self.line, length - self.top - _INCH / 2)
