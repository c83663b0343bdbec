# SPDX-License-Identifier: Apache-2.0
"""Epson ESC/Page for laser printers, monochrome and color, mostly behind EJL.

    ESC SOH @EJL ... CO=3 DX=ON BD=SE LF  GS rhE  GS 0;300;300drE  GS 206;224;32;0bi{I + 206 octets  FF

A command is GS, parameters, some small letters and a capital; with a brace before the capital as many octets
follow as the first parameter says. A page ends with form feed, in duplex of some devices with `dpsE`, and of
one with the reset `rhE` itself. Learned from the samples.
"""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentTooComplex, MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages.command_printers.ejl import read_ejl
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.pixels import Channels
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

COMMAND = re.compile(rb"\x1d([-0-9;.]{0,96})([a-z]{0,4})(\{?)([A-Z])")
_TEXT = re.compile(rb"[^\x0c\x1b\x1d]+")
_PRINTABLE = re.compile(rb"[\x21-\x7e\x80-\xff]")
SET_UP = re.compile(rb"S.|z..|@", re.DOTALL)
_DRAWING = frozenset([b"drpG", b"dbF", b"biI", b"uI", b"dbI"])
_COLOR_IMAGES = frozenset([b"cuI", b"cbiI"])
_BITS_IN_PEN_COLOR, _RGB_PIXELS = b"201", b"102"
_RGB = Channels(3, (0, 1, 2))
_LOOKED_AT_ONCE = 3 << 18
_NO_IMAGES = frozenset([b"camE", b"plrE"])
_JOB_BORDER = re.compile(rb"@EJL[ \t]{1,16}[SE]J\b")
_MEDIA_POINTS = {
    "A3": (842.0, 1191.0),
    "A4": (595.0, 842.0),
    "A5": (420.0, 595.0),
    "B4": (729.0, 1032.0),
    "B5": (516.0, 729.0),
    "LT": (612.0, 792.0),
    "LGL": (612.0, 1008.0),
}
_LOOK_EVERY = 1024


@dataclass(slots=True)
class _Job:
    """What holds at the moment, and what the page under way shows."""

    parsed: Parsed
    copies: int | None = None
    duplex: Duplex = Duplex.UNSTATED
    media: tuple[float, float] = ANY_SIZE
    marked: bool = False
    colored: bool = False
    image_color_unknown: bool = False
    pen_colored: bool = False
    copies_since_reset: bool = False
    pages_since_reset: int = 0
    turned: bool = False
    image_kind: bytes = b""

    def end_page(self, position: int) -> None:
        color = ColorClass.COLOR if self.colored else ColorClass.MONO
        if self.image_color_unknown and not self.colored:
            color = ColorClass.UNKNOWN
        self.parsed.add(Run(1, self.copies, self.duplex, color, self.media, blank=not self.marked))
        self.parsed.page_ends.append(position)
        self.marked = self.colored = self.image_color_unknown = False
        self.pages_since_reset += 1
        self.turned = False

    def obey_ejl(self, settings: dict[str, str]) -> None:
        copies = [int(settings[name]) for name in ("CO", "QT") if settings.get(name, "")[:9].isdecimal()]
        if copies:
            self.copies = max(1, copies[0]) * (max(1, copies[-1]) if len(copies) > 1 and len({*copies}) > 1 else 1)
        if "DX" in settings:
            edge = Duplex.SHORT if settings.get("BD") == "SE" else Duplex.LONG
            self.duplex = edge if settings["DX"] == "ON" else Duplex.NONE
        if "PS" in settings:
            self.media = _MEDIA_POINTS.get(settings["PS"], ANY_SIZE)

    def obey(self, name: bytes, parameters: list[bytes], position: int) -> None:
        number = int(parameters[0]) if parameters[0].isdigit() else 0
        if name in _DRAWING:
            self.marked = True
            self.colored = self.colored or self.pen_colored
        elif name == b"scrI" and len(parameters) > 1:
            self.image_kind = parameters[1]
        elif name == b"fpE":
            self.pen_colored = len(parameters) >= 6 and len(set(parameters[3:6])) > 1
        elif name == b"rhE":
            if self.marked or (self.copies_since_reset and not self.pages_since_reset):
                self.end_page(position)
            self.copies_since_reset, self.pages_since_reset = False, 0
        elif name == b"coO":
            self.copies, self.copies_since_reset = max(1, number), True
        elif name == b"sdE":
            self.duplex = Duplex.LONG if number else Duplex.NONE
        elif name == b"bdE" and self.duplex in (Duplex.LONG, Duplex.SHORT):
            self.duplex = Duplex.SHORT if number else Duplex.LONG
        elif name == b"dpsE":
            self.end_page(position)
            self.turned = self.duplex in (Duplex.LONG, Duplex.SHORT)

    def color_image(self, data: "Buffer", start: int, end: int) -> None:
        """An image of the kind that `scrI` announced: bits in the color of the pen, or pixels."""
        self.marked = True
        if self.colored:
            return
        if self.image_kind == _BITS_IN_PEN_COLOR:
            self.colored = self.pen_colored
        elif self.image_kind == _RGB_PIXELS and not (end - start) % 3:
            stretches = range(start, end, _LOOKED_AT_ONCE)
            self.colored = any(
                _RGB.chunky_colored(bytes(data[at : min(end, at + _LOOKED_AT_ONCE)])) for at in stretches
            )
        else:
            self.image_color_unknown = True


