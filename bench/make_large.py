# SPDX-License-Identifier: Apache-2.0
"""Make large print files with known numbers, for timing the counter.

    python bench/make_large.py FOLDER [NAME ...]

writes into FOLDER, and prints a line of JSON for each file with its path, octets, pages and impressions:

| name        | what it is                                                                                  |
|-------------|---------------------------------------------------------------------------------------------|
| scan-pdf    | 60 MB of PDF: 100 scanned pages, one JPEG-like picture each                                 |
| pcl5        | 78 MB of PCL 5: 150 pages of 600 dpi raster, delta row and packbits, two-sided, two copies  |
| pcl5-text   | 20 MB of PCL 5: pages of words, each placed on its own                                      |
| hiperc      | 46 MB of HIPERC: the job of tests/samples repeated, each with its own PJL                   |
| objects-pdf | 2,000 pages of PDF, the page tree in compressed object streams                              |

The files need no tools but Python and are the same on every machine.
"""

import json
import random
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "tests" / "samples"
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Made:
    name: str
    path: str
    octets: int
    pages: int
    impressions: int


def noise(octets: int, seed: int) -> bytes:
    """Octets without order, as compressed pictures have them."""
    return random.Random(seed).randbytes(octets)


class PdfWriter:
    """Objects one behind the other, with their places for the cross-reference."""

    def __init__(self) -> None:
        self.out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
        self.places: dict[int, tuple[int, int, int]] = {}

    def add(self, number: int, body: bytes) -> None:
        self.places[number] = (1, len(self.out), 0)
        self.out += b"%d 0 obj\n%s\nendobj\n" % (number, body)

    def add_stream(self, number: int, entries: bytes, content: bytes) -> None:
        self.add(number, b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), entries, content))

    def finish_with_table(self, root: int) -> bytes:
        start, size = len(self.out), max(self.places) + 1
        rows = b"".join(b"%010d 00000 n \n" % self.places[number][1] for number in range(1, size))
        self.out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows)
        self.out += b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, start)
        return bytes(self.out)

    def finish_with_stream(self, root: int) -> bytes:
        number = max(self.places) + 1
        start = len(self.out)
        self.places[number] = (1, start, 0)
        rows = struct.pack(">BIH", 0, 0, 0xFFFF)
        rows += b"".join(struct.pack(">BIH", *self.places[one]) for one in range(1, number + 1))
        entries = b"/Type/XRef/W[1 4 2]/Size %d/Root %d 0 R/Filter/FlateDecode" % (number + 1, root)
        self.add_stream(number, entries, zlib.compress(rows))
        self.out += b"startxref\n%d\n%%%%EOF\n" % start
        return bytes(self.out)


def scan_pdf() -> tuple[bytes, int, int]:
    pages, picture_octets = 100, 600_000
    pdf = PdfWriter()
    kids = b" ".join(b"%d 0 R" % (3 + 3 * page) for page in range(pages))
    pdf.add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    pdf.add(2, b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids))
    picture = b"/Type/XObject/Subtype/Image/Width 2480/Height 3508/BitsPerComponent 8/ColorSpace/DeviceGray"
    for page in range(pages):
        first = 3 + 3 * page
        body = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R" % (first + 1)
        pdf.add(first, body + b"/Resources<</XObject<</Im0 %d 0 R>>>>>>" % (first + 2))
        pdf.add_stream(first + 1, b"", b"q 595 0 0 842 0 0 cm /Im0 Do Q")
        pdf.add_stream(first + 2, picture + b"/Filter/DCTDecode", noise(picture_octets, page))
    return pdf.finish_with_table(1), pages, pages


