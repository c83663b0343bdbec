# SPDX-License-Identifier: Apache-2.0
"""Walks a PCL stream token by token and tells the page under way what happens.

Macros are stretches of the same data that run when they are called. HP-GL/2 inside is read by `vectors`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pagetoll.core.usage import ColorClass
from pagetoll.languages.parsed import Context, Parsed
from pagetoll.languages.pcl import grammar, plotter
from pagetoll.languages.pcl.grammar import COMMAND, FORM_FEED, ROW, ROW_GOES_ON, WITH_DATA, number
from pagetoll.languages.pcl.macros import Macros, Refusal
from pagetoll.languages.pcl.pages import Pages
from pagetoll.languages.pcl.pens import is_colored
from pagetoll.languages.pcl.vectors import DEVICE_CONTROL, Plot, read_plot

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

Handler = Callable[[int, int, int], None]
"""(value, first octet of data, octet behind the data)."""

_ROWS_BETWEEN_CHECKS, _TOKENS_BETWEEN_CHECKS = 20_000, 1000
_KNOWN_ESCAPES = frozenset(b"EYZ9=1z")
_BROTHER_METHOD = 1030


class Interpreter:
    """One walk over `data`. `for_plotter`: HP-GL/2 ends pages itself; `raster_only`: text is no text (PCL3GUI)."""

    def __init__(
        self,
        data: "Buffer",
        parsed: Parsed,
        context: Context,
        *,
        for_plotter: bool = False,
        raster_only: bool = False,
    ) -> None:
        self._data = data
        self._guard = context.guard
        self.pages = Pages(parsed, context)
        self._plotter = for_plotter
        self._raster_only = raster_only
        self._plot = Plot(palette=self.pages.palette)
        self._macros = Macros(4 * len(data) + (1 << 20))
        self._recording: int | None = None
        self._in_rows = False
        self._place: int | None = None
        self._finished = False
        self._value = b""
        self.name = ""
        self._plot_mode = for_plotter
        self._handlers = self._table()

    def _table(self) -> dict[bytes, Handler]:
        pages, at = self.pages, self._at
        return {
            b"&lx": lambda value, _start, _end: pages.set_copies(value),
            b"&la": lambda value, start, _end: pages.set_size(value, at(start)),
            b"&lo": lambda value, start, _end: pages.turn(value, at(start)),
            b"&lp": lambda value, start, _end: pages.set_page_lines(value, at(start)),
            b"&ls": lambda value, start, _end: pages.set_duplex(value, at(start)),
            b"&lh": lambda value, start, _end: pages.select_source(value, at(start)),
            b"&lf": lambda value, _start, _end: pages.area.set_text_lines(value),
            b"&le": lambda value, _start, _end: pages.area.set_top_lines(value),
            b"&ll": lambda value, _start, _end: pages.area.set_perforation(skip=value != 0),
            b"&lc": lambda _value, _start, _end: pages.area.set_line(self._exact() * 15),
            b"&ld": lambda value, _start, _end: pages.area.set_line(720 / value if value > 0 else 0),
            b"&ag": lambda value, start, _end: pages.select_side(value, at(start)),
            b"&ar": lambda _value, _start, _end: self._move(pages.area.line),
            b"&av": lambda _value, _start, _end: self._move(1),
            b"*py": lambda _value, _start, _end: self._move(720 / pages.units_per_inch),
            b"&ud": lambda value, _start, _end: pages.set_units(value),
            b"&kg": lambda value, _start, _end: pages.set_line_ends(value),
            **dict.fromkeys((b"&kw", b"*om", b"*od", b"*oq"), lambda _value, _start, _end: self._name("pcl3")),
            b"&sc": lambda value, _start, _end: pages.set_wrap(value),
            b"(sh": lambda _value, _start, _end: pages.set_pitch(self._exact()),
            b"&px": lambda _value, start, end: pages.mark() if end > start else None,
            b"*bw": lambda _value, start, end: self._row(start, end, last=True),
            b"*bv": lambda _value, start, end: self._row(start, end, last=False),
            b"*by": lambda _value, _start, _end: pages.raster.clear_seeds(),
            b"*bm": self._method,
            b"*ra": lambda _value, _start, _end: pages.start_raster(),
            b"*rb": self._raster_end,
            b"*rc": self._raster_end,
            b"*ru": self._simple_color,
            b"*vw": lambda _value, start, end: pages.raster.configure_image(self._body(start, end)),
            b"*gw": lambda _value, start, end: pages.raster.configure_components(self._body(start, end)),
            b"*vs": lambda value, _start, _end: pages.set_pen(value),
            b"*va": lambda value, _start, _end: pages.palette.set_primary(0, value),
            b"*vb": lambda value, _start, _end: pages.palette.set_primary(1, value),
            b"*vc": lambda value, _start, _end: pages.palette.set_primary(2, value),
            b"*vi": lambda value, _start, _end: pages.palette.assign(value),
            b"*pp": lambda value, _start, _end: pages.palette.push_or_pop(value),
            # Rules and areas; fill number 1 is white.
            b"*cp": lambda value, _start, _end: pages.mark() if value != 1 else None,
            b"&fy": self._macro_number,
            b"&fx": self._macro_control,
        }

    def walk(self, position: int, stop: int) -> int:
        """Read `data[position:stop]`; returns where the stream left PCL. Raises TooManyPages."""
        data = self._data
        steps = 0
        while position < stop and not self._finished:
            steps += 1
            if not steps % _TOKENS_BETWEEN_CHECKS:
                self._guard.check(position)
            octet = data[position]
            if octet == grammar.ESCAPE:
                if self._recording is not None:
                    position = self._escape(position, stop)
                elif ROW.match(data, position, stop):
                    position = self._rows(position, stop)
                else:
                    position = self._placed(position, stop) or self._escape(position, stop)
            elif octet == FORM_FEED:
                position += 1
                if self._recording is None:
                    self.pages.end(self._at(position))
            elif self._in_rows and ROW_GOES_ON.match(data, position, stop):
                position = self._commands(b"*b", position, stop)
            else:
                position = self._text(position, stop)
        return position

    def finish(self, offset: int) -> None:
        """The data is at its end, which ends a marked page."""
        self.pages.ends_nothing = False
        if self._recording is not None:  # its end is missing: a printer may have ended it somewhere
            self.pages.parsed.at_least("truncated", self._recording)
        self.pages.end_if_marked(offset)

    def _name(self, name: str) -> None:
        """What only some machines understand names the dialect."""
        self.name = self.name or name

    def _at(self, position: int) -> int:
        """Where in the stream this happens: inside a macro, where it was called."""
        return position if self._place is None else self._place

    def _text(self, position: int, stop: int) -> int:
        if self._plot_mode and self._recording is None:
            return self._draw(position, stop)
        found = grammar.TEXT.match(self._data, position, stop)
        end = found.end() if found else position + 1
        if self._recording is None and not self._raster_only and not self._plotter:
            self.pages.text(bytes(self._data[position:end]), self._at(position))
        elif self._plotter and grammar.INK.search(self._data, position, end):
            self.pages.doubt("desync", self._at(position))
        return end

    def _placed(self, position: int, stop: int) -> int:
        """Words and moves one behind the other; where they end, or 0."""
        found = (
            None
            if self._raster_only or self._plotter or self.pages.wraps
            else grammar.PLACED.match(self._data, position, stop)
        )
        if found is None:
            return 0
        pages = self.pages
        units, decipoints = found.start("units"), found.start("decipoints")
        if units > decipoints:
            pages.move_to(int(found["units"]) * 720 / pages.units_per_inch, relative=False)
        elif decipoints >= 0:
            pages.move_to(int(found["decipoints"]), relative=False)
        if found.start("ink") >= 0:
            pages.mark()
        self._in_rows = False
        return found.end()

    # Escape sequences.

    def _escape(self, position: int, stop: int) -> int:
        if self._plotter and (control := DEVICE_CONTROL.match(self._data, position, stop)):
            return control.end()
        prefix = grammar.PREFIX.match(self._data, position, stop)
        if prefix is not None:
            return self._commands(prefix[1], prefix.end(), stop, position)
        if position + 1 >= stop:
            return stop
        letter = self._data[position + 1]
        if not 0x30 <= letter <= 0x7E:
            self.pages.doubt("desync", self._at(position))
            return position + 1
        if letter == 0x45:
            if self._recording is not None:  # a reset cannot be stored: printers end the macro
                self._recording = None
                self.pages.doubt("desync", self._at(position))
            return self._reset(position, stop)
        if self._recording is not None:
            return position + 2
        if letter == 0x59:
            return self._display_functions(position + 2, stop)
        if letter == 0x3D:
            self.pages.line_feed(self._at(position), 0.5)
        elif letter not in _KNOWN_ESCAPES and not self._raster_only:
            self.pages.doubt("unknown_escape", self._at(position))
        return position + 2

    def _reset(self, position: int, stop: int) -> int:
        self.pages.parsed.understood += 1
        self._in_rows = False
        self._plot = Plot(palette=self.pages.palette)
        self._plot_mode = self._plotter
        ended = self.pages.reset(self._at(position + 2))
        # Some drivers eject once more behind a reset that has just ended the page: one and the same eject.
        again = ended and position + 2 < stop and self._data[position + 2] == FORM_FEED
        return position + 2 + again

    def _display_functions(self, position: int, stop: int) -> int:
        """Everything up to `ESC Z` is shown, also control codes; only carriage returns start a line."""
        found = grammar.DISPLAY_END.search(self._data, position, stop)
        end = found.start() if found else stop
        for start in range(position, end, 1 << 16):
            shown = bytes(self._data[start : min(end, start + (1 << 16))])
            self.pages.text(shown.translate(None, b"\n").replace(b"\r", b"\n"), self._at(start))
            self.pages.mark()
        return found.end() if found else stop

    def _commands(self, prefix: bytes, position: int, stop: int, start: int = -1) -> int:
        """The commands behind a prefix, up to the one that ends the sequence; returns where the next token is."""
        data = self._data
        if prefix in (b"!f", b"!p"):
            self._name("label")
        while position < stop:
            found = COMMAND.match(data, position, stop)
            if found is not None:
                self._value, value = found[0][:-1], number(found[1])
            else:
                found = None if self._raster_only else grammar.LOOSE.match(data, position, stop)
                if found is None:
                    break
                self._value = grammar.loose_value(found[1])
                value = number(self._value.partition(b".")[0])
                self.pages.doubt("desync", self._at(position))
            letter = found[2].lower()
            body = position = found.end()
            name = prefix + letter
            if name in WITH_DATA and value > 0:
                position = body + value
                if position > stop:
                    self.pages.parsed.at_least("truncated", body)
                    position = stop
            elif name == b"%x" and value == -12345:
                self._finished = True
                return start
            self._obey(name, value, body, position)
            if name == b"%b":
                self._plot_mode = self._plotter
                position = self._draw(position, stop) if self._recording is None else self._skip_plot(position, stop)
            elif name == b"%a":
                self._plot_mode = False
            if found[2] < b"`":
                self._in_rows = name in (b"*bw", b"*bv", b"*by") or (self._in_rows and prefix == b"*b")
                return position
        if position < stop and data[position] != grammar.ESCAPE and not self._raster_only:
            self.pages.doubt("desync", self._at(position))
        return position

    def _obey(self, name: bytes, value: int, start: int, end: int) -> None:
        if self._recording is not None:
            if name == b"&fx" and value == 1:
                self._macros.store(self._recording, start)
                self._recording = None
            return
        if self._plotter:
            plotter.doubt_command(self.pages, name, self._at(start))
        handler = self._handlers.get(name)
        if handler is not None:
            self.pages.parsed.understood += bool(self._value)
            handler(value, start, end)

    # Raster.

    def _rows(self, position: int, stop: int) -> int:
        """Rows one behind the other, as fast as Python goes; in color they are looked at one by one."""
        pages, data, match = self.pages, self._data, ROW.match
        self._in_rows = True
        if self._plotter:
            plotter.doubt_raster(pages, self._at(position))
        while True:
            self._guard.check(position)
            if pages.raster.looks or not pages.marked:
                return self._commands(b"*b", position + 3, stop)
            last = None
            for _row in range(_ROWS_BETWEEN_CHECKS):
                found = match(data, position, stop)
                if found is None:
                    if last is not None and last[1]:
                        pages.raster.set_method(int(last[1]))
                    return position
                last = found
                position = found.end() + int(found[2])
                if position > stop:
                    pages.parsed.at_least("truncated", found.start())
                    return stop

    def _row(self, start: int, end: int, *, last: bool) -> None:
        pages = self.pages
        if end > start:
            pages.marked = True
        if pages.raster.looks:
            pages.raster.plane(bytes(self._data[start:end]), last=last)

    def _method(self, value: int, _start: int, _end: int) -> None:
        if value == _BROTHER_METHOD:
            self.name = "brother"
        self.pages.raster.set_method(value)

    def _raster_end(self, _value: int, _start: int, _end: int) -> None:
        self._in_rows = False
        self.pages.raster.clear_seeds()

    def _simple_color(self, value: int, _start: int, _end: int) -> None:
        if value in (-4, -1, 4):
            self._name("pcl3")
        self.pages.raster.simple(value)

    def _body(self, start: int, end: int) -> bytes:
        return bytes(self._data[start : min(end, start + 300)])

    # Page and text.

    def _exact(self) -> float:
        return float(self._value) if self._value.strip(b"+-.") else 0.0

    def _move(self, unit: float) -> None:
        self.pages.move_to(self._exact() * unit, relative=self._value[:1] in (b"+", b"-"))

    # HP-GL/2.

    def _skip_plot(self, position: int, stop: int) -> int:
        """HP-GL/2 inside a macro that is being stored."""
        return read_plot(self._data, position, stop, Plot(), lambda _at: None, lambda *_: None, self._guard)

    def _draw(self, position: int, stop: int) -> int:
        plot, pages = self._plot, self.pages

        def ink(_offset: int) -> None:
            pages.marked = True
            if is_colored(plot.palette.color_of(plot.pen)):
                pages.paint(ColorClass.COLOR)

        before = plot.unknown
        position = read_plot(self._data, position, stop, plot, ink, self._plot_instruction, self._guard)
        pages.parsed.understood, plot.known = pages.parsed.understood + plot.known, 0
        if plot.unknown > before:
            pages.doubt("unknown_instruction", self._at(position))
        return position

    def _plot_instruction(self, name: bytes, body: bytes, offset: int) -> None:
        if self._plotter:
            plotter.obey(self.pages, name, body, self._at(offset))

    # Macros.

    def _macro_number(self, value: int, _start: int, _end: int) -> None:
        self._macros.number = value

    def _macro_control(self, value: int, start: int, _end: int) -> None:
        if value == 0:
            self._recording = start
        elif value in (2, 3):
            self._run_macro(start)
        elif value == 4:
            self.pages.overlay = self._overlay_ink(start)
        elif value == 5:
            self.pages.overlay = None
        elif value in (6, 7, 8):
            self._macros.delete(all_of_them=value != 8)

    def _run_macro(self, offset: int) -> None:
        body = self._macros.call()
        if body is Refusal.UNKNOWN:
            self.pages.doubt("unknown_macro", self._at(offset))
        elif body is Refusal.TOO_MUCH:
            self.pages.parsed.at_least("limit", self._at(offset))
        if isinstance(body, Refusal):
            return
        place = self._place
        self._place = self._at(offset)
        self._macros.depth += 1
        self.walk(*body)
        self._macros.depth -= 1
        self._place = place

    def _overlay_ink(self, offset: int) -> ColorClass | None:
        """What the macro of the moment would put on each page: nothing (None) or ink of some color class."""
        pages = self.pages
        kept = pages.marked, pages.inked, pages.y, pages.ends_nothing
        pages.marked, pages.inked, pages.ends_nothing = False, ColorClass.MONO, True
        self._run_macro(offset)
        ink = pages.inked if pages.marked else None
        pages.marked, pages.inked, pages.y, pages.ends_nothing = kept
        return ink
