# SPDX-License-Identifier: Apache-2.0
"""What a device prints from the octets it got, counted without any of Pagetoll's code.

PDF is asked of qpdf, PostScript of Ghostscript; rasters, PCL XL and text are walked here, by code that
shares nothing with `pagetoll.languages`. So a charge that equals this number was found twice.

Runs as a program too: `independent_count.py FILE` writes the impressions of a document that an IPP
printer got, whose job is in IPP_COPIES, IPP_SIDES and CONTENT_TYPE.
"""

import itertools
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

UEL = b"\x1b%-12345X"
TEXT_LINES_PER_PAGE = 60


class CountersDisagree(Exception):
    """The data cannot be counted here for sure: broken, unknown, or two ways of counting differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page image as the data describes it."""

    copies: int = 1
    two_sided: bool = False
    run: int = 0  # pages of one run share sheets; a page that asks for a front where a back is due begins a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What comes out of the device."""

    impressions: int
    media_sheets: int


def count_raw(data: bytes) -> Printed:
    """What a device prints that takes `data` on its raw port."""
    return _tally(_documents(data), copies=1, sides=None)


def count_ipp(data: bytes, *, copies: int, sides: str) -> Printed:
    """What an IPP printer prints of one document with these job attributes."""
    return _tally(_documents(data), copies=copies, sides=sides)


