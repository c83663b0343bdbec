# SPDX-License-Identifier: Apache-2.0
"""Host-based languages: jobs built here, record by record, and what they must count as."""

import struct

import pytest

from languages.rendering import SAMPLES
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import MalformedDocument, TruncatedDocument, UnknownLanguage
from pagetoll.core.usage import ColorClass, Confidence, Duplex, Usage
from pagetoll.languages import count

EXIT = b"\x1b%-12345X"
JBIG_BLANK = b"\xff\x02" * 4
JBIG_MARKED = b"\x05\x9e\x7d\xb4" + JBIG_BLANK


def figures(usage: Usage) -> tuple[int, int, int]:
    return usage.input_pages, usage.impressions, apply_spooler(usage).media_sheets


def colors(usage: Usage) -> list[ColorClass]:
    return [run.color for segment in usage.segments for run in segment.runs for _page in range(run.length)]


def behind_pjl(document: bytes, *settings: str, language: str = "") -> bytes:
    lines = [f"@PJL SET {setting}\n" for setting in settings]
    lines += [f"@PJL ENTER LANGUAGE={language}\n"] if language else []
    return EXIT + "".join(["@PJL\n", *lines]).encode() + document + EXIT


# ZjStream and SLX


def zj_item(name: int, value: int, order: str = ">") -> bytes:
    return struct.pack(f"{order}IHBBI", 12, name, 1, 0, value)


def zj_record(
    kind: int, items: dict[int, int] | None = None, data: bytes = b"", order: str = ">", mark: int = 0x5A5A
) -> bytes:
    body = b"".join(zj_item(name, value, order) for name, value in (items or {}).items())
    size = 16 + len(body) + len(data)
    return struct.pack(f"{order}IIIHH", size, kind, len(items or {}), len(body), mark) + body + data


def zj_page(items: dict[int, int], planes: list[bytes], order: str = ">") -> bytes:
    drawn = b"".join(
        zj_record(4, {20: number}, bytes(20), order) + zj_record(5, None, plane, order) + zj_record(6, order=order)
        for number, plane in enumerate(planes, 1)
    )
    return zj_record(2, {7: len(planes), **items}, order=order) + drawn + zj_record(3, order=order)


def zj_job(pages: list[bytes], document: dict[int, int] | None = None, order: str = ">") -> bytes:
    start = zj_record(0, document or {0: 0, 1: 0, 2: 1}, order=order)
    return (b"JZJZ" if order == ">" else b"ZJZJ") + start + b"".join(pages) + zj_record(1, order=order)


@pytest.mark.parametrize("order", [">", "<"])
def test_zjstream_with_three_copies_on_both_sides_of_five_pages(order: str) -> None:
    job = zj_job([zj_page({4: 3, 3: 9}, [JBIG_MARKED], order)] * 5, {2: 2}, order)
    usage = count(job)
    assert figures(usage) == (5, 15, 9)
    assert (usage.language, usage.confidence) == ("zjstream", Confidence.EXACT)
    assert usage.segments[0].runs[0].duplex is Duplex.LONG
    assert usage.segments[0].runs[0].media_points == (595.0, 842.0)


def test_copies_of_zjstream_are_stronger_than_pjl_and_a_quantity_multiplies() -> None:
    assert count(behind_pjl(zj_job([zj_page({4: 2}, [JBIG_MARKED])]), "COPIES=7")).impressions == 2
    assert count(behind_pjl(zj_job([zj_page({}, [JBIG_MARKED])]), "COPIES=7")).impressions == 7
    assert count(zj_job([zj_page({4: 2, 15: 3}, [JBIG_MARKED])])).impressions == 6
    assert count(zj_job([zj_page({4: 3, 15: 3}, [JBIG_MARKED])])).impressions == 3
    assert count(zj_job([zj_page({4: 0}, [JBIG_MARKED])])).impressions == 1


