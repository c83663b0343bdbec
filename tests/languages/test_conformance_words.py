# SPDX-License-Identifier: Apache-2.0
"""Jobs in words (Kodak ESP, OPL), built here."""

import struct
import zlib

from pagetoll.core.copies import apply_spooler
from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages import count


def tokens(*runs: tuple[int, int, bytes]) -> bytes:
    return zlib.compress(b"".join(struct.pack("<HH", dots, kind) + octets for dots, kind, octets in runs))


def kodak_page(data: bytes) -> bytes:
    words = b"Event=StartOfPage;RasterObject.Colorspace=sRGB;RasterObject.Compression=GZIPTok;"
    return words + b"RasterObject.Data#%d=" % len(data) + data + b";Event=EndOfPage;"


def test_kodak_pages_are_events_outside_the_picture_data() -> None:
    start = b"LockPrinterWait?Event=StartOfJob;MediaSize=iso_a4_210x297mm;Sides=TwoSidedLongEdge;"
    grey = tokens((100, 1, b""), (2, 0, b"\x10\x20" * 3))
    red = tokens((100, 1, b""), (2, 0, b"\xff\x20" + b"\x10\x20" * 2))
    decoy = b";Event=EndOfPage;" * 3
    job = start + kodak_page(grey) + kodak_page(red) + kodak_page(decoy) + b"Event=EndOfJob;UnlockPrinter?"
    usage = count(job)
    assert (usage.language, usage.impressions, usage.confidence) == ("kodak", 3, Confidence.EXACT)
    assert apply_spooler(usage).media_sheets == 2
    assert [run.color for run in usage.segments[0].runs] == [ColorClass.MONO, ColorClass.COLOR, ColorClass.UNKNOWN]
    assert usage.segments[0].runs[0].media_points == (595.0, 842.0)


def test_a_kodak_picture_that_unpacks_without_end_is_not_looked_into_for_ever() -> None:
    bomb = zlib.compress(b"\xff\xff\x01\x00" * 10_000_000)
    usage = count(b"LockPrinterWait?Event=StartOfJob;" + kodak_page(bomb) + b"Event=EndOfJob;")
    assert usage.impressions == 1
