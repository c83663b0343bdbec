# SPDX-License-Identifier: Apache-2.0
"""Netpbm: P1 to P6 and PAM (P7); each of several images in a file is a page.

    Pn, white space and comments, width, height, [largest value], one white space, pixels
    P7, lines "WIDTH n" "HEIGHT n" "DEPTH n" "MAXVAL n" "TUPLTYPE name", "ENDHDR", pixels

The walk goes by the sizes and never looks for a magic number in pixels. Ghostscript's pksm devices write four
images, one for each ink, for a page. Source: netpbm's manual pages of the formats.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import ColorClass
from pagetoll.languages.limits import Guard
from pagetoll.languages.parsed import Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.pixels import Channels
from pagetoll.languages.universal_exit import UNIVERSAL_EXIT

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_BLANKS = rb"(?:[ \t\r\n\v\f]|#[^\r\n]{0,1000}[\r\n])"
_HEADER = re.compile(
    rb"P([1-6])" + _BLANKS + rb"{1,200}(\d{1,9})" + _BLANKS + rb"{1,200}(\d{1,9})(?=\s)(?:" + _BLANKS
    + rb"{1,200}(\d{1,6}))?",
)  # fmt: skip
_PAM = re.compile(rb"P7\n((?:[^\n]{0,1000}\n){1,60}?)ENDHDR\n")
_PAM_LINE = re.compile(rb"(?m)^(WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)[ \t]+(\S{1,40})")
_BETWEEN = re.compile(rb"[ \t\r\n\v\f]*+")
_TEXT_PIECE = re.compile(rb"[\s\d#]*+")
_COMMENT = re.compile(rb"#[^\r\n]*")
_NOT_DIGITS = bytes(octet for octet in range(256) if octet not in b"01")
_SCAN_OCTETS = 1 << 20
_RGB = Channels(3, (0, 1, 2))
_TUPLES = {b"RGB": _RGB, b"RGB_ALPHA": Channels(4, (0, 1, 2)), b"CMYK": Channels(4, (0, 1, 2), 3)}
_GREY_TUPLES = frozenset([b"BLACKANDWHITE", b"GRAYSCALE", b"BLACKANDWHITE_ALPHA", b"GRAYSCALE_ALPHA"])
_LARGEST_SIDE = 1 << 24


@dataclass(frozen=True, slots=True)
class _Image:
    """A header: where its pixels begin, and their layout. `plane` marks one ink of a page in four images."""

    body: int
    width: int
    height: int
    depth: int
    largest: int
    coded_as_text: bool
    channels: Channels | None
    one_bit: bool = False
    grey: bool = True
    plane: bool = False

    @property
    def samples(self) -> int:
        return self.width * self.height * self.depth

    @property
    def octets(self) -> int:
        if self.one_bit:
            return (self.width + 7) // 8 * self.height
        return self.samples * (2 if self.largest > 255 else 1)


def starts_image(data: "Buffer", start: int, end: int) -> bool:
    """Whether a whole header stands at `start`, for text kinds followed by numbers and nothing else, or by as many as
    the header says and another image."""
    image = _header(data, start, end)
    if image is None:
        return False
    if not image.coded_as_text:
        return True
    numbers = _TEXT_PIECE.match(data, image.body, min(end, image.body + 256))
    assert numbers is not None  # it may be empty
    behind = bytes(data[numbers.end() : min(end, image.body + 256)])
    if not behind or behind.startswith(b"\x1b"):
        return True
    found = len(numbers[0].translate(None, _NOT_DIGITS)) if data[start + 1] == 0x31 else len(numbers[0].split())
    return found == image.samples and _header(data, numbers.end(), end) is not None


def parse(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Count the images from `start` on. Raises TruncatedDocument or MalformedDocument without a whole one."""
    return as_far_as_time_allows(lambda found: _walk(found, data, start, end, context), Parsed("pnm"), end)


def _walk(parsed: Parsed, data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    position = start
    planes: list[bytes] = []
    while position < end:
        if parsed.input_pages >= context.limits.input_pages:
            parsed.at_least("limit", position)
            break
        context.guard.check(position)
        image = _header(data, position, end)
        if image is None:
            if data[position : position + 1] == b"P" and end - position < 2000:
                return _cut_off(parsed, end)
            if data[position : position + len(UNIVERSAL_EXIT)] != UNIVERSAL_EXIT:
                parsed.note("trailing_garbage", position)
            break
        stop, color = _image(data, image, end, context.guard, planes if image.plane else None)
        if stop is None:
            return _cut_off(parsed, end)
        if not image.plane or len(planes) == 4:
            if image.plane:
                color = ColorClass.MONO if len(set(planes[:3])) == 1 else ColorClass.COLOR
                planes.clear()
            parsed.add(Run(color=color))
            parsed.page_ends.append(stop)
        between = _BETWEEN.match(data, stop, end)
        position = between.end() if between else stop
    if not parsed.input_pages:
        raise MalformedDocument("the picture file holds no whole page", start)
    parsed.end = position
    return parsed


def _cut_off(parsed: Parsed, end: int) -> Parsed:
    if not parsed.input_pages:
        raise TruncatedDocument("the picture ends before its first page is complete; send the job again", end)
    parsed.at_least("truncated", end)
    parsed.end = end
    return parsed


def _header(data: "Buffer", position: int, end: int) -> _Image | None:
    """The header at `position`; None where there is none or its sizes make no sense."""
    if data[position : position + 3] == b"P7\n":
        return _pam_header(data, position, end)
    found = _HEADER.match(data, position, end)
    if found is None:
        return None
    kind, width, height = int(found[1]), int(found[2]), int(found[3])
    one_bit = kind in (1, 4)
    largest = 1 if one_bit else int(found[4] or b"0")
    body = found.end(3) if one_bit else found.end()
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE and 0 < largest <= 65535):
        return None
    color = kind in (3, 6)
    plane = one_bit and b"device=pksm" in found[0]
    return _Image(
        body + 1,
        width,
        height,
        3 if color else 1,
        largest,
        kind <= 3,
        _RGB if color else None,
        one_bit=kind == 4,
        grey=not color,
        plane=plane,
    )