def test_zjstream_behind_pjl_without_enter_language() -> None:
    usage = count(EXIT + b'@PJL JOB\n@PJL SET JOBATTR="x"' + EXIT + zj_job([zj_page({4: 1}, [JBIG_MARKED])] * 5))
    assert figures(usage) == (5, 5, 5)
    assert usage.confidence is Confidence.EXACT


@pytest.mark.parametrize("length", [0, 1, 15])
@pytest.mark.parametrize("order", [">", "<"])
def test_a_record_shorter_than_its_header_is_an_error(length: int, order: str) -> None:
    bad = struct.pack(f"{order}IIIHH", length, 2, 0, 0, 0x5A5A)
    job = zj_job([], order=order)[:-16] + bad * 100
    with pytest.raises(MalformedDocument) as caught:
        count(job)
    assert caught.value.offset == len(job) - 1600
    some = count(zj_job([zj_page({}, [JBIG_MARKED], order)], order=order)[:-16] + bad)
    assert (some.impressions, some.confidence) == (1, Confidence.AT_LEAST)


def test_a_record_of_four_gigabytes_is_cut_off() -> None:
    bad = struct.pack(">IIIHH", 0xFFFFFFFF, 5, 0, 0, 0x5A5A)
    with pytest.raises(TruncatedDocument):
        count(zj_job([])[:-16] + bad)


def test_planes_tell_color_grey_and_blank_pages() -> None:
    other = JBIG_MARKED[1:]
    usage = count(
        zj_job(
            [
                zj_page({}, [JBIG_BLANK, JBIG_BLANK, JBIG_BLANK, JBIG_MARKED]),
                zj_page({}, [JBIG_BLANK, JBIG_MARKED, JBIG_BLANK, JBIG_BLANK]),
                zj_page({}, [JBIG_MARKED, JBIG_MARKED, JBIG_MARKED, JBIG_BLANK]),
                zj_page({}, [JBIG_MARKED, JBIG_MARKED, other, JBIG_MARKED]),
                zj_page({}, [JBIG_BLANK] * 4),
                zj_page({}, [JBIG_MARKED]),
            ]
        )
    )
    mono, color = ColorClass.MONO, ColorClass.COLOR
    assert colors(usage) == [mono, color, mono, color, mono, mono]
    assert [run.blank for run in usage.segments[0].runs if run.blank] == [True]


def test_slx_has_numbers_of_its_own() -> None:
    def slx(kind: int, items: dict[int, int] | None = None, data: bytes = b"") -> bytes:
        return zj_record(kind, items, data, mark=0xA5A5)

    page = slx(2, {0x100: 2, 0x101: 4}) + slx(4, data=bytes(20)) + slx(5, data=JBIG_MARKED) + slx(6) + slx(3)
    usage = count(b"\xa5SLX" + slx(0, {2: 0}) + page * 2 + slx(1))
    assert (usage.language, *figures(usage)) == ("slx", 2, 8, 8)


# XQX, OAKT


def xqx_record(kind: int, items: dict[int, int] | None = None) -> bytes:
    body = b"".join(struct.pack(">III", name, 4, value) for name, value in (items or {}).items())
    return struct.pack(">II", kind, len(items or {})) + body


def xqx_job(pages: int, copies: int = 1, duplex: int = 1) -> bytes:
    data = struct.pack(">II", 7, len(JBIG_MARKED)) + JBIG_MARKED
    page = xqx_record(3, {0x20000001: 9, 0x20000005: copies}) + xqx_record(5, {0x40000000: 0}) + data
    page += xqx_record(6) + xqx_record(4)
    return b",XQX" + xqx_record(1, {0x10000002: duplex, 0x80000001: 0xDEADBEEF}) + page * pages + xqx_record(2)


def test_xqx_behind_pjl_without_enter_language() -> None:
    usage = count(EXIT + b'@PJL JOB\n@PJL SET JOBATTR="x"' + EXIT + xqx_job(5) + EXIT)
    assert (usage.language, *figures(usage), usage.confidence) == ("xqx", 5, 5, 5, Confidence.EXACT)
    assert figures(count(xqx_job(5, copies=3, duplex=2))) == (5, 15, 9)


