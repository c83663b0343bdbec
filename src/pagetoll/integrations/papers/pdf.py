# SPDX-License-Identifier: Apache-2.0
"""Sheets drawn as PDF: one page each, the same octets for the same sheets.

From top to bottom: the logo (8 cm wide, centred), the title, the rows with their labels to the left of a middle line,
the details, the footer. A row that is too long is wrapped, then cut; rows that are too many make the letters smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pagetoll.core.messages import _
from pagetoll.core.sheets import A4, PaperSize, Sheet, SheetRow
from pagetoll.integrations.papers.fonts import Face, faces

POINTS_PER_HUNDREDTH_MM = 72 / 2540
LOGO_WIDTH_PT = 8 / 2.54 * 72
LOGO_HEIGHT_SHARE = 0.2
MARGIN_SHARE = 0.08
LABEL_SHARE = 0.38
GAP_PT = 8.0
LINE_SPACING = 1.35
TITLE_PT, DETAIL_PT, FOOTER_PT = 20.0, 8.0, 9.0
#: Tried in this order, until all rows stand on the page: size of the letters, most lines of a row.
ROW_FITS = ((13.0, 6), (13.0, 3), (12.0, 2), (11.0, 2), (10.0, 1), (8.0, 1), (6.0, 1), (4.0, 1))
FULL_SIZE_PT = (420.0, 595.0)
TEXT_LENGTH_MAX = 2000
TITLE_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """Our own small mark: a page with a folded corner, and a barrier before it."""


@dataclass(frozen=True, slots=True)
class Look:
    """How sheets are drawn: the paper, the logo (our mark, a picture, or none), how much lighter than black."""

    paper: PaperSize = A4
    logo: Image.Image | Mark | None = Mark()
    lighter_percent: int = 0


@dataclass(frozen=True, slots=True)
class _Page:
    canvas: Canvas
    width_pt: float
    height_pt: float
    scale: float

    @property
    def margin_pt(self) -> float:
        return self.width_pt * MARGIN_SHARE


def draw(sheets: Sequence[Sheet], look: Look, *, title: str) -> bytes:
    """A PDF document with a page for each sheet; `title` is the document's."""
    width_pt = look.paper.width_hundredths_mm * POINTS_PER_HUNDREDTH_MM
    height_pt = look.paper.height_hundredths_mm * POINTS_PER_HUNDREDTH_MM
    octets = BytesIO()
    canvas = Canvas(octets, pagesize=(width_pt, height_pt), invariant=1, pageCompression=1)
    canvas.setTitle(faces().plain.safe(title[:TITLE_LENGTH_MAX]))
    canvas.setCreator("Pagetoll")
    scale = min(1.0, width_pt / FULL_SIZE_PT[0], height_pt / FULL_SIZE_PT[1])
    page = _Page(canvas, width_pt, height_pt, scale)
    logo = ImageReader(look.logo) if isinstance(look.logo, Image.Image) else look.logo
    for sheet in sheets:
        grey = look.lighter_percent / 100
        canvas.setFillGray(grey)
        canvas.setStrokeGray(grey)
        _draw_sheet(page, sheet, logo)
        canvas.showPage()
    canvas.save()
    return octets.getvalue()


def _draw_sheet(page: _Page, sheet: Sheet, logo: ImageReader | Mark | None) -> None:
    top_pt = page.height_pt - page.margin_pt
    if logo is not None:
        top_pt -= _draw_logo(page, logo, top_pt) + 2 * GAP_PT * page.scale
    top_pt = _centred(page, sheet.title, top_pt, TITLE_PT * page.scale, faces().bold) - 2 * GAP_PT * page.scale
    bottom_pt = page.margin_pt
    if sheet.footer:
        footer_pt = FOOTER_PT * page.scale
        _centred(page, sheet.footer, bottom_pt + footer_pt * LINE_SPACING, footer_pt, faces().plain)
        bottom_pt += footer_pt * LINE_SPACING + GAP_PT
    top_pt = _draw_rows(page, sheet.rows, top_pt, bottom_pt)
    _draw_details(page, sheet.details, top_pt - GAP_PT * page.scale, bottom_pt)


def _draw_logo(page: _Page, logo: ImageReader | Mark, top_pt: float) -> float:
    """Draws it below `top_pt`; returns its height."""
    if isinstance(logo, Mark):
        return _draw_mark(page, top_pt)
    across, down = (int(side) for side in logo.getSize())
    width_pt = min(LOGO_WIDTH_PT, page.width_pt - 2 * page.margin_pt)
    height_pt = width_pt * down / across
    most_pt = page.height_pt * LOGO_HEIGHT_SHARE
    if height_pt > most_pt:
        width_pt, height_pt = max(1.0, width_pt * most_pt / height_pt), most_pt
    left_pt = (page.width_pt - width_pt) / 2
    page.canvas.drawImage(logo, left_pt, top_pt - height_pt, width_pt, max(1.0, height_pt))
    return height_pt