def _pam_header(data: "Buffer", position: int, end: int) -> _Image | None:
    found = _PAM.match(data, position, end)
    if found is None:
        return None
    lines = dict(_PAM_LINE.findall(found[1]))
    try:
        width, height, depth, largest = (int(lines[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    except (KeyError, ValueError):
        return None
    sides = 0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE
    if not (sides and 0 < depth <= 64 and 0 < largest <= 65535):
        return None
    kind = lines.get(b"TUPLTYPE", b"")
    channels = _TUPLES.get(kind)
    if channels is not None and channels.count != depth:
        channels = None
    return _Image(
        found.end(), width, height, depth, largest, False, channels, grey=depth <= 2 or kind in _GREY_TUPLES
    )


def _image(
    data: "Buffer", image: _Image, end: int, guard: Guard, planes: list[bytes] | None
) -> tuple[int | None, ColorClass]:
    """(octet behind the image or None where it is cut off, color class); the pixels of one ink go to `planes`."""
    if image.coded_as_text:
        behind, color = _text_image(data, image, end, guard)
        if planes is not None and behind is not None:
            planes.append(bytes(data[image.body : behind]).translate(None, b" \t\r\n"))
        return behind, color
    stop = image.body + image.octets
    if stop > end:
        return None, ColorClass.UNKNOWN
    if planes is not None:
        planes.append(bytes(data[image.body : stop]))
    if image.grey:
        return stop, ColorClass.MONO
    if image.channels is None:
        return stop, ColorClass.UNKNOWN
    wide = image.largest > 255
    pixel = image.channels.count * (2 if wide else 1)
    step = max(1, _SCAN_OCTETS // pixel) * pixel
    for position in range(image.body, stop, step):
        guard.check(position)
        pixels = bytes(data[position : min(stop, position + step)])
        if image.channels.chunky_colored(_scaled(pixels, image.largest, wide)):
            return stop, ColorClass.COLOR
    return stop, ColorClass.MONO


def _scaled(pixels: bytes, largest: int, wide: bool) -> bytes:
    """Samples as octets from 0 to 255."""
    if wide:
        # The high octet; a largest value below 65535 shifts the samples up first.
        if largest == 65535:
            return pixels[0::2]
        pairs = zip(pixels[0::2], pixels[1::2], strict=True)
        return bytes(min(255, (high << 8 | low) * 255 // largest) for high, low in pairs)
    if largest == 255:
        return pixels
    return pixels.translate(bytes(min(255, value * 255 // largest) for value in range(256)))


def _text_image(data: "Buffer", image: _Image, end: int, guard: Guard) -> tuple[int | None, ColorClass]:
    """The same for samples written as decimal numbers; those of P1 are single digits that may touch."""
    found, colored, carry = 0, False, b""
    position = image.body
    one_digit = image.largest == 1 and image.grey
    rest: list[int] = []
    while found < image.samples:
        guard.check(position)
        piece = _TEXT_PIECE.match(data, position, min(end, position + _SCAN_OCTETS))
        raw = piece[0] if piece else b""
        if not raw:
            break
        last = position + len(raw) >= end or len(raw) < _SCAN_OCTETS
        text = _COMMENT.sub(b"", raw) if b"#" in raw else raw
        if one_digit:
            digits = text.translate(None, _NOT_DIGITS)
            if found + len(digits) >= image.samples:
                return _behind(raw, position, image.samples - found, one_digit=True), ColorClass.MONO
            found += len(digits)
        else:
            words = (carry + text).split()
            carry = words.pop() if words and not last and not text[-1:].isspace() else b""
            needed = image.samples - found
            if len(words) >= needed:
                colored |= image.channels is not None and _numbers_colored(rest, words[:needed], image)
                stop = _behind(raw, position, needed, one_digit=False)
                return stop, ColorClass.COLOR if colored else ColorClass.MONO
            if image.channels is not None and not colored:
                colored = _numbers_colored(rest, words, image)
            found += len(words)
        position += len(raw)
    return None, ColorClass.UNKNOWN


def _numbers_colored(rest: list[int], words: list[bytes], image: _Image) -> bool:
    """Whether any whole pixel of `rest` and `words` is colored; what is left of a pixel stays in `rest`."""
    numbers = rest + [int(word[:6]) for word in words]
    whole = len(numbers) // 3 * 3
    rest[:] = numbers[whole:]
    scaled = bytes(min(255, number * 255 // image.largest) for number in numbers[:whole])
    return _RGB.chunky_colored(scaled)


def _behind(raw: bytes, position: int, needed: int, *, one_digit: bool) -> int:
    """The octet behind the last needed sample, found again with the comments in place."""
    pattern = re.compile(rb"#[^\r\n]*|[01]" if one_digit else rb"#[^\r\n]*|\d+")
    stop = 0
    for found in pattern.finditer(raw):
        if found[0][:1] == b"#":
            continue
        needed -= 1
        stop = found.end()
        if not needed:
            break
    return position + stop