def objects_pdf() -> tuple[bytes, int, int]:
    pages, in_a_stream = 2000, 100
    pdf = PdfWriter()
    content, first = 3, 4
    objects = {1: b"<</Type/Catalog/Pages 2 0 R>>"}
    kids = b" ".join(b"%d 0 R" % (first + page) for page in range(pages))
    objects[2] = b"<</Type/Pages/Count %d/MediaBox[0 0 595 842]/Kids[%s]>>" % (pages, kids)
    for page in range(pages):
        objects[first + page] = b"<</Type/Page/Parent 2 0 R/Resources<<>>/Contents %d 0 R>>" % content
    pdf.add_stream(content, b"", b"0 0 m 100 100 l S")
    numbers = sorted(objects)
    for at in range(0, len(numbers), in_a_stream):
        stream = first + pages + at // in_a_stream
        heads, bodies = b"", b""
        for index, number in enumerate(numbers[at : at + in_a_stream]):
            heads += b"%d %d " % (number, len(bodies))
            bodies += objects[number] + b"\n"
            pdf.places[number] = (2, stream, index)
        entries = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(numbers[at : at + in_a_stream]), len(heads))
        pdf.add_stream(stream, entries, zlib.compress(heads + bodies))
    return pdf.finish_with_stream(1), pages, pages


def raster_page(rows: list[bytes]) -> bytes:
    """A page as mono laser drivers write it: white space skipped, text rows short, pictures long."""
    head = b"\x1b&l26A\x1b&l1S\x1b&u600D\x1b*t600R\x1b*p0x355Y\x1b*r1A"
    return head + b"".join(rows) + b"\x1b*rB\f"


def pcl5() -> tuple[bytes, int, int]:
    pages, copies, wanted = 150, 2, 78 * MEGABYTE
    stock = noise(1 << 20, 5)
    source = random.Random(6)
    per_page = wanted // pages
    out = bytearray(b"\x1b%-12345X@PJL JOB\n@PJL ENTER LANGUAGE=PCL\n\x1bE\x1b&l" + b"%dX" % copies)
    for page in range(pages):
        rows, octets = [b"\x1b*b%dM" % (3 if page % 2 else 2)], 0
        while octets < per_page:
            length = source.choice((7, 30, 60, 120, 300, 590))
            at = source.randrange(len(stock) - length)
            rows.append(b"\x1b*b%dW" % length + stock[at : at + length])
            octets += len(rows[-1])
            if length == 7:
                rows.append(b"\x1b*b%dY" % source.randrange(1, 90))
        out += raster_page(rows)
    return bytes(out + b"\x1bE\x1b%-12345X@PJL EOJ\n\x1b%-12345X"), pages, pages * copies


def pcl5_text() -> tuple[bytes, int, int]:
    source = random.Random(7)
    words = [noise(6, n).hex()[: source.randrange(1, 12)].encode() for n in range(500)]
    out, pages = bytearray(b"\x1bE\x1b&l26A"), 0
    while len(out) < 20 * MEGABYTE:
        out += b"\x1b(8U\x1b(s1p10v0s0b4148T"
        for line in range(60):
            for word in range(8):
                out += b"\x1b*p%dx%dY" % (150 + 260 * word, 150 + 50 * line) + source.choice(words)
        out += b"\f"
        pages += 1
    return bytes(out + b"\x1bE"), pages, pages


def hiperc() -> tuple[bytes, int, int]:
    job = (SAMPLES / "hiperc" / "fm-Oki-C301dn-label1.prn").read_bytes()
    times = -(-46 * MEGABYTE // len(job))
    return job * times, times, times


MAKERS: dict[str, tuple[str, Callable[[], tuple[bytes, int, int]]]] = {
    "scan-pdf": ("scan.pdf", scan_pdf),
    "pcl5": ("raster.pcl", pcl5),
    "pcl5-text": ("text.pcl", pcl5_text),
    "hiperc": ("hiperc.prn", hiperc),
    "objects-pdf": ("objects.pdf", objects_pdf),
}


def make(folder: Path, names: list[str]) -> Iterator[Made]:
    """Write the files of `names` into `folder`; what was written, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        file_name, maker = MAKERS[name]
        data, pages, impressions = maker()
        path = folder / file_name
        path.write_bytes(data)
        yield Made(name, str(path), len(data), pages, impressions)


def main() -> None:
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(MAKERS):
        sys.exit(f"usage: make_large.py FOLDER [{' | '.join(MAKERS)} ...]")
    for made in make(Path(sys.argv[1]), sys.argv[2:] or list(MAKERS)):
        print(json.dumps(asdict(made)))


if __name__ == "__main__":
    main()
