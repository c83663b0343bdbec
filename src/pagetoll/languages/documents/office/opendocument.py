# SPDX-License-Identifier: Apache-2.0
"""OpenDocument: texts by their stated page count and page breaks, slides and drawings by their pages.

Source: OpenDocument 1.3 (OASIS). A spreadsheet has no number of pages before it is
laid out, so it is refused with that reason.
"""

from dataclasses import dataclass, field

from pagetoll.core.errors import DocumentError, MalformedDocument, UnknownLanguage
from pagetoll.core.usage import Confidence
from pagetoll.languages.documents.office.markup import walk
from pagetoll.languages.documents.office.package import Package
from pagetoll.languages.documents.office.statistics import Body, stated_pages, visible_color, weigh
from pagetoll.languages.documents.office.styles import Style, color_of
from pagetoll.languages.parsed import Context, Parsed, Run

MIMETYPE = "application/vnd.oasis.opendocument."
_COLORED_OBJECTS = frozenset(["image", "object", "object-ole", "custom-shape", "rect", "path", "polygon", "line"])
_MARGINS = frozenset(["header", "footer", "header-left", "footer-left", "header-first", "footer-first"])


@dataclass(slots=True)
class _Style(Style):
    background: str = ""
    breaks_before: bool = False
    breaks_after: bool = False
    hidden: bool = False


def parse(package: Package, mimetype: str, context: Context) -> Parsed:
    """Count an OpenDocument package. Raises UnknownLanguage for kinds without a number of pages."""
    kind = mimetype.removeprefix(MIMETYPE).removesuffix("-template")
    parsed = Parsed("odf", package.end)
    _refuse_encrypted(package)
    if kind in ("text", "text-master", "text-web"):
        stated = _stated(package)
        return weigh(parsed, stated, _TextWalk(package).body)
    if kind in ("presentation", "graphics"):
        _slides(package, parsed, context)
        return parsed
    raise UnknownLanguage("a spreadsheet or chart states no number of pages; print it as PDF", package.end)


def _refuse_encrypted(package: Package) -> None:
    def on_start(element: str, attributes: dict[str, str]) -> None:  # noqa: ARG001
        if element == "encryption-data":
            raise DocumentError("the document is encrypted; print it without a password", offset)

    offset = package.offset("META-INF/manifest.xml")
    if "META-INF/manifest.xml" in package:
        walk(package.chunks("META-INF/manifest.xml"), on_start, offset=offset)


def _stated(package: Package) -> int | None:
    found: list[str] = []

    def on_start(element: str, attributes: dict[str, str]) -> None:
        if element == "document-statistic":
            found.append(attributes.get("page-count", ""))

    if "meta.xml" in package:
        walk(package.chunks("meta.xml"), on_start, offset=package.offset("meta.xml"))
    return stated_pages(found[0]) if found else None


def _slides(package: Package, parsed: Parsed, context: Context) -> None:
    """The pages of a presentation or drawing, without hidden slides and without notes."""
    styles: dict[str, _Style] = {}
    reader = _StyleReader(styles)
    pages = 0

    def on_start(element: str, attributes: dict[str, str]) -> None:
        nonlocal pages
        reader.on_start(element, attributes)
        if element == "page" and "master-page-name" in attributes:
            hidden = styles.get(attributes.get("style-name", ""), _Style()).hidden
            pages += not hidden

    if "content.xml" not in package:
        raise MalformedDocument("the document has no content", package.end)
    walk(package.chunks("content.xml"), on_start, offset=package.offset("content.xml"))
    if not pages:
        raise MalformedDocument("the presentation has no page that prints", package.offset("content.xml"))
    parsed.confidence = Confidence.DECLARED
    if pages > context.limits.input_pages:
        parsed.at_least("limit", package.end)
    parsed.add(Run(min(pages, context.limits.input_pages)))


class _StyleReader:
    """Gathers what styles say about breaks, color and visibility."""

    def __init__(self, styles: dict[str, _Style]) -> None:
        self._styles = styles
        self._current = _Style()

    def on_start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "style":
            # A style that names a master page starts a page of its own.
            self._current = _Style(attributes.get("parent-style-name", ""))
            self._current.breaks_before = bool(attributes.get("master-page-name"))
            self._styles[attributes.get("name", "")] = self._current
        elif element.endswith("-properties"):
            current = self._current
            current.color = attributes.get("color", current.color)
            current.background = attributes.get("background-color", current.background)
            current.breaks_before |= attributes.get("break-before") == "page"
            current.breaks_after |= attributes.get("break-after") == "page"
            current.hidden |= attributes.get("visibility") == "hidden"


@dataclass(slots=True)
class _TextWalk:
    """A walk over the text: breaks before paragraphs and tables, colored letters, pictures."""

    package: Package
    body: Body = field(default_factory=Body)
    _styles: dict[str, _Style] = field(default_factory=dict)
    _in_text: bool = False
    _in_margin: bool = False
    _any_content: bool = False
    _skip: int = 0
    _open: list[tuple[str, bool, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for part in ("styles.xml", "content.xml"):
            if part not in self.package:
                continue
            reader = _StyleReader(self._styles)
            self._in_margin = False

            def on_start(element: str, attributes: dict[str, str], reader: _StyleReader = reader) -> None:
                if element == "body":
                    self._in_text = True
                if self._in_text:
                    self._element(element, attributes)
                elif self._in_margin or element in _MARGINS:
                    self._in_margin = True
                    self._margin(element, attributes)
                else:
                    reader.on_start(element, attributes)

            walk(
                self.package.chunks(part),
                on_start,
                self._end if part == "content.xml" else None,
                self._text,
                offset=self.package.offset(part),
            )

    def _element(self, element: str, attributes: dict[str, str]) -> None:
        style = self._styles.get(attributes.get("style-name", ""), _Style())
        colored = bool(self._open) and self._open[-1][1]
        if element in ("p", "h", "span", "a"):
            own = color_of(self._styles, attributes.get("style-name", ""))
            colored = visible_color(own) if own else colored
        if element in ("p", "h", "table") and style.breaks_before and self._any_content:
            self.body.breaks += 1
        if element == "soft-page-break":
            self.body.breaks += 1
        if element in ("p", "h", "table"):
            self._any_content = True
        if element in _COLORED_OBJECTS or visible_color(style.background):
            self.body.color_known = False
        self._open.append((element, colored, style.breaks_after and element in ("p", "h", "table")))

    def _margin(self, element: str, attributes: dict[str, str]) -> None:
        """Headers and footers: where these hold color, the pages that do are not known."""
        colored = visible_color(color_of(self._styles, attributes.get("style-name", "")))
        self.body.color_known &= not (element in _COLORED_OBJECTS or colored)

    def _end(self, element: str) -> None:  # noqa: ARG002
        if self._open:
            _element, _colored, breaks_after = self._open.pop()
            self.body.breaks += breaks_after

    def _text(self, text: str) -> None:
        if self._open and self._open[-1][1] and text.strip():
            self.body.paint()