def oak_record(kind: int, payload: bytes = b"PAD_") -> bytes:
    return b"OAKT" + struct.pack("<II", 12 + len(payload), kind) + payload


def oak_band(plane: int, octets: bytes) -> bytes:
    padded = -(-len(octets) // 16) * 16
    head = struct.pack("<IIIIIIIIIII", 0, 0, 0, 0, 0, len(octets), padded, 0, 0, plane, 0) + bytes(8)
    return oak_record(0x3C, head) + octets.ljust(padded, b"P")


def test_oakt_records_inside_picture_data_do_not_count() -> None:
    decoy = oak_record(0x18) * 3
    pages = [
        oak_record(0x14) + oak_record(0x2A, struct.pack("<II", 3, 1)) + oak_band(3, decoy) + oak_record(0x18),
        oak_record(0x14) + oak_band(0, JBIG_MARKED) + oak_band(3, JBIG_BLANK) + oak_record(0x18),
    ]
    usage = count(b"".join(pages) + oak_record(0x0B))
    assert figures(usage)[:2] == (2, 4)
    assert colors(usage) == [ColorClass.MONO, ColorClass.COLOR]


# QPDL


def qpdl_page(bands: bytes, copies: int = 1, version: int = 2, paper: int = 2) -> bytes:
    head = struct.pack(">BBHBHHBBBBBBBB", 0, 6, copies, paper, 2480, 3508, 1, 0, 1, 0, 0, version, 1, 6)
    return head + bands + struct.pack(">BH", 1, copies)


def qpdl_plane(ink: int, data: bytes, compression: int = 0x15) -> bytes:
    body = data + b"\0\0\0\0"
    return struct.pack(">BBI", ink, compression, len(body)) + body


def qpdl_band(planes: bytes, number: int = 0) -> bytes:
    return struct.pack(">BBHH", 0x0C, number, 1216, 128) + planes


MAGIC = b"\xef\xcd\xab\x09"
MONO_BAND = qpdl_band(struct.pack(">BI", 0x11, 60) + MAGIC + b"\x01\x00\x01\x00" * 14)
COLOR_BANDS = b"".join(qpdl_band(qpdl_plane(ink, JBIG_MARKED[ink - 1 :])) for ink in (1, 2, 3, 4))
OLD_COLOR_BAND = qpdl_band(
    b"".join(qpdl_plane(ink, MAGIC + b"\x01\0\x09" * ink, 0x11) for ink in (1, 2, 3, 4)) + b"\0"
)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("mono", qpdl_page(MONO_BAND * 3)),
        ("color", qpdl_page(COLOR_BANDS)),
        ("color of version 1", qpdl_page(OLD_COLOR_BAND, version=1)),
    ],
)
def test_qpdl_pages_count_in_mono_and_in_color(name: str, page: bytes) -> None:
    usage = count(behind_pjl(page * 5 + b"\x09", language="QPDL"))
    assert (usage.language, *figures(usage), usage.confidence) == ("qpdl", 5, 5, 5, Confidence.EXACT)
    assert set(colors(usage)) == {ColorClass.MONO if name == "mono" else ColorClass.COLOR}


def test_qpdl_with_three_copies_takes_its_sides_from_pjl() -> None:
    pages = qpdl_page(MONO_BAND, copies=3) * 5 + b"\x09"
    assert figures(count(behind_pjl(pages, "COPIES=2", language="QPDL"))) == (5, 15, 15)
    assert figures(count(behind_pjl(pages, "DUPLEX=ON", language="QPDL"))) == (5, 15, 9)


# Languages whose copies are PJL's


