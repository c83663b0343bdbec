# SPDX-License-Identifier: Apache-2.0
"""The structuring comments of a PostScript document, believed only where a print filter wrote all of it.

Adobe Document Structuring Conventions 3.0, and the comments of the CUPS filters for what is none of the
printer's listed features. Copies and sides are taken from the feature blocks that hold the code, not from
remarks alone. The answer is None as soon as anything does not fit together.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pagetoll.core.usage import Duplex

if TYPE_CHECKING:
    from pagetoll.languages.parsed import Buffer

_COMMENT = re.compile(rb"(?:^|(?<=[\r\n]))%(?:%|RBI)([A-Za-z]+)(:?)[ \t]*([^\r\n]{0,255})")
_DATA_SIZE = re.compile(rb"(\d{1,12})(?:[ \t]+(\w+))?(?:[ \t]+(\w+))?")
_NUMBER = re.compile(rb"\d{1,9}")
_DUPLEX_CODE = re.compile(rb"/Duplex[ \t\r\n]+(true|false)")
_TUMBLE_CODE = re.compile(rb"/Tumble[ \t\r\n]+true")
_COPIES_CODE = re.compile(rb"/NumCopies[ \t\r\n]+(\d{1,9})")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_POPPLER_TWO_SIDED = re.compile(rb"(?:^|(?<=[\r\n]))true pdfSetup(?=[\r\n])")

_NESTING = {
    b"BeginDocument": b"EndDocument",
    b"BeginResource": b"EndResource",
    b"BeginProcSet": b"EndProcSet",
    b"BeginFont": b"EndFont",
    b"BeginFile": b"EndFile",
}
_CLOSING = frozenset(_NESTING.values())
_FEATURE_OPEN = frozenset([b"BeginFeature", b"BeginNonPPDFeature"])
_FEATURE_CLOSE = frozenset([b"EndFeature", b"EndNonPPDFeature"])
_DUPLEX_VALUES = {
    b"none": Duplex.NONE,
    b"false": Duplex.NONE,
    b"simplex": Duplex.NONE,
    b"off": Duplex.NONE,
    b"duplexnotumble": Duplex.LONG,
    b"duplextumble": Duplex.SHORT,
}


@dataclass(slots=True)
class DscScan:
    """What the comments state: ends of the pages, copies (None: not stated) and sides of the document."""

    page_ends: list[int] = field(default_factory=list)
    copies: int | None = None
    duplex: Duplex = Duplex.UNSTATED
    remarked_copies: int = 1
    stated_pages: int | None = None
    asks_two_sided: bool = False
    _feature_at: int = -1
    _feature_name: bytes = b""


def scan(data: "Buffer", start: int, end: int, most_pages: int) -> DscScan | None:
    """Read the comments of `data[start:end]`, one document written by a filter. None: not to be relied on."""
    if data[start : start + 11] != b"%!PS-Adobe-":
        return None
    found = DscScan()
    nesting: list[bytes] = []
    page_starts: list[int] = []
    position = start
    while True:
        comment = _COMMENT.search(data, position, end)
        if comment is None:
            break
        position = comment.end()
        name, value = comment[1], comment[3]
        if name in (b"BeginData", b"BeginBinary"):
            skipped = _skip_data(data, position, end, name, value)
            if skipped is None:
                return None
            position = skipped
        elif name in _NESTING:
            nesting.append(_NESTING[name])
        elif name in _CLOSING:
            if not nesting or nesting.pop() != name:
                return None
        elif not nesting and name == b"Page" and comment[2]:
            page_starts.append(comment.start())
        elif not nesting and not _note(found, data, comment, bool(page_starts)):
            return None
    if len(page_starts) > most_pages:
        return None
    return _finished(found, page_starts, nesting, data, start, end)


def _finished(
    found: DscScan, page_starts: list[int], nesting: list[bytes], data: "Buffer", start: int, end: int
) -> DscScan | None:
    if nesting or found.stated_pages != len(page_starts) or not page_starts:
        return None
    if found.remarked_copies != (found.copies or 1):
        return None
    asks = found.asks_two_sided or _POPPLER_TWO_SIDED.search(data, start, page_starts[0])
    if asks and found.duplex is Duplex.UNSTATED:
        return None
    found.page_ends = [*page_starts[1:], end]
    return found


def _note(found: DscScan, data: "Buffer", comment: re.Match[bytes], in_pages: bool) -> bool:
    """Keep what a comment outside nested parts says. False: the document asks for something unforeseen."""
    name, value = comment[1], comment[3]
    if name == b"Pages":
        number = _NUMBER.match(value)
        if number:
            found.stated_pages = int(number[0])
    elif name == b"NumCopies":
        number = _NUMBER.match(value)
        found.remarked_copies = int(number[0]) if number else -1
    elif name == b"Requirements":
        found.asks_two_sided = b"duplex" in value
    elif name in _FEATURE_OPEN:
        found._feature_at, found._feature_name = comment.end(), value
    elif name in _FEATURE_CLOSE and found._feature_at >= 0:
        body = bytes(data[found._feature_at : comment.start()])[:4096]
        found._feature_at = -1
        return _feature(found, found._feature_name, body, in_pages)
    return True


def _feature(found: DscScan, label: bytes, body: bytes, in_pages: bool) -> bool:
    words = label.lstrip(b"*").split()
    keyword = words[0].lower() if words else b""
    value = words[1].lower() if len(words) > 1 else b""
    duplex = _DUPLEX_CODE.search(body)
    copies_code = _COPIES_CODE.search(body)
    is_duplex, is_copies = keyword == b"duplex" or duplex is not None, keyword == b"numcopies"
    if in_pages and (is_duplex or is_copies or copies_code):
        return False
    if is_copies:
        if not value.isdigit():
            return False
        found.copies = int(value)
    elif copies_code:
        found.copies = int(copies_code[1])
    if duplex is not None:
        tumble = Duplex.SHORT if _TUMBLE_CODE.search(body) else Duplex.LONG
        found.duplex = tumble if duplex[1] == b"true" else Duplex.NONE
    elif keyword == b"duplex":
        if value not in _DUPLEX_VALUES:
            return False
        found.duplex = _DUPLEX_VALUES[value]
    return True


def _skip_data(data: "Buffer", position: int, end: int, name: bytes, value: bytes) -> int | None:
    """Where the data announced by BeginData or BeginBinary ends; None when it cannot."""
    size = _DATA_SIZE.match(value)
    if size is None:
        return None
    line_end = _LINE_END.search(data, position, end)
    if line_end is None:
        return None
    amount, position = int(size[1]), line_end.end()
    if name == b"BeginData" and size[3] and size[3].lower() == b"lines":
        for _line in range(amount):
            line_end = _LINE_END.search(data, position, end)
            if line_end is None:
                return None
            position = line_end.end()
        return position
    return position + amount if position + amount <= end else None