def begins(data: "Buffer", start: int, end: int) -> bool:
    """Whether ESC/Page stands at `start`, alone or behind EJL lines that name it."""
    head = bytes(data[start : min(end, start + 8192)])
    position = 0
    while head[position : position + 2] == b"\x1b\x01":
        settings, position = read_ejl(head, position + 2, len(head))
        if (settings.get("LA") or settings.get("LANGUAGE") or "").startswith("ESC/PAGE"):
            return True
    while set_up := SET_UP.match(head, position + 1) if head[position : position + 1] == b"\x1b" else None:
        position = set_up.end()
    command = COMMAND.match(head, position)
    return command is not None and COMMAND.match(head, command.end()) is not None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the ESC/Page document in `data[start:end]`, up to a universal exit.

    Raises TruncatedDocument, MalformedDocument or DocumentTooComplex when not one page is complete.
    """
    job = _Job(Parsed("escpage"))
    try:
        position = _walk(job, data, start, end, context)
    except (TruncatedDocument, MalformedDocument, DocumentTooComplex) as error:
        if not job.parsed.input_pages:
            raise
        code = "truncated" if isinstance(error, TruncatedDocument) else "limit"
        job.parsed.at_least("desync" if isinstance(error, MalformedDocument) else code, error.offset)
        position = end
    else:
        if job.marked:
            job.end_page(position)
            job.parsed.at_least("truncated", position)
    job.parsed.end = position
    return job.parsed


def _walk(job: _Job, data: "Buffer", position: int, end: int, context: Context) -> int:
    steps = 0
    while position < end:
        steps += 1
        if not steps % _LOOK_EVERY:
            context.guard.check(position)
        octet = data[position]
        if octet == 0x1D:
            position = _command(job, data, position, end)
        elif octet == 0x0C:
            position += 1
            job.end_page(position)
        elif octet == 0x1B:
            if data[position : position + 9] == UNIVERSAL_EXIT:
                break
            behind = _escape(job, data, position, end)
            if behind is None:
                break
            position = behind
        else:
            text = _TEXT.match(data, position, end)
            stop = text.end() if text else position + 1
            job.marked = job.marked or _PRINTABLE.search(data, position, stop) is not None
            position = stop
        if job.parsed.input_pages >= context.limits.input_pages:
            raise DocumentTooComplex("the document has more pages than allowed; raise the limit", position)
    return position


def _escape(job: _Job, data: "Buffer", position: int, end: int) -> int | None:
    """The position behind an escape; None where EJL ends the job or names another language."""
    if data[position + 1 : position + 2] == b"\x01":
        settings, behind = read_ejl(data, position + 2, end)
        language = settings.get("LA") or settings.get("LANGUAGE") or "ESC/PAGE"
        border = _JOB_BORDER.search(data, position + 2, behind) is not None
        if border or not settings or not language.startswith("ESC/PAGE"):
            _drop_turn(job)
        if border or not language.startswith("ESC/PAGE"):
            return None
        job.obey_ejl(settings)
        return behind
    set_up = SET_UP.match(data, position + 1, end)
    if set_up is None:
        job.parsed.note("unknown_command", position)
        job.parsed.confidence = Confidence.ESTIMATED
        return position + 2
    return set_up.end()


def _drop_turn(job: _Job) -> None:
    """An empty side at the very end of a duplex job only turns the last sheet out."""
    parsed = job.parsed
    if job.turned and parsed.input_pages > 1 and not parsed.input_pages % 2 and parsed.runs[-1].blank:
        last = parsed.runs.pop()
        parsed.page_ends.pop()
        parsed.input_pages -= last.length
        if last.length > 1:
            parsed.add(replace(last, length=last.length - 1))
    job.turned = False


def _command(job: _Job, data: "Buffer", position: int, end: int) -> int:
    found = COMMAND.match(data, position, end)
    if found is None:
        if end - position < 100:
            raise TruncatedDocument("the data ends within a command; send the job again", end)
        raise MalformedDocument("this is no ESC/Page command", position)
    parameters = found[1].split(b";")
    name = found[2] + found[4]
    behind = found.end()
    if found[3]:
        if not parameters[0].isdigit():
            raise MalformedDocument("an ESC/Page command does not say how much data follows", position)
        behind += int(parameters[0])
        if behind > end:
            raise TruncatedDocument("the data ends within an image; send the job again", end)
        if name in _COLOR_IMAGES:
            job.color_image(data, found.end(), behind)
        elif name not in _NO_IMAGES:
            job.marked = True
            job.colored = job.colored or job.pen_colored
    job.obey(name, parameters, behind)
    return behind