def hbpl_page(*planes: bytes) -> bytes:
    sizes = struct.pack("<IIIIBBBxH", 4864, 6816, 0, sum(map(len, planes)), 1, 1, len(planes) > 1, 600)
    head = sizes + bytes(16 - 4 * len(planes)) + b"".join(struct.pack("<I", len(plane)) for plane in planes)
    return b"\x1bPS\x3c" + head.ljust(60, b"\0") + b"".join(planes) + b"\x1bPE\x3c" + bytes(60)


HBPL = b"\x1bJP\x3c" + bytes(60) + hbpl_page(bytes(20) + b"\x1bPE<\x1bPS<" + JBIG_MARKED) * 5


def hiperc_band(ink: int, data: bytes) -> bytes:
    return struct.pack(">IIIIII", 24 + len(data), 1, 4, ink << 24, len(data), 0)[:20] + bytes(4) + data


def hiperc_page(*inks: int) -> bytes:
    bands = b"".join(hiperc_band(ink, b"\0\0\0\xff" * 8) for ink in inks)
    return struct.pack(">III", 52, 0, 16) + bytes(40) + bands + struct.pack(">II", 8, 0xFF)


HIPERC = hiperc_page(3) * 4 + hiperc_page(0, 1, 3)
HBP = b"@L\x05" + (b"@G\x00\x00\x08@F@F@F@F" + b"@F") * 5 + b"@G\x00\x00\x01\xff@N@N@X"


@pytest.mark.parametrize(
    ("language", "job"), [("HBPL", HBPL), ("HIPERC", HIPERC), ("HBP", HBP)], ids=["hbpl", "hiperc", "hbp"]
)
def test_pjl_says_the_copies_where_the_language_cannot(language: str, job: bytes) -> None:
    usage = count(behind_pjl(job, "COPIES=3", "DUPLEX=ON", language=language))
    assert (usage.language, *figures(usage), usage.confidence) == (language.lower(), 5, 15, 9, Confidence.EXACT)


def test_hbpl_tells_color_by_its_planes() -> None:
    blank, marked = bytes(20) + b"\x4b\xc6" + JBIG_BLANK, bytes(20) + JBIG_MARKED
    pages = hbpl_page(marked) + hbpl_page(blank, blank, blank, marked) + hbpl_page(blank, marked, blank, marked)
    found = colors(count(behind_pjl(b"\x1bJP\0" + bytes(60) + pages, language="HBPL")))
    assert found == [ColorClass.MONO, ColorClass.MONO, ColorClass.COLOR]


def test_the_first_version_of_hbpl_is_estimated() -> None:
    page = b"\x43\x91\xa1\x00\x94\xa1\x02\x95\xc2\0\0\0\0\x99\xa4\1\0\0\0\x9d\xa1\x09\xa2\xc4" + bytes(8)
    page += b"\x51\x52\xa3\xa1\x00\xa4\xb1\xa2\x04\x00SDSDSD"
    job = b"\x41\x81\xa1\x00\x82\xa2\x01\x00\x83\xa1\x00" + page * 5 + b"B"
    usage = count(behind_pjl(job, "COPIES=2", language="HBPL"))
    assert (usage.language, *figures(usage), usage.confidence) == ("hbpl", 5, 10, 10, Confidence.ESTIMATED)
    assert set(colors(usage)) == {ColorClass.MONO}


def test_hiperc_tells_color_by_its_inks() -> None:
    job = HIPERC + hiperc_page(0)
    assert colors(count(behind_pjl(job, language="HIPERC")))[3:] == [ColorClass.MONO, *[ColorClass.COLOR] * 2]


def lava_page(data: bytes, copies: int = 1) -> bytes:
    start = b"\x1b&l0S\x1b&l%dX\x1b*b1234M\x1b&l26A\x1b*r1A" % copies
    return start + b"\x1b*b%dW" % len(data) + data + b"\x1b*x5K\x1b*rC\x1b&l0H"


