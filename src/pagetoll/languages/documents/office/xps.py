# SPDX-License-Identifier: Apache-2.0
"""XPS and OXPS: the pages that the fixed documents list, whatever page parts the package holds besides.

    _rels/.rels -> fixed document sequence -> DocumentReference -> fixed document -> PageContent -> page

Source: ECMA-388. Color is read from the brushes of the page markup.
"""

import re
from dataclasses import replace

from pagetoll.core.errors import DocumentError, MalformedDocument
from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.documents.images.colors import picture_color
from pagetoll.languages.documents.office.markup import walk
from pagetoll.languages.documents.office.package import Package
from pagetoll.languages.documents.office.relations import related, resolve
from pagetoll.languages.documents.office.ticket import Ticket, read_ticket
from pagetoll.languages.parsed import ANY_SIZE, Context, Parsed, Run, as_far_as_time_allows
from pagetoll.languages.pixels import TOLERANCE

_POINTS_PER_UNIT = 72 / 96
_HEX = re.compile(r"#(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})\Z")
_SCRGB = re.compile(r"sc#(?:\s{0,9}-?\d{0,9}\.?\d{1,9}\s{0,9}(?:,|\Z)){3,4}\Z")
_BRUSHES = frozenset(["Fill", "Stroke", "Color"])


def parse(package: Package, context: Context) -> Parsed:
    """Count an XPS package. Raises MalformedDocument, DocumentTooComplex or DocumentError without a page."""
    parsed = Parsed("xps", package.end)
    return as_far_as_time_allows(lambda found: _Walk(package, found, context).documents(), parsed, package.end)


class _Walk:
    """One walk from the root of the package down to its pages."""

    def __init__(self, package: Package, parsed: Parsed, context: Context) -> None:
        self._package = package
        self._parsed = parsed
        self._context = context
        self._pictures: dict[str, ColorClass] = {}

    def documents(self) -> Parsed:
        package, parsed = self._package, self._parsed
        roots = related(package, "", "/fixedrepresentation")
        if not roots:
            raise MalformedDocument("the XPS package names no document", 0)
        ticket = self._ticket("", Ticket())
        ticket = self._ticket(roots[0], ticket)
        for document in self._references(roots[0], "DocumentReference"):
            self._pages(document, self._ticket(document, ticket))
        if not parsed.input_pages:
            raise MalformedDocument("the XPS package has no page", package.offset(roots[0]))
        return parsed

    def _ticket(self, part: str, above: Ticket) -> Ticket:
        for found in related(self._package, part, "/printticket")[:1]:
            if found in self._package:
                return read_ticket(self._package, found, above)
        return above

    def _references(self, part: str, wanted: str) -> list[str]:
        if part not in self._package:
            raise MalformedDocument("a part of the XPS document is missing", self._package.end)
        found: list[str] = []
        limit = self._context.limits.input_pages

        def on_start(element: str, attributes: dict[str, str]) -> None:
            if element == wanted and "Source" in attributes and len(found) <= limit:
                found.append(resolve(part, attributes["Source"]))

        walk(self._package.chunks(part), on_start, offset=self._package.offset(part))
        return found

    def _pages(self, document: str, ticket: Ticket) -> None:
        known: dict[str, Run] = {}
        new_sheet = bool(self._parsed.input_pages) and not ticket.documents_join
        for page in self._references(document, "PageContent"):
            if self._parsed.input_pages >= self._context.limits.input_pages:
                self._parsed.at_least("limit", self._package.end)
                return
            self._context.guard.check(self._package.offset(page))
            if page not in known:
                known[page] = self._page(page, ticket)
            self._parsed.add(replace(known[page], starts_sheet=new_sheet))
            new_sheet = False

    def _page(self, page: str, ticket: Ticket) -> Run:
        """One page. A page part that cannot be read is still a page, of unknown size and color."""
        try:
            ticket = self._ticket(page, ticket)
            media, color = self._markup(page)
        except DocumentError as error:
            self._parsed.note("damaged", error.offset)
            self._parsed.confidence = Confidence.ESTIMATED
            media, color = ANY_SIZE, ColorClass.UNKNOWN
        if ticket.monochrome:
            color = ColorClass.MONO
        return Run(1, ticket.copies, ticket.duplex, color, media)

    def _markup(self, page: str) -> tuple[tuple[float, float], ColorClass]:
        """Size in points and color class, from the elements of the page and of the dictionaries it names."""
        if page not in self._package:
            raise MalformedDocument("a page of the XPS document is missing", self._package.end)
        media, color = ANY_SIZE, ColorClass.MONO
        waiting, dictionaries = [page], 0
        while waiting:
            part = waiting.pop()

            def on_start(element: str, attributes: dict[str, str], part: str = part) -> None:
                nonlocal media, color, dictionaries
                if element == "FixedPage" and part == page:
                    media = _size(attributes)
                elif element == "ResourceDictionary" and "Source" in attributes and dictionaries < 8:
                    dictionaries += 1
                    waiting.append(resolve(part, attributes["Source"]))
                elif element == "ImageBrush" and color is not ColorClass.COLOR:
                    color = _worse(color, self._picture(resolve(part, attributes.get("ImageSource", ""))))
                if color is not ColorClass.COLOR:
                    for name in _BRUSHES & attributes.keys():
                        color = _worse(color, _brush(attributes[name]))

            if part in self._package:
                walk(self._package.chunks(part), on_start, offset=self._package.offset(part))
        return media, color

    def _picture(self, part: str) -> ColorClass:
        if part not in self._pictures:
            octets = self._package.read(part) if part in self._package else b""
            self._pictures[part] = picture_color(octets, 0, len(octets), self._context.guard)
        return self._pictures[part]


def _worse(first: ColorClass, second: ColorClass) -> ColorClass:
    if ColorClass.COLOR in (first, second):
        return ColorClass.COLOR
    return ColorClass.UNKNOWN if ColorClass.UNKNOWN in (first, second) else ColorClass.MONO


def _size(attributes: dict[str, str]) -> tuple[float, float]:
    try:
        width, height = float(attributes["Width"]), float(attributes["Height"])
    except (KeyError, ValueError):
        return ANY_SIZE
    if not (0 < width < 1e6 and 0 < height < 1e6):
        return ANY_SIZE
    return (round(width * _POINTS_PER_UNIT), round(height * _POINTS_PER_UNIT))


def _brush(value: str) -> ColorClass:
    """Class of a color written as #RRGGBB, #AARRGGBB or sc#; a resource is looked at where it is defined."""
    found = _HEX.match(value)
    if found:
        levels = [int(pair, 16) for pair in found.groups()]
        return ColorClass.COLOR if max(levels) - min(levels) > TOLERANCE else ColorClass.MONO
    if _SCRGB.match(value):
        numbers = [float(number) for number in value[3:].split(",")][-3:]
        spread = max(numbers) - min(numbers)
        return ColorClass.COLOR if spread > TOLERANCE / 255 else ColorClass.MONO
    return ColorClass.UNKNOWN if value.startswith("ContextColor") else ColorClass.MONO
