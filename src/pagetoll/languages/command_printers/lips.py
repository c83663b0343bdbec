# SPDX-License-Identifier: Apache-2.0
"""Canon LIPS II, III and IV, and CaPSL as the LBP-8 and groff know it.

    ESC % @  DCS 41;600;0J name ST  CSI 0"p ESC <  CSI 11h  CSI 1v ... CSI n;...;.r + n octets ... FF  DCS 0J ST

CSI is 9B or ESC [, DCS is 90 or ESC P, ST is 9C or ESC backslash. `CSI 0 & }` switches to vectors: commands of
printable characters ended by 1E; `}Q` is followed by image data, whose length is its last number (six bits a
letter, the last four bits in a digit-like character). A page ends with form feed, on an LBP-8 with ESC =.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import DocumentTooComplex, MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass, Confidence, Duplex
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

CONTROL_SEQUENCE = re.compile(rb"(?:\x9b|\x1b\[)([0-?-]{0,128})([ -/]{0,4})([@-~])")
DEVICE_STRING = re.compile(rb"(?:\x90|\x1bP)[^\x9c\x1b\x90\x0c]{0,4096}(?:\x9c|\x1b\\)")
ESCAPE = re.compile(rb"\x1b[ -/]{0,3}[0-~]")
_PCL = re.compile(rb"\x1b[&*()][a-z][-+]?[0-9]")
_VECTOR = re.compile(rb"([ -\x7f]{0,4096})\x1e")
_LAST_NUMBER = re.compile(rb"[@-\x7f]{0,5}[ -?]\Z")
_TEXT = re.compile(rb"[^\x0c\x1b\x90\x9b]+")
_PRINTABLE = re.compile(rb"[\x21-\x7e\x80-\xff]")
_BEGINNING = re.compile(rb"(?:\x1b%@)?(?:\x90|\x1bP)[0-9;]{1,32}J")
_OLD_BEGINNING = re.compile(rb"(?:\x1bc)?\x1b;(?:\x1b[c;<])*\x1b\[[0-9?]")
_MEDIA_POINTS = {
    12: (842.0, 1191.0),
    14: (595.0, 842.0),
    16: (420.0, 595.0),
    24: (729.0, 1032.0),
    26: (516.0, 729.0),
    30: (612.0, 792.0),
    32: (612.0, 1008.0),
}
_LOOK_EVERY = 1024
_SHORT_EDGE = 2


@dataclass(slots=True)
class _Job:
    """What holds at the moment, and what the page under way shows."""

    parsed: Parsed
    copies: int | None = None
    two_sided: bool | None = None
    short_edge: bool = False
    media: tuple[float, float] = ANY_SIZE
    marked: bool = False
    vectors: bool = False

    @property
    def duplex(self) -> Duplex:
        if self.two_sided is None:
            return Duplex.UNSTATED
        if not self.two_sided:
            return Duplex.NONE
        return Duplex.SHORT if self.short_edge else Duplex.LONG

    def end_page(self, position: int) -> None:
        run = Run(1, self.copies, self.duplex, ColorClass.MONO, self.media, blank=not self.marked)
        self.parsed.add(run)
        self.parsed.page_ends.append(position)
        self.marked = False

    def obey(self, parameters: list[bytes], name: bytes) -> None:
        number = int(parameters[0]) if parameters[0][:6].isdigit() else 0
        if name == b"v":
            self.copies = max(1, number)
        elif name == b"#x":
            self.two_sided = bool(number)
        elif name == b"#w":
            self.short_edge = number == _SHORT_EDGE
        elif name == b"p":
            self.media = _MEDIA_POINTS.get(number & ~1 if number & 1 else number, ANY_SIZE)
        elif name == b"&}":
            self.vectors = True


def begins(data: "Buffer", start: int, end: int) -> bool:
    """Whether a LIPS job starts here: a device string that names level and resolution, or the older LBP-8."""
    head = bytes(data[start : min(end, start + 256)])
    return _BEGINNING.match(head) is not None or _OLD_BEGINNING.match(head) is not None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the LIPS document in `data[start:end]`, up to a universal exit.

    Raises TruncatedDocument, MalformedDocument or DocumentTooComplex when not one page is complete.
    """
    old = _OLD_BEGINNING.match(data, start, end) is not None
    job = _Job(Parsed("lbp-capsl" if old else "lips"))
    try:
        position = _walk(job, data, start, end, context)
    except (TruncatedDocument, MalformedDocument, DocumentTooComplex) as error:
        if not job.parsed.input_pages:
            raise
        code = {TruncatedDocument: "truncated", MalformedDocument: "desync"}.get(type(error), "limit")
        job.parsed.at_least(code, error.offset)
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
        if job.vectors:
            position = _vector(job, data, position, end)
        elif octet == 0x0C:
            position += 1
            job.end_page(position)
            if job.parsed.input_pages >= context.limits.input_pages:
                raise DocumentTooComplex("the document has more pages than allowed; raise the limit", position)
        elif octet in (0x1B, 0x90, 0x9B):
            if data[position : position + 9] == UNIVERSAL_EXIT:
                break
            position = _sequence(job, data, position, end)
        else:
            text = _TEXT.match(data, position, end)
            stop = text.end() if text else position + 1
            job.marked = job.marked or _PRINTABLE.search(data, position, stop) is not None
            position = stop
    return position


