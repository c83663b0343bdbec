# SPDX-License-Identifier: Apache-2.0
"""Coverage of host-based lasers: bit maps coded by JBIG-KIT's own program, in each language that holds such, and the
samples, decoded by the same program."""

import random
import re
import shutil
import struct
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from languages.rendering import SAMPLES
from pagetoll.core.errors import DocumentError
from pagetoll.languages.coverage import coverage
from pagetoll.languages.coverage.lasers import bands, jbig, records, words
from pagetoll.languages.coverage.lasers.images import Reader
from pagetoll.languages.limits import Guard, Limits

needs_library = pytest.mark.skipif(not jbig.is_available(), reason="libjbig.so.0 (Debian: libjbig0) is not installed")
needs_programs = pytest.mark.skipif(
    shutil.which("pbmtojbg") is None or shutil.which("jbgtopbm") is None,
    reason="pbmtojbg and jbgtopbm (Debian: jbigkit-bin) are not installed",
)
COLUMNS, ROWS = 1600, 256
PAPER = round(595 * 842 * 600 * 600 / 72**2)


def bit_map(seed: int, inked: int) -> bytes:
    """Noise in `inked` of 256 rows, the rest is white."""
    return random.Random(seed).randbytes(COLUMNS // 8 * inked) + bytes(COLUMNS // 8 * (ROWS - inked))


MAPS = {"c": bit_map(1, 40), "m": bit_map(2, 80), "y": bit_map(3, 120), "k": bit_map(4, 200)}


def part(ink: str) -> int:
    return round(1_000_000 * int.from_bytes(MAPS[ink], "big").bit_count() / PAPER)


def coded(octets: bytes, columns: int = COLUMNS, stripe: int = 128) -> bytes:
    rows = len(octets) * 8 // columns
    command = ["pbmtojbg", "-q", "-p", "72", "-s", str(stripe)]
    picture = b"P4\n%d %d\n" % (columns, rows) + octets
    return subprocess.run(command, input=picture, capture_output=True, check=True).stdout


def pjl(language: bytes, body: bytes, settings: bytes = b"") -> bytes:
    return b"\x1b%-12345X@PJL\n" + settings + b"@PJL ENTER LANGUAGE=" + language + b"\n" + body + b"\x1b%-12345X"


def zj(order: str, signature: int, kind: int, items: dict[int, int | bytes], data: bytes = b"") -> bytes:
    listed = b""
    for name, value in items.items():
        octets = struct.pack(order + "I", value) if isinstance(value, int) else value
        listed += struct.pack(order + "IHBB", 8 + len(octets), name, 1, 0) + octets
    head = struct.pack(order + "IIIHH", 16 + len(listed) + len(data), kind, len(items), 0, signature)
    return head + listed + data


def zjstream(inks: str, order: str = ">") -> bytes:
    """Planes behind start records."""
    page = zj(order, 0x5A5A, 2, {3: 9, 7: len(inks), 8: 600, 9: 600, 16: 1})
    for ink in inks:
        image = coded(MAPS[ink])
        page += zj(order, 0x5A5A, 4, {20: "cmyk".index(ink) + 1}, image[:20])
        page += zj(order, 0x5A5A, 5, {}, image[20:3000]) + zj(order, 0x5A5A, 5, {}, image[3000:] + bytes(3))
        page += zj(order, 0x5A5A, 6, {})
    document = zj(order, 0x5A5A, 0, {}) + page + zj(order, 0x5A5A, 3, {}) + zj(order, 0x5A5A, 1, {})
    return (b"JZJZ" if order == ">" else b"ZJZJ") + document


def zjstream_two_bits(inks: str) -> bytes:
    """Two columns of the image are one dot, so it says 300 dots an inch."""
    items: dict[int, int | bytes] = {3: 9, 7: 1, 8: 300, 9: 600, 16: 2}
    page = zj(">", 0x5A5A, 2, items)
    for ink in inks:
        image = coded(MAPS[ink])
        page += zj(">", 0x5A5A, 4, {}, image[:20]) + zj(">", 0x5A5A, 5, {}, image[20:])
    return b"JZJZ" + zj(">", 0x5A5A, 0, {}) + page + zj(">", 0x5A5A, 3, {}) + zj(">", 0x5A5A, 1, {})


def zjstream_bands(inks: str) -> bytes:
    """Bands of 100 rows, each an image of its own, filled up to whole words of four octets."""
    page = zj(">", 0x5A5A, 2, {20: len(inks), 3: 9, 8: 600, 9: 600, 16: 1})
    band = COLUMNS // 8 * 64
    for ink in inks:
        images = [coded(MAPS[ink][at : at + band]) for at in range(0, len(MAPS[ink]), band)]
        number = "cmyk".index(ink) + 1
        page += zj(">", 0x5A5A, 12, {20: number, 102: struct.pack(">I", 20) + images[0][:20]})
        for image in images:
            page += zj(">", 0x5A5A, 12, {20: number}, image[20:] + bytes(-len(image) % 4))
    return b"JZJZ" + zj(">", 0x5A5A, 0, {}) + page + zj(">", 0x5A5A, 3, {}) + zj(">", 0x5A5A, 1, {})


def slx(inks: str) -> bytes:
    page = zj(">", 0xA5A5, 2, {0x100: 2, 261: 600, 262: 600})
    for ink in inks:
        image = coded(MAPS[ink])
        page += zj(">", 0xA5A5, 4, {}, image[:20]) + zj(">", 0xA5A5, 5, {}, image[20:]) + zj(">", 0xA5A5, 6, {})
    return b"\xa5SLX" + zj(">", 0xA5A5, 0, {}) + page + zj(">", 0xA5A5, 3, {}) + zj(">", 0xA5A5, 1, {})


def xqx(inks: str) -> bytes:
    def items(kind: int, values: dict[int, bytes]) -> bytes:
        listed = b"".join(struct.pack(">II", name, len(value)) + value for name, value in values.items())
        return struct.pack(">II", kind, len(values)) + listed

    numbers = {0x20000001: 9, 0x20000008: 600, 0x20000009: 600, 0x2000000A: 1}
    document = b",XQX" + items(1, {}) + items(3, {name: struct.pack(">I", each) for name, each in numbers.items()})
    for ink in inks:
        image = coded(MAPS[ink])
        document += items(5, {0x40000002: image[:20]})
        for piece in (image[20:500], image[500:]):
            document += struct.pack(">II", 7, len(piece)) + piece
        document += struct.pack(">II", 6, 0)
    return document + struct.pack(">IIII", 4, 0, 2, 0)


def oak(inks: str) -> bytes:
    def record(kind: int, payload: bytes, data: bytes = b"") -> bytes:
        return b"OAKT" + struct.pack("<II", 12 + len(payload), kind) + payload + data

    document = record(0x14, b"PAD_") + record(0x2B, struct.pack("<5I", 9, 0, 0, 1, 0))
    document += record(0x33, struct.pack("<13I", 0, 1, COLUMNS, ROWS, 600, 600, 1, *[0] * 6))
    for top in (0, 128):
        for ink in inks:
            image = coded(MAPS[ink][COLUMNS // 8 * top :][: COLUMNS // 8 * 128])
            data = image[20:] + bytes(-len(image[20:]) % 16)
            plane = {"y": 0, "m": 1, "c": 2, "k": 3}[ink]
            head = b"\0\0\1\0" + struct.pack("<3I", COLUMNS, 128, 128) + image[16:20]
            sizes = struct.pack("<7I", len(image) - 20, len(data), 0, top // 128, plane, 0, 0)
            document += record(0x3C, head + sizes, data)
    return document + record(0x18, b"PAD_") + record(0x0B, b"PAD_")


def qpdl_page(bands: bytes, version: int = 2) -> bytes:
    head = struct.pack(">BBHBHHBBBBBBBB", 0, 6, 1, 2, 2480, 3508, 1, 0, 0, 0, 0, version, 0, 6)
    return pjl(b"QPDL", head + bands + b"\x01\x00\x01\x09")


def qpdl_in_one(inks: str) -> bytes:
    """The first band of an ink has its header alone, the second all of its data in one stripe."""
    bands = b""
    for ink in inks:
        image = coded(MAPS[ink], stripe=ROWS)
        for number, data in enumerate((image[:20], image[20:])):
            band = b"\x39\xab\xcd\xef" + struct.pack(">I", len(data)) + bytes(24) + data + bytes(4)
            plane = "cmyk".index(ink) + 1
            bands += struct.pack(">BBHHBBI", 0x0C, number, COLUMNS // 8, 128, plane, 0x13, len(band)) + band
    return qpdl_page(bands)


def qpdl_in_bands(inks: str) -> bytes:
    """The header stands in a record of its own, and each band is an image."""
    size = COLUMNS // 8 * 128
    header = b"\x15" + bytes(9) + b"\x14" + coded(MAPS[inks[0]][:size])[:20] + bytes(4)
    bands = struct.pack(">BI", 0x13, len(header)) + header
    for ink in inks:
        for number in range(2):
            data = coded(MAPS[ink][size * number : size * (number + 1)])[20:] + bytes(4)
            plane = "cmyk".index(ink) + 1
            bands += struct.pack(">BBHHBBI", 0x0C, number, COLUMNS // 8, 128, plane, 0x15, len(data)) + data
    return qpdl_page(bands, 5)


def lava(inks: str) -> bytes:
    page = b"\x1bE\x1b*r1U\x1b*g8W" + struct.pack(">BBHHH", 2, 1, 600, 600, 2) + b"\x1b*b1234M\x1b&l26A\x1b*r1A"
    for ink in inks:
        image = coded(MAPS[ink])
        page += b"\x1b*b20V" + image[:20] + b"\x1b*b%dW" % (len(image) - 20) + image[20:]
        page += b"\x1b*x1" + ink.upper().encode() + b"\x1b*x1W"
    return pjl(b"LAVAFLOW", page + b"\x1b*rC\x1b&l0H\x1bE")


def hbpl(inks: str) -> bytes:
    planes = {ink: coded(MAPS[ink]) if ink in inks else b"" for ink in "ymck"}
    picture = b"".join(planes.values())
    head = struct.pack("<4I2BHH4I", COLUMNS, ROWS, 0, len(picture), 1, 1, 0, 600, *map(len, planes.values()))
    start = b"\x1bPS<" + head.ljust(60, b"\0") + picture
    return pjl(b"HBPL", b"\x1bJP<" + bytes(60) + start + b"\x1bPE\0" + b"\x1bJE\0")


def ddst(inks: str) -> bytes:
    image = coded(MAPS[inks])
    lines = [b"PAGESTATUS=START", b"COPIES=1", b"PAPER=A4", b"RESOLUTION=600", b"IMAGELEN=%d" % len(image)]
    page = b"".join(b"@PJL SET %s\r\n" % line for line in lines) + image
    return b"\x1b%-12345X@PJL\r\n" + page + b"@PJL SET PAGESTATUS=END\r\n@PJL EOJ\r\n\x1b%-12345X"


def hiperc(inks: str) -> bytes:
    page = struct.pack(">II", 44, 0) + bytes(24) + b"0100" + bytes(8)
    for ink in inks:
        band = struct.pack(">IB3xI", 4, "cmyk".index(ink), len(MAPS[ink])) + MAPS[ink]
        page += struct.pack(">II", 8 + len(band), 1) + band
    settings = b"@PJL SET RESOLUTION=600\n@PJL SET PAPER=A4\n"
    return pjl(b"HIPERC", page + struct.pack(">II", 8, 0xFF), settings)


def opl(inks: str) -> bytes:
    words = b"Event=StartOfJob;Resolution=600x600;MediaSize=iso_a4_210x297mm;"
    words += b"RasterObject.Compression=JBIG;RasterObject.BitsPerPixel=1;"
    for ink in inks:
        image = coded(MAPS[ink])
        words += b"RasterObject.Data#20=" + image[:20] + b";"
        words += b"RasterObject.Data#%d=" % len(image[20:]) + image[20:] + b";"
    return words + b"Event=EndOfPage;Event=EndOfJob;"


@needs_library
@needs_programs
@pytest.mark.parametrize(
    ("document", "inks"),
    [
        (zjstream, "k"),
        (zjstream, "cmyk"),
        (lambda inks: zjstream(inks, "<"), "cmyk"),
        (zjstream_two_bits, "k"),
        (zjstream_bands, "kcmy"),
        (slx, "k"),
        (slx, "kcmy"),
        (xqx, "k"),
        (oak, "k"),
        (oak, "ymck"),
        (qpdl_in_one, "cmyk"),
        (qpdl_in_bands, "k"),
        (qpdl_in_bands, "cmyk"),
        (lava, "k"),
        (lava, "ymck"),
        (hbpl, "k"),
        (hbpl, "ymck"),
        (ddst, "k"),
        (opl, "k"),
        (hiperc, "k"),
        (hiperc, "cmyk"),
    ],
)
def test_each_ink_covers_what_its_dots_are_of_the_paper(document: Callable[[str], bytes], inks: str):
    (found,) = coverage(document(inks), "cmyk")
    assert found is not None
    wanted = [part(ink) if ink in inks else 0 for ink in "cmyk"]
    assert list(found.millionths) == pytest.approx(wanted, abs=1)


PAIR = [(0, 0, 0, 3433), (2077, 3536, 6052, 3389)]
TRIO = [(0, 0, 0, 3446), (0, 0, 0, 3443), (0, 0, 0, 3454)]
TRIO_ON_LETTER = [(0, 0, 0, 3526), (3627, 3336, 6698, 3483), (0, 0, 0, 3601)]


@needs_library
@pytest.mark.parametrize(
    ("sample", "wanted"),
    [
        ("zjstream/foo-hp2600-pair.prn", PAIR),
        ("slx/foo-slx-pair.prn", PAIR),
        ("qpdl/fm-Samsung-CLP-300-pair-color.prn", PAIR),
        ("lava/foo-lava-pair.prn", PAIR),
        ("zjstream/foo-zjs-mono-trioA4-n3.prn", TRIO),
        ("qpdl/fm-Samsung-CLP-600-trioA4.prn", TRIO),
        ("qpdl/foo-qpdl-wrap-trioA4.prn", TRIO),
        ("lava/fm-KONICA_MINOLTA-magicolor_1600W-trioA4.prn", TRIO),
        ("opl/foo-opl-trioA4.prn", TRIO),
        ("zjstream/foo-hp2600-trio-n2-pletter.prn", TRIO_ON_LETTER),
        ("oak/foo-oak-c-trio-n5-pletter.prn", TRIO_ON_LETTER),
    ],
)
def test_one_document_has_the_same_ink_by_all_drivers(sample: str, wanted: list[tuple[int, ...]]):
    found = coverage((SAMPLES / sample).read_bytes(), "cmyk")
    for page, inks in zip(found, wanted, strict=True):
        assert page is not None
        assert page.millionths == pytest.approx(inks, rel=0.02)


@needs_library
@needs_programs
@pytest.mark.parametrize(
    ("sample", "reader", "begin"),
    [
        ("zjstream/foo-hp2600-seven.prn", records.zjstream, b"JZJZ"),
        ("zjstream/foo-zjs-mono-trioA4-n3.prn", records.zjstream, b"JZJZ"),
        ("slx/foo-slx-pair.prn", records.zjstream, b"\xa5SLX"),
        ("xqx/foo-xqx-seven-d2.prn", records.xqx, b",XQX"),
        ("oak/foo-oak-c-trio-n5-pletter.prn", bands.oak, b"OAKT"),
        ("lava/foo-lava-pair.prn", words.lava, b"\x1bE\x1b&l"),
        ("hbpl/fm-Dell-1355-seven.prn", words.hbpl, b"\x1bJP"),
        ("ddst/foo-ddst-memo.prn", words.ddst, b"@PJL SET PAGESTATUS"),
    ],
)
def test_planes_of_the_samples_are_decoded_as_by_another_program(sample: str, reader: Reader, begin: bytes):
    octets = (SAMPLES / sample).read_bytes()
    page = list(reader(octets[octets.index(begin) :], Guard(Limits())))[-1]
    for image in page.images[::7] + page.images[-1:]:
        entity = image.header + b"".join(image.chunks)
        picture = subprocess.run(["jbgtopbm"], input=entity, capture_output=True, check=True).stdout
        rows = picture[-image.dots // 8 :]
        assert image.marked(Guard(Limits())) == int.from_bytes(rows, "big").bit_count()


def test_codings_that_are_not_known_are_not_guessed():
    runs = (SAMPLES / "qpdl/splix-ml2165-memo.prn").read_bytes()
    other_runs = re.sub(rb"(?<=\x0c.\x13\x60\0\x80)\x11", b"\x0d", runs)
    assert coverage(other_runs, "cmyk") == [None]
    in_jbig = hiperc("k").replace(b"0100", b"1100")
    assert coverage(in_jbig, "cmyk") == [None]


def head(columns: int, rows: int, stripe: int, kind: bytes = b"\0\0\1\0", options: bytes = b"\x08\0\3\x48") -> bytes:
    return kind + struct.pack(">3I", columns, rows, stripe) + options


@needs_library
@pytest.mark.parametrize(
    "header",
    [
        head(0xFFFFFFFF, 0xFFFFFFFF, 128),
        head(0xFFFF, 0xFFFF, 128),
        head(12000, 13000, 13000),
        head(0, 100, 100),
        head(100, 100, 0),
        head(100, 100, 100, b"\0\1\1\0"),
        head(100, 100, 100, b"\0\0\4\0"),
        head(100, 100, 100)[:19],
        head(100, 100, 100) + b"\0",
        b"",
    ],
)
def test_a_header_that_asks_for_too_much_or_for_other_images_is_refused(header: bytes):
    assert jbig.marked_dots(header, [b"\xff\x02" * 10_000], Guard(Limits())) is None


@needs_library
def test_white_stripes_are_white_and_missing_ones_leave_all_unknown():
    header = head(4800, 6400, 128)
    assert jbig.marked_dots(header, [b"\xff\x02" * 50], Guard(Limits())) == 0
    assert jbig.marked_dots(header, [b"\xff", b"\x02\xff\x02" + b"\xff\x02" * 48, b"junk"], Guard(Limits())) == 0
    assert jbig.marked_dots(header, [b"\xff\x02" * 49], Guard(Limits())) is None
    assert jbig.marked_dots(header, [b"\xff\x02" * 50, b"\xff\x04"], Guard(Limits())) == 0
    assert jbig.marked_dots(header, [b"\xff\x04" + b"\xff\x02" * 50], Guard(Limits())) is None


@needs_library
def test_when_the_time_is_over_nothing_is_known():
    over = Guard(Limits(timeout_s=1, clock=iter(range(0, 1000, 2)).__next__))
    assert jbig.marked_dots(head(4800, 6400, 128), [b"\xff\x02" * 50], over) is None


SEEDS = sorted(
    path
    for language in ("zjstream", "slx", "lava", "qpdl", "ddst")
    for path in (SAMPLES / language).glob("*")
    if path.stat().st_size < 32_000
)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damaged_documents_are_measured_or_refused_as_promised(drawn: st.DataObject):
    octets = bytearray(drawn.draw(st.sampled_from(SEEDS)).read_bytes())
    for _damage in range(drawn.draw(st.integers(1, 6))):
        octets[drawn.draw(st.integers(0, len(octets) - 1))] = drawn.draw(st.integers(0, 255))
    try:
        pages = coverage(bytes(octets[: drawn.draw(st.integers(1, len(octets)))]), "cmyk")
    except DocumentError:
        return
    for page in pages:
        assert page is None or all(0 <= share <= 1_000_000 for share in page.millionths)
