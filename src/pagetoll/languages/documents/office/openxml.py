# SPDX-License-Identifier: Apache-2.0
"""Office Open XML: texts by their stated page count and page breaks, presentations by their slides.

Source: ECMA-376. Writers that lay nothing out state one page for whatever they
write, so the hard page breaks of the text are counted, too. A workbook has no number of pages before layout.
"""

from dataclasses import dataclass, field

from pagetoll.core.errors import UnknownLanguage
from pagetoll.languages.documents.office.markup import walk
from pagetoll.languages.documents.office.package import Package
from pagetoll.languages.documents.office.relations import related
from pagetoll.languages.documents.office.slides import count_slides
from pagetoll.languages.documents.office.statistics import Body, stated_pages, visible_color, weigh
from pagetoll.languages.documents.office.styles import Style, color_of
from pagetoll.languages.parsed import Context, Parsed

_OFF = frozenset(["0", "false", "off"])
_GREY_MARKERS = frozenset(["none", "black", "white", "lightGray", "darkGray"])
_COLORED_OBJECTS = frozenset(["drawing", "pict", "object"])


def parse(package: Package, main_part: str, kind: str, context: Context) -> Parsed:
    """Count the document in `main_part`; `kind` is docx, pptx or xlsx. Raises UnknownLanguage for workbooks."""
    parsed = Parsed(kind, package.end)
    if kind == "docx":
        return weigh(parsed, _stated(package, "Pages"), _TextWalk(package, main_part).found())
    if kind == "pptx":
        return count_slides(package, main_part, parsed, _stated(package, "Slides"), context)
    raise UnknownLanguage("a workbook states no number of pages; print it as PDF", package.end)


def _stated(package: Package, wanted: str) -> int | None:
    """A number of the extended properties."""
    parts = related(package, "", "/extended-properties") or ["docProps/app.xml"]
    inside, text = False, ""

    def on_start(element: str, attributes: dict[str, str]) -> None:  # noqa: ARG001
        nonlocal inside
        inside = element == wanted

    def on_text(piece: str) -> None:
        nonlocal text
        if inside:
            text = (text + piece)[:40]

    def on_end(element: str) -> None:  # noqa: ARG001
        nonlocal inside
        inside = False

    if parts[0] in package:
        walk(package.chunks(parts[0]), on_start, on_end, on_text, offset=package.offset(parts[0]))
    return stated_pages(text)


@dataclass(slots=True)
class _TextWalk:
    """A walk over the text: hard page breaks, sections on new pages, colored letters, pictures."""

    package: Package
    main_part: str
    body: Body = field(default_factory=Body)
    rendered_breaks: int = 0
    _styles: dict[str, Style] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _paragraph_style: str = ""
    _run_style: str = ""
    _run_color: str = ""
    _section_type: str = ""
    _any_content: bool = False

    def found(self) -> Body:
        """The body; where the last layout left more marks than there are hard breaks, those count."""
        for part in related(self.package, self.main_part, "/styles")[:1]:
            if part in self.package:
                self._read_styles(part)
        offset = self.package.offset(self.main_part)
        walk(self.package.chunks(self.main_part), self._start, self._end, self._text, offset=offset)
        for kind in ("/header", "/footer"):
            for part in related(self.package, self.main_part, kind)[:100]:
                content = self.package.read(part)
                # Which pages a colored header prints on is not known.
                self.body.color_known &= not any(
                    mark in content for mark in (b"color ", b"drawing", b"pict", b"rStyle")
                )
        if self.rendered_breaks > self.body.breaks:
            self.body.breaks = self.rendered_breaks
            self.body.color_known = self.body.color_known and not self.body.colored
        return self.body

    def _read_styles(self, part: str) -> None:
        current = Style()

        def on_start(element: str, attributes: dict[str, str]) -> None:
            nonlocal current
            if element == "style":
                current = self._styles.setdefault(attributes.get("styleId", ""), Style())
            elif element == "basedOn":
                current.parent = attributes.get("val", "")
            elif element == "color":
                current.color = attributes.get("val", "")

        walk(self.package.chunks(part), on_start, offset=self.package.offset(part))

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        inside = self._open[-1] if self._open else ""
        if element == "br" and attributes.get("type") == "page":
            self.body.breaks += 1
        elif element == "lastRenderedPageBreak":
            self.rendered_breaks += 1
        elif element == "pageBreakBefore" and value not in _OFF:
            self.body.breaks += self._any_content
        elif element == "sectPr":
            self._section_type = "nextPage"
        elif element == "type" and inside == "sectPr":
            self._section_type = value
        else:
            self._look(element, inside, value, attributes.get("fill", ""))
        self._open.append(element)

    def _look(self, element: str, inside: str, value: str, fill: str) -> None:
        """Keep what tells the color of the next letters."""
        if element == "p":
            self._paragraph_style = ""
        elif element == "r":
            self._run_style, self._run_color = "", ""
        elif element == "pStyle":
            self._paragraph_style = value
        elif element == "rStyle":
            self._run_style = value
        elif element == "color" and inside == "rPr":
            self._run_color = value
        elif element == "highlight" and value not in _GREY_MARKERS:
            self._run_color = "FFFF00"
        elif element in _COLORED_OBJECTS or (element == "shd" and visible_color(fill)):
            self.body.color_known = False

    def _end(self, element: str) -> None:
        self._open.pop()
        if element == "sectPr" and "pPr" in self._open[-1:]:
            self.body.breaks += self._section_type in ("nextPage", "oddPage", "evenPage")
        elif element == "p":
            self._any_content = True

    def _text(self, text: str) -> None:
        if self._open and self._open[-1] == "t" and text.strip():
            color = self._run_color or color_of(self._styles, self._run_style)
            color = color or color_of(self._styles, self._paragraph_style)
            if visible_color(color):
                self.body.paint()