def test_lavaflow_is_not_taken_for_pcl() -> None:
    job = b"\x1bE" + lava_page(b"\x1b&l0H\x0c\x0c\x1bE", copies=3) * 5 + b"\x1bE"
    for announced in ("LAVAFLOW", "PCL"):
        usage = count(behind_pjl(job, language=announced))
        assert (usage.language, *figures(usage)) == ("lava", 5, 15, 15)


def test_ddst_has_its_pages_between_pjl_lines() -> None:
    data = b"\0\0\1\0" * 5 + b"@PJL SET PAGESTATUS=END\n" + JBIG_MARKED
    page = b"@PJL SET PAGESTATUS=START\r\n@PJL SET COPIES=2\r\n@PJL SET IMAGELEN=%d\r\n" % len(data)
    page += data + b"@PJL SET DOTCOUNT=5\r\n@PJL SET PAGESTATUS=END\r\n"
    usage = count(EXIT + b"@PJL\r\n@PJL SET COMPRESS=JBIG\r\n" + page * 5 + b"@PJL EOJ\r\n" + EXIT)
    assert (usage.language, *figures(usage), usage.confidence) == ("ddst", 5, 10, 10, Confidence.EXACT)


def test_spl1_lines_inside_a_picture_do_not_count() -> None:
    block = struct.pack(">IH", 2 + 20, 0) + b"$PJL BITMAP START\r\n\0"
    page = b"$PJL PAGE A4 AUTO\r\n$PJL BITMAP START\r\n" + block * 3 + b"$PJL PRINT 4\r\n"
    usage = count(behind_pjl(b"$PJL JOB START\r\n$PJL COPIES = 3\r\n" + page * 5 + b"$PJL EOJ\r\n", language="SMART"))
    assert (usage.language, *figures(usage), usage.confidence) == ("spl1", 5, 15, 15, Confidence.EXACT)


# Packets


def lidil_packet(kind: int, command: int, data: bytes = b"", size: int = 16) -> bytes:
    return struct.pack(">BHBBBHH", 0x24, size, 0, kind, command, 1, len(data)).ljust(size, b"\xff") + data


@pytest.mark.parametrize(("commands", "pages"), [([1, 2] * 5, 5), ([1] * 3, 3), ([2] * 4, 4), ([1, 1, 2], 2)])
def test_lidil_pages_are_the_larger_of_loads_and_ejects(commands: list[int], pages: int) -> None:
    job = lidil_packet(7, 0, size=256)
    job += b"".join(lidil_packet(0, command) + lidil_packet(4, 0, lidil_packet(0, 2) * 3) for command in commands)
    usage = count(job)
    assert (usage.language, usage.impressions, usage.confidence) == ("lidil", pages, Confidence.EXACT)


def minolta_packet(kind: int, payload: bytes, behind: bytes = b"") -> bytes:
    body = bytes([0x1B, kind, 0]) + struct.pack("<H", len(payload)) + bytes([kind ^ 0xFF]) + payload
    return body + bytes([sum(body) & 0xFF]) + behind


def test_minolta_packets_inside_a_band_do_not_count() -> None:
    band = minolta_packet(0x51, bytes(22)) * 3
    page = minolta_packet(0x51, bytes(22)) + minolta_packet(0x52, struct.pack("<IH", len(band), 9), band)
    ends = minolta_packet(0x55, b"\0") + minolta_packet(0x41, b"\0")
    usage = count(minolta_packet(0x40, b"\x83\0") + minolta_packet(0x50, bytes(8)) + page * 5 + ends)
    assert (usage.language, *figures(usage), usage.confidence) == ("minolta-w", 5, 5, 5, Confidence.EXACT)


def ppa_move(motion: int) -> bytes:
    return b"\x24\x01" + struct.pack(">HHHHHBBH", 12, 0x13, 1, 0x700, 4, motion, 1, 2400)