def _sequence(job: _Job, data: "Buffer", position: int, end: int) -> int:
    sequence = CONTROL_SEQUENCE.match(data, position, end)
    if sequence:
        parameters, name = sequence[1].split(b";"), sequence[2] + sequence[3]
        behind = sequence.end()
        if name[:1] == b"." and len(name) > 1:
            behind += _octets(parameters[0], position, behind, end)
            job.marked = job.marked or name == b".r"
        else:
            job.obey(parameters, name)
        return behind
    other = DEVICE_STRING.match(data, position, end) or ESCAPE.match(data, position, end)
    if other:
        if other[0] == b"\x1b=":
            job.end_page(other.end())
        elif _PCL.match(data, position, end):
            job.parsed.note("unknown_command", position)
            job.parsed.confidence = Confidence.ESTIMATED
        return other.end()
    if end - position < 200:
        raise TruncatedDocument("the data ends within a command; send the job again", end)
    job.parsed.note("unknown_command", position)
    job.parsed.confidence = Confidence.ESTIMATED
    return position + 1


def _octets(number: bytes, position: int, behind: int, end: int) -> int:
    if not number[:12].isdigit():
        raise MalformedDocument("a LIPS image does not say how long it is", position)
    octets = int(number[:12])
    if behind + octets > end:
        raise TruncatedDocument("the data ends within an image; send the job again", end)
    return octets


def _vector(job: _Job, data: "Buffer", position: int, end: int) -> int:
    """One command of vector mode."""
    found = _VECTOR.match(data, position, end)
    if found is None:
        if end - position < 4096:
            raise TruncatedDocument("the data ends within a drawing; send the job again", end)
        raise MalformedDocument("this is no LIPS drawing command", position)
    words, behind = found[1], found.end()
    if words[:2] == b"}p":
        job.vectors = False
    elif words[:2] == b"}Q":
        number = _LAST_NUMBER.search(words, 2)
        behind += _vector_number(number[0]) if number else 0
        if behind > end:
            raise TruncatedDocument("the data ends within an image; send the job again", end)
        job.marked = True
    elif words[:1] in (b"1", b"2", b"4", b"5"):
        job.marked = True
    return behind


def _vector_number(letters: bytes) -> int:
    """Six bits a letter from @ on; the last character carries four bits and, from 30 on, a positive sign."""
    value = 0
    for letter in letters[:-1]:
        value = value << 6 | letter - 0x40
    value = value << 4 | letters[-1] & 15
    return value if letters[-1] >= 0x30 else 0
