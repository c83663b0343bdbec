# SPDX-License-Identifier: Apache-2.0
"""The page under way in a PCL stream: what marks it, what ends it, and with which settings it goes to paper.

A form feed always ends a page; most other things end it only when something was
marked. Settings count as they are when the page ends.
"""

from dataclasses import replace

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.pcl.grammar import INK, ODD
from pagetoll.languages.pcl.paper import SIZES, TextArea
from pagetoll.languages.pcl.pens import BLACK, Palette, is_colored
from pagetoll.languages.pcl.raster_ink import RasterInk

MOST_COPIES = 32767
MOST_REPLOTS = 9999
LETTER_WIDTH = 612
_PRINTERS_CHOICE = frozenset(["text_overflow", "unknown_macro"])
_FEW_DOUBTS, _FAR_APART = 20, 400
"""From so many doubts on, and closer together than so many octets, data is not what it seemed."""
_DUPLEX = {0: Duplex.NONE, 1: Duplex.LONG, 2: Duplex.SHORT}


class TooManyPages(Exception):
    """The limit of pages is reached; what was found so far stands."""


class Pages:
    """Settings and marks; adds a run to `parsed` for each page that ends."""

    def __init__(self, parsed: Parsed, context: Context) -> None:
        self.parsed = parsed
        self._limit = context.limits.input_pages
        self.palette = Palette()
        self.raster = RasterInk(self.palette)
        self.overlay: ColorClass | None = None
        self.ends_nothing = False
        self._next_is_back = False
        self._next_leaves_front = False
        self._doubts = 0
        self._before_doubt: tuple[list[Run], int, int] | None = None
        self._defaults()

    def _defaults(self) -> None:
        self.copies: int | None = None
        self.duplex = Duplex.UNSTATED
        self.starts_sheet = bool(self.parsed.runs)
        self.area = TextArea()
        self.color = BLACK
        self.units_per_inch = 300
        self.feeds = 0
        self.wraps = False
        self.pitch = 10.0
        self.overlay = None
        self._next_is_back = False
        self._source = 0
        self.new_page()

    def new_page(self) -> None:
        self.marked = False
        self.inked = ColorClass.MONO
        self.y = 0.0
        self.raster_seen = False

    def reset(self, offset: int) -> bool:
        """`ESC E`: whether it ended a page. Everything goes back to what it was at the start."""
        self._leave_empty(offset)
        ended = self.end_if_marked(offset)
        self.palette.simple(1)
        self.raster.simple(1)
        self._defaults()
        return ended

    # What marks the page.

    def mark(self) -> None:
        """Something in the color of the moment."""
        self.marked = True
        if is_colored(self.color):
            self.paint(ColorClass.COLOR if self.palette.reliable else ColorClass.UNKNOWN)

    def paint(self, color: ColorClass) -> None:
        self.marked = True
        if color is ColorClass.COLOR or self.inked is ColorClass.MONO:
            self.inked = color

    def text(self, octets: bytes, offset: int) -> None:
        """Characters and line ends; lines that leave the text area end a marked page."""
        if ODD.search(octets):
            self.doubt("desync", offset)
        if self.wraps:
            octets = self._wrapped(octets, offset)
        line_ends = octets.count(b"\n") + (octets.count(b"\r") if self.feeds in (1, 3) else 0)
        area = self.area
        if self.y + (line_ends + 1) * area.line <= area.limit or not line_ends:
            if (not self.marked or self.color != BLACK) and INK.search(octets):
                self.mark()
            self.y += line_ends * area.line
            return
        if self.feeds in (1, 3):
            octets = octets.replace(b"\r", b"\n")
        position = offset
        for line in octets.split(b"\n"):
            if position != offset:
                self.line_feed(position)
            if line and INK.search(line):
                self.mark()
            position += len(line) + 1

    def _wrapped(self, octets: bytes, offset: int) -> bytes:
        """The same text with line ends where long lines go on in the next one; the pitch is the printer's choice."""
        width = self.area.size[0] or LETTER_WIDTH
        columns = max(1, int((width / 72 - 0.5) * self.pitch))
        lines = octets.split(b"\n")
        if max(map(len, lines)) <= columns:
            return octets
        self.doubt("text_overflow", offset)
        pieces = ([line[at : at + columns] for at in range(0, len(line), columns)] or [b""] for line in lines)
        return b"\n".join(piece for line in pieces for piece in line)

    def line_feed(self, offset: int, part: float = 1) -> None:
        self.y += self.area.line * part
        if self.y + self.area.line > self.area.limit + 0.5:
            if self.end_if_marked(offset) and not self.area.stated:
                self.doubt("text_overflow", offset)
            self.y = 0.0

    # What ends the page.

    def end_if_marked(self, offset: int) -> bool:
        if self.marked:
            self.end(offset)
            return True
        return False

    def end(self, offset: int) -> None:
        """The page goes to paper, marked or not. Raises TooManyPages at the limit."""
        if self.ends_nothing:
            return
        parsed = self.parsed
        if parsed.input_pages >= self._limit:
            parsed.at_least("limit", offset)
            raise TooManyPages
        if self.overlay is not None:
            self.paint(self.overlay)
        raster = self.raster.end_page()
        color = raster if self.inked is ColorClass.MONO or raster is ColorClass.COLOR else self.inked
        back = self.duplex in (Duplex.LONG, Duplex.SHORT) and self._next_is_back
        parsed.add(
            Run(
                copies=self.copies,
                duplex=self.duplex,
                color=color,
                media_points=self.area.size,
                blank=not self.marked,
                starts_sheet=self.starts_sheet,
            )
        )
        parsed.page_ends.append(offset)
        # A back side alone on its sheet: the page behind it starts another one.
        self.starts_sheet = self._next_leaves_front
        self._next_leaves_front = False
        self._next_is_back = not back
        self.new_page()

    def repeat(self, times: int, offset: int) -> None:
        """HP-GL/2 `RP`: the plot that ended last, or the one that ends by this, `times` times more."""
        self.end_if_marked(offset)
        if not self.parsed.runs or times < 1:
            return
        wanted = min(times, MOST_REPLOTS)
        plots = min(wanted, self._limit - self.parsed.input_pages)
        if plots:
            self.parsed.add(replace(self.parsed.runs[-1], length=plots, starts_sheet=False))
            self.parsed.page_ends.extend([offset] * plots)
        if plots < wanted:
            self.parsed.at_least("limit", offset)
            raise TooManyPages

    # Settings.

    def set_copies(self, copies: int) -> None:
        if copies > 0:
            self.copies = min(copies, MOST_COPIES)
        if copies > MOST_COPIES:
            self.parsed.note("many_copies")

    def set_duplex(self, mode: int, offset: int) -> None:
        self.end_if_marked(offset)
        if mode in _DUPLEX:
            if _DUPLEX[mode] is not self.duplex:
                self._next_is_back = False
            self.duplex = _DUPLEX[mode]

    def select_side(self, side: int, offset: int) -> None:
        """0 the next side, 1 a front, 2 a back."""
        self.end_if_marked(offset)
        if side == 1:
            self.starts_sheet = bool(self.parsed.runs)
            self._next_is_back = False
        elif side == 2 and not self._next_is_back:
            self.starts_sheet = bool(self.parsed.runs)
            self._next_is_back = self._next_leaves_front = True

    def set_pen(self, pen: int) -> None:
        self.color = self.palette.color_of(pen)

    def set_size(self, number: int, offset: int) -> None:
        self.end_if_marked(offset)
        self.area.set_size(SIZES.get(number, ANY_SIZE))

    def set_plot_size(self, lengths: list[int]) -> None:
        """HP-GL/2 `PS length,width`, in 1/1016 inch."""
        if lengths and lengths[0] > 0:
            width = lengths[1] if len(lengths) > 1 and lengths[1] > 0 else lengths[0]
            self.area.set_size((width * 72 / 1016, lengths[0] * 72 / 1016))

    def turn(self, orientation: int, offset: int) -> None:
        self.end_if_marked(offset)
        self.area.turn(landscape=orientation in (1, 3))

    def set_page_lines(self, lines: int, offset: int) -> None:
        self.end_if_marked(offset)
        self.area.set_page_lines(lines)

    def select_source(self, source: int, offset: int) -> None:
        """0 ejects and other sources do, too; drivers of inkjets send negative ones, which do not.

        Paper of another source is another sheet.
        """
        if source >= 0:
            self._leave_empty(offset)
            self.end_if_marked(offset)
        if source > 0:
            if self._source and source != self._source:
                self.starts_sheet = bool(self.parsed.runs)
                self._next_is_back = False
            self._source = source

    def move_to(self, y: float, *, relative: bool) -> None:
        """The cursor in 1/720 inch below the top of the text."""
        self.y = self.y + y if relative else y - 0.75 * self.area.line

    def set_units(self, per_inch: int) -> None:
        if per_inch > 0:
            self.units_per_inch = per_inch

    def set_line_ends(self, mode: int) -> None:
        """With 1 and 3 a carriage return feeds a line, too."""
        self.feeds = mode

    def set_wrap(self, mode: int) -> None:
        """`ESC &s#C`: 0 lets long lines go on in the next line, 1 cuts them off."""
        self.wraps = mode == 0

    def set_pitch(self, characters_per_inch: float) -> None:
        if characters_per_inch > 0:
            self.pitch = characters_per_inch

    def start_raster(self) -> None:
        self.raster.clear_seeds()
        self.raster_seen = True

    def _leave_empty(self, offset: int) -> None:
        """A page of raster without rows that nothing ejects: not counted, but told."""
        if self.raster_seen and not self.marked:
            self.parsed.note("blank_pages", offset)
            self.raster_seen = False

    def doubt(self, code: str, offset: int) -> None:
        """The grammar was left or the printer decides: the number is an estimate."""
        if self.parsed.confidence is Confidence.EXACT:
            self.parsed.confidence = Confidence.ESTIMATED
        self.parsed.note(code, offset)
        if code not in _PRINTERS_CHOICE:
            self._before_doubt = self._before_doubt or (list(self.parsed.runs), len(self.parsed.page_ends), offset)
            self._doubts += 1

    def take_back(self, octets: int) -> None:
        """Where most of `octets` is no PCL, pages that ended behind the first doubt were none.

        Raises MalformedDocument when there were none before it.
        """
        if self._before_doubt is None or self._doubts < _FEW_DOUBTS or self._doubts * _FAR_APART < octets:
            return
        parsed = self.parsed
        runs, page_count, offset = self._before_doubt
        if not page_count:
            raise MalformedDocument("most of this is not in the language that it starts as; print it again", offset)
        parsed.runs, parsed.input_pages = runs, page_count
        del parsed.page_ends[page_count:]
        parsed.at_least("desync", offset)
