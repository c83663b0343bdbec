# SPDX-License-Identifier: Apache-2.0
"""The slides of a presentation in Office Open XML: those that the list names and that are not hidden.

Color is read from the markup of the slide; where its layout, its master or a picture may bring more, it stays open.
"""

import re

from pagetoll.core.errors import MalformedDocument
from pagetoll.core.usage import ColorClass, Confidence
from pagetoll.languages.documents.office.markup import walk
from pagetoll.languages.documents.office.package import Package
from pagetoll.languages.documents.office.relations import related
from pagetoll.languages.documents.office.statistics import visible_color
from pagetoll.languages.parsed import Context, Parsed, Run

_COLOR = re.compile(rb'<a:(?:srgbClr|schemeClr|prstClr|sysClr)\s{1,9}val="([A-Za-z0-9]{1,30})"')
_GREY_NAMES = frozenset(
    ["tx1", "bg1", "dk1", "lt1", "phClr", "black", "white", "window", "windowText", "gray", "dkGray", "ltGray"]
)
_PICTURES = (b"<p:pic>", b"<p:pic ", b"<a:blip", b"graphicFrame", b"<p:oleObj")


def count_slides(package: Package, main_part: str, parsed: Parsed, stated: int | None, context: Context) -> Parsed:
    """Add the slides of the list in `main_part`. Raises MalformedDocument where none prints."""
    names: list[str] = []

    def on_start(element: str, attributes: dict[str, str]) -> None:
        if element == "sldId" and len(names) <= context.limits.input_pages:
            names.append(attributes.get("id", ""))

    walk(package.chunks(main_part), on_start, offset=package.offset(main_part))
    slides = related(package, main_part, "/slide")
    hidden, colors = 0, []
    backgrounds: dict[str, ColorClass] = {}
    for slide in slides[: len(names)]:
        content = package.read(slide)
        if _is_hidden(content):
            hidden += 1
        else:
            colors.append(_color(package, slide, content, backgrounds))
    pages = len(names) - hidden
    if pages <= 0:
        raise MalformedDocument("the presentation has no slide that prints", package.offset(main_part))
    parsed.confidence = Confidence.DECLARED
    if stated is not None and stated != len(names):
        parsed.note("declared_mismatch", package.end)
    # Relationships need not stand in the order of the list: what differs cannot be told apart.
    if len(colors) != pages or (len(set(colors)) > 1 and not _in_order(slides)):
        parsed.add(Run(pages, color=ColorClass.UNKNOWN))
        return parsed
    for color in colors:
        parsed.add(Run(color=color))
    return parsed


def _in_order(slides: list[str]) -> bool:
    """Whether the parts are numbered as they are listed."""
    numbers = [int(digits) if (digits := re.sub(r"\D", "", slide)[:9]) else 0 for slide in slides]
    return numbers == sorted(numbers)


def _is_hidden(content: bytes) -> bool:
    """By an attribute of the root element."""
    begin = content.find(b":sld")
    root = content[begin : content.find(b">", max(0, begin)) + 1]
    return any(mark in root for mark in (b'show="0"', b'show="false"', b"show='0'"))


def _color(package: Package, slide: str, content: bytes, backgrounds: dict[str, ColorClass]) -> ColorClass:
    if _is_colored(content):
        return ColorClass.COLOR
    if any(mark in content for mark in _PICTURES):
        return ColorClass.UNKNOWN
    for layout in related(package, slide, "/slidelayout")[:1]:
        if layout not in backgrounds:
            backgrounds[layout] = _background(package, layout)
        return backgrounds[layout]
    return ColorClass.UNKNOWN


def _background(package: Package, layout: str) -> ColorClass:
    """MONO where neither the layout nor its master can bring color, else UNKNOWN."""
    for part in (layout, *related(package, layout, "/slidemaster")[:1]):
        content = package.read(part)
        if _is_colored(content) or any(mark in content for mark in _PICTURES):
            return ColorClass.UNKNOWN
    return ColorClass.MONO


def _is_colored(content: bytes) -> bool:
    for found in _COLOR.finditer(content):
        value = found[1].decode("ascii")
        if visible_color(value) or (len(value) != 6 and value not in _GREY_NAMES):
            return True
    return False