def test_ppa_counts_sheets_that_were_loaded_and_ejected() -> None:
    start = b"\x24\x01\x00\x10\x00\x23\x00\x01\x07\x00\x00\x08" + bytes(8)
    page = ppa_move(1) + b"\x24\x00\x00\x20" + ppa_move(2) * 2 + ppa_move(2)
    usage = count(start + page * 5)
    assert (usage.language, usage.impressions, usage.confidence) == ("ppa", 5, Confidence.EXACT)
    assert count(start + page * 4 + ppa_move(1)).confidence is Confidence.AT_LEAST
    sweeps = [
        b"\x24\x01" + struct.pack(">HHHHH", 12, 0x12, 1, 0x700, 4) + b"\1\2" + ink + b"\0" for ink in (b"\1", b"\x0e")
    ]
    drawn = ppa_move(1) + sweeps[0] + ppa_move(2) + ppa_move(1) + sweeps[0] + sweeps[1] + ppa_move(2) + page
    assert colors(count(start + drawn)) == [ColorClass.MONO, ColorClass.COLOR, ColorClass.MONO]


def dnp(name: str, data: bytes) -> bytes:
    return b"\x1bP" + name[:6].ljust(6).encode() + name[6:].ljust(16).encode() + b"%08d" % len(data) + data


def test_a_photo_printer_takes_its_quantity() -> None:
    picture = dnp("IMAGE YPLANE", b"\x1bPCNTRL START           00000000")
    usage = count((dnp("CNTRL QTY", b"0000003\r") + picture + dnp("CNTRL START", b"")) * 2)
    assert (usage.language, usage.impressions) == ("dnp", 6)


def capt(command: int, payload: bytes = b"") -> bytes:
    return struct.pack("<HH", command, 4 + len(payload)) + payload


def test_capt_and_carps_are_only_estimated() -> None:
    several = capt(0xD0A9, capt(0xD0A0, bytes(36)) + capt(0xD0A1))
    job = capt(0xA0A1) + capt(0xE0A3, b"\1\0") + (several + capt(0x8000, capt(0xD0A0) * 5) + capt(0xD0A2)) * 5
    usage = count(job)
    assert (usage.language, usage.impressions, usage.confidence) == ("capt", 5, Confidence.ESTIMATED)

    job = cpca(0x11) + cpca(0x1A, b"\x01\x1b[3v") + cpca(0x1A, b"\x01\x0c") * 5 + cpca(0x13)
    usage = count(job)
    assert (usage.language, usage.impressions, usage.confidence) == ("carps", 15, Confidence.ESTIMATED)


def cpca(operation: int, data: bytes = b"") -> bytes:
    return b"\xcd\xca\x10\x02\x00" + bytes([operation]) + struct.pack(">HH", 1, len(data)) + bytes(10) + data


def test_ufr_ii_is_named_and_never_counted() -> None:
    with pytest.raises(UnknownLanguage, match="UFR II"):
        count(cpca(0x11) + cpca(0x1A, b"\x00\x05LT") * 5 + cpca(0x13))


@pytest.mark.parametrize("name", ["pclxl/gs-pxlmono-five-c5.pxl", "pcl5/hand-colour.pcl"])
def test_another_language_in_canon_packets_is_counted(name: str) -> None:
    octets = (SAMPLES / name).read_bytes()
    pieces = [octets[at : at + 5000] for at in range(0, len(octets), 5000)]
    alone, packed = count(octets), count(cpca(0x11) + b"".join(cpca(0x1A, piece) for piece in pieces) + cpca(0x13))
    assert (packed.language, packed.input_pages) == (alone.language, alone.input_pages)
    assert "nested_language" in [finding.code for finding in packed.findings]


def test_a_brother_color_laser_is_estimated_like_pcl_xl() -> None:
    octets = (SAMPLES / "pclxl/gs-pxlmono-five-c5.pxl").read_bytes()
    start = octets.index(b") HP-PCL XL;")
    usage = count(octets[start:].replace(b" HP-PCL XL;", b" BROTHER XL2HB;", 1))
    assert (usage.language, usage.input_pages, usage.confidence) == ("xl2hb", 5, Confidence.ESTIMATED)
