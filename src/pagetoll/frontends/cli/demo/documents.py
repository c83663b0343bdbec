# SPDX-License-Identifier: Apache-2.0
"""The demonstration's documents: a PDF, a PostScript program and a text, written here so that nothing is shipped."""

PAGE_WIDTH_POINTS, PAGE_HEIGHT_POINTS = 595, 842
_TITLE_SIZE_POINTS, _TEXT_SIZE_POINTS, _LEADING_POINTS = 24, 12, 18
_LEFT_POINTS, _TOP_POINTS = 72, 740


def pdf(title: str, pages: list[list[str]]) -> bytes:
    """A PDF 1.4 file: on each page the title, a rule and some lines of text, which must be Latin-1."""
    first_page = 4
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        content = _page_content(f"{title}, page {number + 1} of {len(pages)}", lines)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_WIDTH_POINTS} {PAGE_HEIGHT_POINTS}]"
            f" /Contents {first_page + 1 + 2 * number} 0 R /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return _file_of(objects)


def _page_content(title: str, lines: list[str]) -> bytes:
    rule = f"0.2 0.4 0.7 RG 2 w {_LEFT_POINTS} {_TOP_POINTS - 10} m 520 {_TOP_POINTS - 10} l S"
    text = [f"BT /F1 {_TITLE_SIZE_POINTS} Tf {_LEFT_POINTS} {_TOP_POINTS} Td ({_escaped(title)}) Tj ET", rule]
    text.append(f"BT /F1 {_TEXT_SIZE_POINTS} Tf {_LEADING_POINTS} TL {_LEFT_POINTS} {_TOP_POINTS - 40} Td")
    text += [f"({_escaped(line)}) '" for line in lines]
    return "\n".join([*text, "ET"]).encode("latin-1")


def _escaped(text: str) -> str:
    """A string of PDF or PostScript: backslash and parentheses with a backslash before them."""
    return "".join(f"\\{character}" if character in "\\()" else character for character in text)


def _file_of(objects: list[bytes]) -> bytes:
    """Objects numbered from 1, their table of offsets, and the trailer (ISO 32000-1 §7.5)."""
    file = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(file)


def postscript(title: str, pages: list[list[str]]) -> bytes:
    """A PostScript program that draws its pages by a procedure, as programs do; the lines must be Latin-1."""
    lines = [
        "%!PS-Adobe-3.0",
        f"%%Title: {title}",
        f"%%Pages: {len(pages)}",
        f"%%BoundingBox: 0 0 {PAGE_WIDTH_POINTS} {PAGE_HEIGHT_POINTS}",
        "%%EndComments",
        f"/line {{ {_LEFT_POINTS} height moveto show /height height {_LEADING_POINTS} sub def }} bind def",
    ]
    for number, texts in enumerate(pages, 1):
        lines += [f"%%Page: {number} {number}", f"/height {_TOP_POINTS} def"]
        lines += [f"/Helvetica findfont {_TITLE_SIZE_POINTS} scalefont setfont", f"({_escaped(title)}) line"]
        lines += [f"/Helvetica findfont {_TEXT_SIZE_POINTS} scalefont setfont"]
        lines += [f"({_escaped(text)}) line" for text in texts]
        lines.append("showpage")
    return "\n".join([*lines, "%%Trailer", "%%EOF", ""]).encode("latin-1")


def text(lines: list[str]) -> bytes:
    """Plain text."""
    return "\n".join([*lines, ""]).encode()