def _draw_mark(page: _Page, top_pt: float) -> float:
    canvas, unit_pt = page.canvas, 6.0 * page.scale
    left_pt, low_pt = page.width_pt / 2 - 3 * unit_pt, top_pt - 8 * unit_pt
    canvas.setLineWidth(unit_pt / 4)
    outline = canvas.beginPath()
    outline.moveTo(left_pt, low_pt)
    for across, up in ((0, 8), (4, 8), (6, 6), (6, 0)):
        outline.lineTo(left_pt + across * unit_pt, low_pt + up * unit_pt)
    outline.close()
    fold = ((4, 8, 4, 6), (4, 6, 6, 6))
    canvas.drawPath(outline)
    canvas.lines([tuple(_at(left_pt, low_pt, unit_pt, *line)) for line in fold])
    canvas.rect(left_pt - 2 * unit_pt, low_pt + 2 * unit_pt, 10 * unit_pt, unit_pt, stroke=0, fill=1)
    canvas.rect(left_pt - 2.5 * unit_pt, low_pt, unit_pt, 4 * unit_pt, stroke=0, fill=1)
    return 8 * unit_pt


def _at(left_pt: float, low_pt: float, unit_pt: float, *line: int) -> list[float]:
    return [(left_pt, low_pt)[place % 2] + step * unit_pt for place, step in enumerate(line)]


def _centred(page: _Page, text: str, top_pt: float, size_pt: float, face: Face) -> float:
    """Draws one line below `top_pt`; returns where it ends."""
    (line,) = wrapped(face, text, size_pt, page.width_pt - 2 * page.margin_pt, 1)
    page.canvas.setFont(face.name, size_pt)
    page.canvas.drawCentredString(page.width_pt / 2, top_pt - size_pt, line)
    return top_pt - size_pt * LINE_SPACING


def _draw_rows(page: _Page, rows: Sequence[SheetRow], top_pt: float, bottom_pt: float) -> float:
    inner_pt = page.width_pt - 2 * page.margin_pt
    middle_pt = page.margin_pt + inner_pt * LABEL_SHARE
    value_pt = inner_pt * (1 - LABEL_SHARE) - GAP_PT
    for size_pt, most_lines in ROW_FITS:
        size_pt *= page.scale
        laid = [(row, wrapped(_face(row), row.value, size_pt, value_pt, most_lines)) for row in rows]
        line_pt = size_pt * LINE_SPACING
        if sum(len(lines) for _row, lines in laid) * line_pt <= top_pt - bottom_pt:
            break
    for row, lines in laid:
        face = _face(row)
        page.canvas.setFont(face.name, size_pt)
        (label,) = wrapped(face, row.label, size_pt, inner_pt * LABEL_SHARE - GAP_PT, 1)
        page.canvas.drawRightString(middle_pt - GAP_PT, top_pt - size_pt, label)
        for line in lines:
            page.canvas.drawString(middle_pt, top_pt - size_pt, line)
            top_pt -= line_pt
    return top_pt


def _face(row: SheetRow) -> Face:
    return faces().bold if row.strong else faces().plain


def _draw_details(page: _Page, details: Sequence[str], top_pt: float, bottom_pt: float) -> None:
    size_pt = DETAIL_PT * page.scale
    line_pt = size_pt * LINE_SPACING
    room = max(0, int((top_pt - bottom_pt) / line_pt))
    shown = list(details[:room])
    if 0 < room < len(details):
        shown[-1] = _("… and {number} more").format(number=len(details) - room + 1)
    page.canvas.setFont(faces().plain.name, size_pt)
    for detail in shown:
        (line,) = wrapped(faces().plain, detail, size_pt, page.width_pt - 2 * page.margin_pt, 1)
        page.canvas.drawString(page.margin_pt, top_pt - size_pt, line)
        top_pt -= line_pt


def wrapped(face: Face, text: str, size_pt: float, width_pt: float, most_lines: int) -> list[str]:
    """The text in lines of at most that width, at least one; what does not fit is cut and ends with dots.

    Lines break at blanks, and inside a word that is wider than a line.
    """
    words = face.safe(" ".join(text[:TEXT_LENGTH_MAX].split())).split(" ")
    lines = [""]
    while words:
        word = words.pop(0)
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if face.width_pt(longer, size_pt) <= width_pt:
            lines[-1] = longer
        elif lines[-1]:
            lines.append("")
            words.insert(0, word)
        else:
            fits = _fitting(face, word, size_pt, width_pt)
            lines[-1], rest = word[:fits], word[fits:]
            if rest:
                lines.append("")
                words.insert(0, rest)
        if len(lines) > most_lines:
            last = lines[most_lines - 1]
            dots = "…" if ord("…") in face.font.face.charToGlyph else "..."
            room_pt = width_pt - face.width_pt(dots, size_pt)
            return [*lines[: most_lines - 1], last[: _fitting(face, last, size_pt, room_pt)] + dots]
    return lines


def _fitting(face: Face, word: str, size_pt: float, width_pt: float) -> int:
    """How many characters of the word fit, at least one."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        if face.width_pt(word[:middle], size_pt) <= width_pt:
            low = middle
        else:
            high = middle - 1
    return low
