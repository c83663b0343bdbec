# SPDX-License-Identifier: Apache-2.0
"""Small print files of known length, made here octet by octet. Each page says which one it is."""

import struct

PAGE_POINTS = (595, 842)


def pdf_document(pages: int) -> bytes:
    """A PDF of `pages` A4 pages with a line of text each."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    width, height = PAGE_POINTS
    for number in range(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        content = f"BT /F1 24 Tf 72 720 Td (Page {number + 1} of {pages}) Tj ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for index, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{index} 0 obj\n{body}\nendobj\n".encode()
    table_offset = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table_offset}\n%%EOF\n".encode()
    return bytes(out)


def postscript_document(pages: int) -> bytes:
    """A PostScript program with document structure comments and `pages` calls of showpage."""
    lines = ["%!PS-Adobe-3.0", f"%%Pages: {pages}", "%%BoundingBox: 0 0 595 842", "%%EndComments"]
    for number in range(1, pages + 1):
        lines += [f"%%Page: {number} {number}", "/Helvetica findfont 24 scalefont setfont"]
        lines += [f"72 720 moveto (Page {number} of {pages}) show", "showpage"]
    lines += ["%%Trailer", "%%EOF"]
    return ("\n".join(lines) + "\n").encode()


def text_document(pages: int) -> bytes:
    """Plain text of `pages` short pages, each ended by a form feed."""
    return "".join(f"Page {number} of {pages}\n\f" for number in range(1, pages + 1)).encode()


def pwg_raster_document(pages: int, *, two_sided: bool = False) -> bytes:
    """A PWG raster of `pages` white A4 pages, 100 dpi (coarse, so quick), 8 bit grey (PWG 5102.4 §4)."""
    dots_per_inch = 100
    width, height = (points * dots_per_inch // 72 for points in PAGE_POINTS)
    header = bytearray(1796)
    header[0:10] = b"PwgRaster\0"
    fields = {
        272: int(two_sided),
        276: dots_per_inch,
        280: dots_per_inch,
        340: 1,  # NumCopies
        352: PAGE_POINTS[0],
        356: PAGE_POINTS[1],
        372: width,
        376: height,
        384: 8,  # bits per colour
        388: 8,  # bits per pixel
        392: width,  # octets per line
        396: 0,  # chunky
        400: 18,  # sGray
        420: 1,  # colours
        452: pages,
    }
    for offset, number in fields.items():
        struct.pack_into(">I", header, offset, number)
    header[1732:1750] = b"iso_a4_210x297mm\0\0"
    full, rest = divmod(width, 128)
    white_line = b"\x7f\xff" * full + (bytes([rest - 1]) + b"\xff" if rest else b"")
    lines_full, lines_rest = divmod(height, 256)
    page = (b"\xff" + white_line) * lines_full
    page += (bytes([lines_rest - 1]) + white_line) if lines_rest else b""
    return b"RaS2" + (bytes(header) + page) * pages