def _tally(documents: Sequence[Sequence[Page]], *, copies: int, sides: str | None) -> Printed:
    impressions = media_sheets = 0
    for pages in documents:
        for page, equal in itertools.groupby(pages):
            run_pages = len(list(equal))
            run_copies = page.copies * copies
            two_sided = page.two_sided if sides is None else sides.startswith("two-sided")
            impressions += run_pages * run_copies
            media_sheets += (-(-run_pages // 2) if two_sided else run_pages) * run_copies
    return Printed(impressions=impressions, media_sheets=media_sheets)


def _documents(data: bytes) -> list[list[Page]]:
    """Peel job language off and count each document behind it."""
    if UEL not in data:
        return _plain_documents(data)
    documents: list[list[Page]] = []
    pjl_copies, pjl_two_sided = 1, False
    for part in data.split(UEL):
        lines = re.match(rb"(?:@PJL[^\n]*\n|[ \t\r\n]+)*", part)
        head, body = part[: lines.end()] if lines else b"", part[lines.end() if lines else 0 :]
        if asked := re.findall(rb"@PJL\s+SET\s+(?:COPIES|QTY)\s*=\s*(\d+)", head):
            pjl_copies = int(asked[-1])
        if duplex := re.findall(rb"@PJL\s+SET\s+DUPLEX\s*=\s*(ON|OFF)", head):
            pjl_two_sided = duplex[-1] == b"ON"
        for pages in _plain_documents(body):
            documents.append(
                [
                    replace(page, copies=page.copies * pjl_copies, two_sided=page.two_sided or pjl_two_sided)
                    for page in pages
                ]
            )
    return documents


def _plain_documents(data: bytes) -> list[list[Page]]:
    start = data.lstrip(b" \t\r\n\x04")
    if not start:
        return []
    if start.startswith(b"%PDF-"):
        parts = re.split(rb"(?=%PDF-\d)", data)
        return [_pdf_pages(part) for part in parts if part.startswith(b"%PDF-")]
    if start.startswith(b"%!"):
        return [_postscript_pages(data)]
    if re.match(rb"[()] HP-PCL XL;", start):
        return [list(_pclxl_pages(start))]
    if start.startswith((b"RaS", b"2SaR", b"3SaR", b"tSaR")):
        return [list(_cups_raster_pages(start))]
    if start.startswith(b"UNIRAST\0"):
        return [list(_apple_raster_pages(start))]
    if start.startswith(b"\xff\xd8\xff"):
        return [[Page()]]
    if b"\0" in data or b"\x1b" in data:
        raise CountersDisagree(f"unknown data: {data[:40]!r}")
    return [_text_pages(data)]


# --- PDF and PostScript: programs ------------------------------------------------------------------------


def _pdf_pages(data: bytes) -> list[Page]:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        # the list of page objects: --show-npages would only repeat what /Count says
        command = ["/usr/bin/qpdf", "--warning-exit-0", "--json=1", "--json-key=pages", file.name]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    if done.returncode != 0:
        raise CountersDisagree(f"qpdf: {done.stderr.decode(errors='replace')}")
    return [Page()] * len(json.loads(done.stdout)["pages"])


# Ghostscript calls EndPage for each page (reason 0 showpage, 1 copypage) just before the device prints it:
# the copies and the sidedness in force at that moment go to the output as one line.
_REPORT_EACH_PAGE = """
<< /EndPage {
  exch pop 2 ne dup {
    (\\n@side ) print
    currentpagedevice /NumCopies 2 copy known { get } { pop pop null } ifelse
    dup null eq { pop #copies } if =string cvs print
    ( ) print currentpagedevice /Duplex 2 copy known { get } { pop pop false } ifelse
    dup null eq { pop false } if =string cvs print
    (\\n) print flush
  } if
} >> setpagedevice
"""


def _postscript_pages(data: bytes) -> list[Page]:
    """Two counts of one run: the lines of our EndPage, and the pages in the PCL XL that came out."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "in.ps"), Path(folder, "out.pxl")
        source.write_bytes(data)
        command = ["/usr/bin/gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pxlmono", "-r75"]
        command += ["-o", str(output), "-c", _REPORT_EACH_PAGE, "-f", str(source)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
        if done.returncode != 0:
            raise CountersDisagree(f"gs: {done.stdout[-500:]!r} {done.stderr[-500:]!r}")
        printed = output.read_bytes()
    sides = re.findall(rb"^@side (\d+) (true|false)$", done.stdout, re.MULTILINE)
    pages = [Page(copies=int(copies), two_sided=duplex == b"true") for copies, duplex in sides]
    body = re.search(rb"[()] HP-PCL XL;.*", printed.replace(UEL, b"\x1b"), re.DOTALL)
    output_pages = list(_pclxl_pages(body[0])) if body else []
    if len(pages) != len(output_pages):
        raise CountersDisagree(f"{len(pages)} pages were shown, {len(output_pages)} came out")
    return pages


# --- text ------------------------------------------------------------------------------------------------


def _text_pages(data: bytes) -> list[Page]:
    """Pages end at a form feed or after TEXT_LINES_PER_PAGE lines; nothing behind the last one is no page."""
    chunks = data.split(b"\f")
    if not chunks[-1].strip():
        chunks.pop()
    pages = 0
    for chunk in chunks:
        lines = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        pages += max(1, -(-lines // TEXT_LINES_PER_PAGE))
    return [Page()] * pages


# --- rasters ---------------------------------------------------------------------------------------------


def _cups_raster_pages(data: bytes) -> Iterator[Page]:
    big_endian = data.startswith(b"RaS")
    order = ">" if big_endian else "<"
    kind = data[:4] if big_endian else data[3::-1]
    header_octets = 420 if kind == b"RaSt" else 1796
    at = 0
    while at < len(data):
        if data[at : at + 4] == data[:4]:
            at += 4  # the sync word, again for each file of several sent in a row
        header = data[at : at + header_octets]
        if len(header) < header_octets:
            raise CountersDisagree("raster ends inside a page header")
        (duplex,) = struct.unpack_from(order + "I", header, 272)
        (copies,) = struct.unpack_from(order + "I", header, 340)
        # six fields in a row: height, (unused), bits per colour, bits per pixel, octets per line, colour order
        height, _, _, bits_per_pixel, line_octets, color_order = struct.unpack_from(order + "6I", header, 376)
        at += header_octets
        planes = struct.unpack_from(order + "I", header, 420)[0] if color_order == 2 else 1
        if kind == b"RaS2":
            unit_octets = (bits_per_pixel + 7) // 8 if color_order == 0 else 1
            at = _skip_run_lengths(data, at, height * planes, line_octets, unit_octets)
        else:
            at += height * planes * line_octets
        if at > len(data):
            raise CountersDisagree("raster ends inside a page")
        yield Page(copies=max(1, copies), two_sided=bool(duplex))


def _apple_raster_pages(data: bytes) -> Iterator[Page]:
    at = 12
    while at < len(data):
        if at + 32 > len(data):
            raise CountersDisagree("raster ends inside a page header")
        bits_per_pixel, _, duplex = data[at : at + 3]
        width, height = struct.unpack_from(">II", data, at + 12)
        unit_octets = (bits_per_pixel + 7) // 8
        line_octets = (width * bits_per_pixel + 7) // 8
        at = _skip_run_lengths(data, at + 32, height, line_octets, unit_octets)
        yield Page(two_sided=duplex in (2, 3))


def _skip_run_lengths(data: bytes, at: int, lines: int, line_octets: int, unit_octets: int) -> int:
    """The offset behind `lines` run-length coded lines that start at `at`."""
    try:
        while lines > 0:
            lines -= data[at] + 1
            at += 1
            filled_octets = 0
            while filled_octets < line_octets:
                code = data[at]
                at += 1
                if code == 128:
                    filled_octets = line_octets
                elif code < 128:
                    filled_octets += (code + 1) * unit_octets
                    at += unit_octets
                else:
                    filled_octets += (257 - code) * unit_octets
                    at += (257 - code) * unit_octets
    except IndexError as error:
        raise CountersDisagree("raster ends inside a page") from error
    if lines < 0:
        raise CountersDisagree("a run of lines goes beyond the page")
    return at


# --- PCL XL ----------------------------------------------------------------------------------------------

_XL_BLANK = frozenset(b"\0\t\n\v\f\r ")
_XL_SCALAR_OCTETS = (1, 2, 4, 2, 4, 4)
_XL_PAGE_COPIES, _XL_DUPLEX, _XL_SIMPLEX, _XL_SIDE, _XL_VENDOR_OCTETS = 0x31, 0x35, 0x34, 0x36, 0x92
_XL_FRONT = 0


def _pclxl_pages(data: bytes) -> Iterator[Page]:
    big_endian = data[:1] == b"("
    at = data.index(b"\n") + 1
    attributes: dict[int, int] = {}
    value = 0
    two_sided = front_before = False
    run = 0
    while at < len(data):
        tag = data[at]
        at += 1
        if tag == 0x1B:
            return
        if tag in _XL_BLANK:
            continue
        if tag in (0xFA, 0xFB):
            octets = 4 if tag == 0xFA else 1
            at += octets + int.from_bytes(data[at : at + octets], "little")
        elif tag in (0xF8, 0xF9):
            octets = tag - 0xF7
            attributes[int.from_bytes(data[at : at + octets], "little")] = value
            at += octets
        elif tag >= 0xC0:
            at, value = _xl_value(data, at, tag, "big" if big_endian else "little")
        else:
            if tag == 0x43:
                two_sided = _XL_DUPLEX in attributes or (two_sided and _XL_SIMPLEX not in attributes)
                front = attributes.get(_XL_SIDE) == _XL_FRONT
                run += front and front_before
                front_before = front
            elif tag == 0x44:
                yield Page(copies=attributes.get(_XL_PAGE_COPIES, 1), two_sided=two_sided, run=run)
            elif tag == 0x46:
                at += attributes.get(_XL_VENDOR_OCTETS, 0)
            attributes = {}


def _xl_value(data: bytes, at: int, tag: int, order: str) -> tuple[int, int]:
    """The offset behind a value and, for a scalar, its number."""
    shape, kind = tag & 0xF8, tag & 7
    if kind > 5 or shape not in (0xC0, 0xC8, 0xD0, 0xE0):
        raise CountersDisagree(f"PCL XL: 0x{tag:02x} at {at - 1} is no tag")
    little = order == "little"
    element_octets = _XL_SCALAR_OCTETS[kind]
    elements = {0xC0: 1, 0xD0: 2, 0xE0: 4}.get(shape, 0)
    if shape == 0xC8:
        octets = _XL_SCALAR_OCTETS[data[at] & 7]
        elements = int.from_bytes(data[at + 1 : at + 1 + octets], "little" if little else "big")
        at += 1 + octets
    raw = data[at : at + element_octets]
    return at + elements * element_octets, int.from_bytes(raw, "little" if little else "big")


def main() -> int:
    """Count the document named on the command line, with the IPP job in the environment."""
    data = Path(sys.argv[1]).read_bytes()
    sides = os.environ.get("IPP_SIDES") or os.environ.get("IPP_SIDES_DEFAULT", "one-sided")
    printed = count_ipp(data, copies=int(os.environ.get("IPP_COPIES", "1")), sides=sides)
    print(printed.impressions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
