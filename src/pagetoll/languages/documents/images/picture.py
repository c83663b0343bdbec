# SPDX-License-Identifier: Apache-2.0
"""Pictures of one page: JPEG, PNG, GIF, BMP, WebP, JPEG XL, HEIC, AVIF, PCX, Photoshop.

One file is one page. Printers and print filters take the first frame of an animation.
The blocks of JPEG, PNG and GIF are walked, so that a file that was cut off is told from a whole one.
"""

import re
import struct
from typing import TYPE_CHECKING

from pagetoll.core.errors import MalformedDocument, TruncatedDocument
from pagetoll.core.usage import Confidence
from pagetoll.languages.documents.images.colors import picture_color
from pagetoll.languages.parsed import Context, Parsed, Run
from pagetoll.languages.universal_exit import next_exit

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)
_MOST_BLOCKS = 1_000_000
_STANDALONE = frozenset([0x01, *range(0xD0, 0xD9)])
_FRAMES = frozenset([*range(0xC0, 0xD0)]) - {0xC4, 0xC8, 0xCC}


def _finish(
    data: "Buffer",
    start: int,
    end: int,
    file_end: int | None,
    context: Context,
    findings: tuple[str, ...] = (),
    more: bool = False,
) -> Parsed:
    """The one page of a picture that ends at `file_end` (None: cut off).

    `more`: other pictures follow that do not print.
    """
    stop = next_exit(data, start if file_end is None else file_end, end)
    if file_end is not None and not more:
        stop = file_end  # what follows is no part of it, and may be another job
    parsed = Parsed("image", stop)
    color = picture_color(data, start, stop if file_end is None else file_end, context.guard)
    parsed.add(Run(color=color))
    for code in findings:
        parsed.note(code, start)
    if file_end is None:
        parsed.at_least("truncated", stop)
    parsed.page_ends.append(stop)
    return parsed


def parse_jpeg(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Marker segments up to the first scan, then on to the end-of-image marker; further pictures are not printed."""
    position, seen_frame, steps = start + 2, False, 0
    while position + 4 <= end:
        steps += 1
        if steps % 4096 == 0:
            context.guard.check(position)
        marker = _JPEG_MARKER.search(data, position, end)
        if marker is None:
            break
        code = marker[0][-1]
        position = marker.end()
        if code == 0xD9:
            if not seen_frame:
                raise MalformedDocument("the JPEG picture holds no image", start)
            more = data[position : position + 3] == b"\xff\xd8\xff"
            return _finish(data, start, end, position, context, ("first_frame_only",) if more else (), more)
        seen_frame |= code in _FRAMES
        if code not in _STANDALONE and position + 2 <= end:
            position += max(2, struct.unpack_from(">H", data, position)[0])
    if data[max(start, end - 2) : end] == b"\xff\xd9" and seen_frame:
        return _finish(data, start, end, end, context)
    if not seen_frame:
        raise TruncatedDocument("the JPEG picture ends before its image; send the job again", end)
    return _finish(data, start, end, None, context)


def parse_png(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Chunks (length, name, data, checksum) from IHDR to IEND."""
    position, steps = start + 8, 0
    findings: tuple[str, ...] = ()
    if data[start + 12 : start + 16] != b"IHDR":
        raise MalformedDocument("the PNG picture does not begin with its header", start)
    if start + 33 > end or not all(struct.unpack_from(">2I", data, start + 16)):
        raise MalformedDocument("the PNG picture has no size", start)
    while position + 12 <= end:
        steps += 1
        if steps % 4096 == 0:
            context.guard.check(position)
        octets, name = struct.unpack_from(">I4s", data, position)
        position += 12 + octets
        if name == b"acTL":
            findings = ("first_frame_only",)
        if name == b"IEND" and position <= end:
            return _finish(data, start, end, position, context, findings)
    return _finish(data, start, end, None, context, findings)


def parse_gif(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """Screen descriptor, color table, then images and extensions to the trailer; only the first image prints."""
    if start + 13 > end:
        raise TruncatedDocument("the GIF picture ends within its header; send the job again", end)
    flags = data[start + 10]
    position = start + 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    for step in range(_MOST_BLOCKS):
        if step % 4096 == 0:
            context.guard.check(min(position, end))
        introducer = data[position : position + 1]
        if introducer == b"\x2c" and position + 10 <= end:
            frames += 1
            flags = data[position + 9]
            position += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1
        elif introducer == b"\x21":
            position += 2
        elif introducer == b"\x3b":
            if not frames:
                raise MalformedDocument("the GIF picture holds no image", start)
            many = ("first_frame_only",) if frames > 1 else ()
            return _finish(data, start, end, position + 1, context, many)
        else:
            break
        position = _behind_sub_blocks(data, position, end)
    if not frames:
        raise TruncatedDocument("the GIF picture ends before its image; send the job again", min(position, end))
    return _finish(data, start, end, None, context)


def _behind_sub_blocks(data: "Buffer", position: int, end: int) -> int:
    """Blocks of a length octet and that many octets, up to one of length 0."""
    while position < end:
        length = data[position]
        position += 1 + length
        if not length:
            break
    return position


def parse_bmp(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """File size at 2 (not always filled in), place of the pixels at 10."""
    octets, _reserved, pixels = struct.unpack_from("<3I", data, start + 2)
    if start + max(octets, pixels) > end:
        return _finish(data, start, end, None, context)
    return _finish(data, start, end, start + octets if octets > pixels else end, context)


def parse_riff(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """WebP: the length of the file stands at 4."""
    file_end = start + 8 + struct.unpack_from("<I", data, start + 4)[0]
    animated = data[start + 12 : start + 16] == b"VP8X" and bool(data[start + 20] & 2) if start + 21 <= end else False
    findings = ("first_frame_only",) if animated else ()
    return _finish(data, start, end, file_end if file_end <= end else None, context, findings)


def parse_one_page(data: "Buffer", start: int, end: int, context: Context) -> Parsed:
    """A picture in a format whose end is not looked for: one page, of unknown color where it is not decoded."""
    if data[start : start + 3] == b"\x0cjP" and start >= 3:
        # Three octets of its length were taken for padding.
        start -= 3
    parsed = _finish(data, start, end, next_exit(data, start, end), context)
    if data[start : start + 2] == b"\xff\x0a":
        # Two octets are a weak mark of JPEG XL.
        parsed.confidence = Confidence.ESTIMATED
    return parsed
